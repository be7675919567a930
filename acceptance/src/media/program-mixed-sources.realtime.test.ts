import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { TestContext } from "node:test";
import { startNginxRtmp } from "@trax/peers";
import { contained, fullCanvas, readPicture, readSound, soundBehindPicture } from "@trax/peers/counted/reading";
import type { ReadFrame } from "@trax/peers/counted/reading";
import { toneDb, toneLevelDb } from "@trax/peers/counted/tone";
import { canvas, forFrames, openComposedShow, sourceLayer } from "./composed-show.ts";
import { assertCadence, assertSteady, median } from "./counted-program.ts";
import { fileOwned } from "./owned.ts";

// Sources that have nothing in common, in one program.

const nginx = fileOwned(() => startNginxRtmp());
const aspect = canvas.width / canvas.height;

const boxes = {
  portrait: { x: 0, y: 0, width: 0.25, height: 1 },
  fast: { x: 0.25, y: 0, width: 0.75, height: 0.5 },
  silent: { x: 0.25, y: 0.5, width: 0.375, height: 0.5 },
  late: { x: 0.625, y: 0.5, width: 0.375, height: 0.5 },
} as const;
type Name = keyof typeof boxes;

const regions = {
  portrait: contained(boxes.portrait, aspect, 9 / 16),
  fast: contained(boxes.fast, aspect, 16 / 9),
  silent: contained(boxes.silent, aspect, 4 / 3),
  late: contained(boxes.late, aspect, 16 / 9),
};

const three = ["portrait", "fast", "silent"] as const;

function isTogether({ seen }: ReadFrame<Name>, names: readonly Name[]): boolean {
  return names.every((name) => seen[name].counted !== null);
}

/** The frames in which all of them are seen. */
function together(frames: readonly ReadFrame<Name>[], names: readonly Name[]): readonly ReadFrame<Name>[] {
  return frames.filter((frame) => isTogether(frame, names));
}

/** How far a source's sound is behind its picture where it fills the canvas: within the promise throughout. */
async function assertInStep(
  context: TestContext,
  file: string,
  cameras: readonly { readonly source: number; readonly frameRate: number }[],
): Promise<void> {
  const frames = (await readPicture(file, { all: fullCanvas })).map(({ ms, seen }) => ({
    ms,
    counted: seen.all.counted,
  }));
  const sound = await readSound(file);
  for (const { source, frameRate } of cameras) {
    const offsets = soundBehindPicture(frames, sound, source, frameRate);
    context.diagnostic(`source ${source}: sound behind picture by ${offsets.map((ms) => ms.toFixed(0)).join(", ")} ms`);
    assert.ok(offsets.length >= 2, `source ${source} is heard and seen`);
    assert.ok(Math.abs(median(offsets)) <= 40, `source ${source}: ${offsets.join(", ")} ms`);
  }
}

describe("sources that have nothing in common", () => {
  test("portrait with B-frames, fast, without sound, without picture, and late: side by side, each in its own time", async (context) => {
    const live = await openComposedShow(context, await nginx(), {
      program: { ...canvas, videoBitrate: 2_000_000 },
    });
    const portrait = await live.camera({
      source: 2,
      size: "180x320",
      frameRate: "25",
      bFrames: 2,
      sampleRate: 44_100,
      channels: 1,
    });
    const fast = await live.camera({ source: 7, frameRate: "50", keyframeEvery: 50 }, "srt");
    const silent = await live.camera({ source: 10, size: "320x240", frameRate: "30000/1001", audio: false });
    const unseen = await live.camera({ source: 13, video: false }, "srt");
    const late = await live.addCamera({ source: 4 });
    const cameras = { portrait, fast, silent, late };
    const layers = Object.entries(boxes).map(([name, box]) =>
      sourceLayer(cameras[name === "portrait" || name === "fast" || name === "silent" ? name : "late"].sourceId, box),
    );
    await live.beginWith(await live.scene({ layers, audioFollowsVideo: false }));
    await live.goLive();
    await forFrames(fast, 150);
    await late.publish();
    await forFrames(late, 150);
    const file = await live.finish();

    const frames = await readPicture(file, regions);
    assertCadence(frames);
    const first = frames.findIndex((frame) => isTogether(frame, three));
    const before = together(frames, three);
    const due = frames.length - first;
    assert.ok(first < 75 && before.length > 0.95 * due, `${before.length} of ${due} frames show three at least`);
    const all = together(frames, [...three, "late"]);
    assert.ok(all.length > 60, `${all.length} frames show all four`);
    const expected = {
      portrait: [2, 25 / 30],
      fast: [7, 50 / 30],
      silent: [10, 30 / 1.001 / 30],
      late: [4, 1],
    } as const;
    for (const [name, [source, perFrame]] of [
      ["portrait", expected.portrait],
      ["fast", expected.fast],
      ["silent", expected.silent],
      ["late", expected.late],
    ] as const) {
      const seen = (name === "late" ? all.slice(15) : before.slice(60)).map((frame) => frame.seen[name].counted);
      assert.ok(
        seen.every((one) => one?.source === source),
        name,
      );
      assertSteady(seen, perFrame);
    }
    const sound = await readSound(file);
    const [from, to] = [frames.at(-75)?.ms ?? 0, frames.at(-15)?.ms ?? 0];
    for (const [source, loss] of [
      [2, 3],
      [7, 0],
      [13, 0],
      [4, 0],
    ] as const) {
      const level = toneDb(sound, source, from, to);
      assert.ok(Math.abs(level - toneLevelDb) <= 2 + loss, `source ${source} is heard at ${level} dB`);
    }
    assert.ok(toneDb(sound, 10, from, to) < -50);
    assert.equal(unseen.publisher().hasExited(), false);
  });

  test("sound and picture of each stay within 40 ms of how they were sent", async (context) => {
    const live = await openComposedShow(context, await nginx());
    const cameras = [
      await live.camera({ source: 2, size: "180x320", frameRate: "25", bFrames: 2, sampleRate: 44_100, channels: 1 }),
      await live.camera({ source: 7, frameRate: "50", keyframeEvery: 50 }, "srt"),
      await live.camera({ source: 10, frameRate: "30000/1001", bFrames: 1 }, "srt"),
      await live.camera({ source: 4 }),
    ];
    const scenes: string[] = [];
    for (const { sourceId } of cameras)
      scenes.push(await live.scene({ layers: [sourceLayer(sourceId, { fit: "fill" })] }));
    await live.beginWith(scenes[0] ?? "");
    await live.goLive();
    for (const [index, scene] of scenes.entries()) {
      if (index > 0) await live.take(scene);
      await forFrames(cameras[3] ?? cameras[0] ?? assert.fail("no camera"), 150);
    }
    await assertInStep(context, await live.finish(), [
      { source: 2, frameRate: 25 },
      { source: 7, frameRate: 50 },
      { source: 10, frameRate: 30 / 1.001 },
      { source: 4, frameRate: 30 },
    ]);
  });
});
