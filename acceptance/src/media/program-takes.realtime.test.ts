import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { startNginxRtmp } from "@trax/peers";
import { canvas, forFrames, openComposedShow } from "./composed-show.ts";
import { assertSteady, fadeAt, readProgram, runsOf, sourcesOf } from "./counted-program.ts";
import { fileOwned } from "./owned.ts";

// Scenes are taken while a destination records: which frame of which source it got is read in the frames.

const nginx = fileOwned(() => startNginxRtmp());
/** 1,000 in the soak that is run apart: `TRAX_TAKES=1000`. */
const takes = Number(process.env["TRAX_TAKES"] ?? 100);
const frameMs = 1_000 / canvas.frameRate;

describe("takes", () => {
  test(`${takes} cuts in one show: each on one frame, at its time, without a gap and without a reconnect`, async (context) => {
    const live = await openComposedShow(context, await nginx());
    const cameras = [await live.camera({ source: 3 }), await live.camera({ source: 12 }, "srt")] as const;
    const [one, other] = [
      await live.scene({ preset: "solo", slots: [{ sourceId: cameras[0].sourceId }] }),
      await live.scene({ preset: "solo", slots: [{ sourceId: cameras[1].sourceId }] }),
    ];
    await live.beginWith(one);
    await live.goLive();
    await forFrames(cameras[0], 30);
    const times: number[] = [];
    for (let count = 0; count < takes; count++) {
      times.push(await live.take(count % 2 === 0 ? other : one));
      // Not always at the same distance, nor always before a keyframe.
      await forFrames(cameras[0], 3 + (count % 5));
    }
    const frames = await readProgram(await live.finish());

    const runs = runsOf(frames);
    assert.deepEqual(
      sourcesOf(runs),
      Array.from({ length: takes + 1 }, (_, index) => (index % 2 === 0 ? 3 : 12)),
      "each take is one change, whole with its first frame",
    );
    for (const run of runs) assertSteady(run.frames.map(({ counted }) => counted));

    // The recording has a clock of its own: what it shows when, and what was told, differ by the same throughout.
    const differences = runs.slice(1).map((run, index) => (times[index] ?? 0) - (run.frames[0]?.ms ?? 0));
    const middle = differences.toSorted((a, b) => a - b)[Math.floor(takes / 2)] ?? 0;
    const off = differences.map((difference) => difference - middle);
    context.diagnostic(`told times off by ${Math.min(...off).toFixed(0)} to ${Math.max(...off).toFixed(0)} ms`);
    const astray = off.filter((ms) => Math.abs(ms) > frameMs);
    assert.deepEqual(astray, [], "each within a frame of the time that was told");
  });

  test("a fade goes one way, takes its time, and ends in the other scene", async (context) => {
    const live = await openComposedShow(context, await nginx());
    const cameras = [await live.camera({ source: 1 }), await live.camera({ source: 15 })] as const;
    const scenes = await Promise.all(
      cameras.map(({ sourceId }) => live.scene({ preset: "solo", slots: [{ sourceId }] })),
    );
    await live.beginWith(scenes[0] ?? "");
    await live.goLive();
    await forFrames(cameras[0], 20);
    await live.take(scenes[1] ?? "", 1_000);
    await forFrames(cameras[0], 60);
    await live.take(scenes[0] ?? "", 300);
    await forFrames(cameras[0], 40);
    const frames = await readProgram(await live.finish());

    const runs = runsOf(frames);
    assert.deepEqual(
      sourcesOf(runs).filter((source) => source !== null),
      [1, 15, 1],
    );
    const faded = fadeAt(frames, 1, 15);
    const middle = frames.findIndex(({ counted }) => counted?.source === 15) + 10;
    const [up, down] = [faded.slice(0, middle), faded.slice(middle).toReversed()];
    for (const [fade, durationMs] of [
      [up, 1_000],
      [down, 300],
    ] as const) {
      const seen = fade.map((part) => part.toFixed(2)).join(" ");
      assert.ok(
        fade.every((part, index) => part >= (fade[index - 1] ?? 0) - 0.02),
        `it goes one way: ${seen}`,
      );
      const between = fade.filter((part) => part > 0.03 && part < 0.97).length;
      assert.ok(Math.abs(between - durationMs / frameMs) <= 3, `${between} frames between: ${seen}`);
    }
  });
});
