import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { TestContext } from "node:test";
import { startNginxRtmp } from "@trax/peers";
import { readSound } from "@trax/peers/counted/reading";
import { toneDb } from "@trax/peers/counted/tone";
import { forFrames, openComposedShow } from "./composed-show.ts";
import type { Camera, ComposedShow } from "./composed-show.ts";
import { assertSteady, readProgram, runsOf, sourcesOf } from "./counted-program.ts";
import type { Run } from "./counted-program.ts";
import { eventually } from "./eventually.ts";
import { assertEachChangeOnce, followEvents } from "./event-log.ts";
import { fileOwned } from "./owned.ts";
import { assertWholeRecording } from "./received.ts";

// A source that is gone and comes back, as a destination sees it: the last picture, the slate, the source again.

const nginx = fileOwned(() => startNginxRtmp());
/** 50 in the soak that is run apart: `TRAX_LOSSES=50`. */
const losses = Number(process.env["TRAX_LOSSES"] ?? 5);
/** From the connection's end; the rest is what a busy machine adds. */
const slateWithinMs = 300 + 500;

/** A publisher that begins anew is asked for its formats, and shown from a keyframe on: one a second. */
const returnsWith = 150;

async function untilSlate({ show }: ComposedShow, onSlate: boolean): Promise<void> {
  await show.until(`on slate: ${onSlate}`, (status) => status.program.onSlate === onSlate);
}

/** How long the last picture of a run was held: it came, and came again until the slate. */
function heldMs({ frames }: Run): number {
  const last = frames.at(-1);
  const since = frames.find(({ counted }) => counted?.frame === last?.counted?.frame);
  return (last?.ms ?? 0) - (since?.ms ?? 0);
}

async function loseAndReturn(live: ComposedShow, camera: Camera, how: NodeJS.Signals): Promise<void> {
  const publisher = camera.publisher();
  publisher.signal(how);
  await untilSlate(live, true);
  await publisher.stop();
  await eventually(
    "the source is offline",
    () => live.show.source(camera.sourceId),
    ({ status }) => status === "offline",
  );
  await camera.publish();
  await untilSlate(live, false);
  await forFrames(camera, 30);
}

async function onAir(context: TestContext): Promise<readonly [ComposedShow, Camera]> {
  const live = await openComposedShow(context, await nginx(), { slate: { color: "#808080" } });
  const camera = await live.camera({ source: 5 });
  await live.goLive();
  await forFrames(camera, 45);
  return [live, camera];
}

describe("a source of a composed program that is lost", { concurrency: 2 }, () => {
  test(`${losses} times by a crash: the slate is on soon, the source is back by itself, and no destination notices`, async (context) => {
    const [live, camera] = await onAir(context);
    const log = await followEvents(live.show.account, live.show.studioId);
    context.after(log.close);
    for (let count = 0; count < losses; count++) await loseAndReturn(live, camera, "SIGKILL");
    const file = await live.finish();
    await assertWholeRecording(file, { frames: 45 + 30 * losses });
    const frames = await readProgram(file);

    const runs = runsOf(frames);
    const expected = Array.from({ length: 2 * losses + 1 }, (_, index) => (index % 2 === 0 ? 5 : null));
    assert.deepEqual(sourcesOf(runs), expected, "the source and the slate in turn, nothing between");
    const shown = runs.filter(({ source }) => source === 5);
    const held = shown.slice(0, -1).map(heldMs);
    context.diagnostic(`the last picture was held for ${held.map((ms) => ms.toFixed(0)).join(", ")} ms`);
    for (const ms of held) assert.ok(ms <= slateWithinMs, `held for ${ms} ms`);
    for (const run of shown) {
      const last = run.frames.at(-1)?.counted?.frame;
      const moving = run.frames.filter(({ counted }) => counted?.frame !== last);
      assertSteady(moving.map(({ counted }) => counted));
    }
    const returns = shown.slice(1).map((run) => run.frames[0]?.counted?.frame ?? Number.NaN);
    context.diagnostic(`it is seen again from its picture ${returns.join(", ")} on`);
    for (const first of returns) assert.ok(first <= returnsWith, `it returns with picture ${first}`);

    const sound = await readSound(file);
    const slates = runs.filter(({ source }) => source === null);
    for (const { frames: still } of slates) {
      const [from, to] = [(still[0]?.ms ?? 0) + 500, (still.at(-1)?.ms ?? 0) - 200];
      if (to - from > 200) assert.ok(toneDb(sound, 5, from, to) < -60, "silence beside the slate");
    }
    assertEachChangeOnce(log.events);
    const slateEvents = log.events.filter(({ type }) => type === "program.slate");
    assert.equal(slateEvents.length, 2 * losses, "each change is told");
  });

  test("by falling silent with its connection open", async (context) => {
    const [live, camera] = await onAir(context);
    await loseAndReturn(live, camera, "SIGSTOP");
    const frames = await readProgram(await live.finish());
    assert.deepEqual(sourcesOf(runsOf(frames)), [5, null, 5]);
  });

  test("where others are to stand in for it, they do before the slate", async (context) => {
    const live = await openComposedShow(context, await nginx(), { slate: { color: "#808080" } });
    const [main, backup] = [await live.camera({ source: 5 }), await live.camera({ source: 9 })];
    await live.show.setStudio({ program: { fallbackSourceIds: [backup.sourceId] } });
    await live.beginWith(await live.scene({ preset: "solo", slots: [{ sourceId: main.sourceId }] }));
    await live.goLive();
    await forFrames(main, 40);
    await main.publisher().stop();
    await forFrames(backup, 60);
    await main.publish();
    await forFrames(main, 60);
    const frames = await readProgram(await live.finish());
    // Whichever of them has a picture first is seen before the other.
    assert.deepEqual(sourcesOf(runsOf(frames)).slice(-3), [5, 9, 5]);
  });
});
