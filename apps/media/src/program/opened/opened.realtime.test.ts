import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { waitFor } from "@trax/peers";
import { fullCanvas, readPicture } from "@trax/peers/counted/reading";
import { withFile } from "../testing/decoded.ts";
import {
  fails,
  flows,
  type OpenedMedia,
  seen,
  source,
  startOpenedMedia,
  withOpenedWorker,
} from "../testing/opened-media.ts";
import { type ProgramWatch, solo, watchProgram } from "../testing/program-worker.ts";

let media: OpenedMedia;

before(async () => {
  media = await startOpenedMedia();
});
after(() => media.stop());

const frames = (watch: ProgramWatch) =>
  watch.messages.filter((message) => message.kind === "video" && !message.configuration);

test("a clip is looped without a gap, images stay, and what is played once is gone then", async () => {
  await withOpenedWorker(media, async (worker, spec) => {
    const clip = `${media.server.url}/clip.mp4`;
    const sources = [
      source("clip", "media", clip),
      source("once", "media", clip, false),
      source("image", "media", `${media.server.url}/red.png`),
      source("list", "media", [`${media.server.url}/red.png`, clip].join("\n")),
      source("none", "media", `${media.server.url}/none.mp4`),
    ];
    worker.tell({
      type: "program",
      spec: { ...spec, sources, meters: true, scene: { sceneId: "scn_a", content: solo("clip") } },
    });
    await waitFor("the clip is on", () => worker.last("slate")?.onSlate === false);
    const watch = watchProgram(spec.linkPath);
    const { video, audio } = await flows(worker, "clip");
    assert.deepEqual(video, { codec: "h264", width: 320, height: 180, frameRate: 30 });
    assert.deepEqual(audio?.codec, "aac");
    const image = await flows(worker, "image");
    assert.deepEqual([image.video?.codec, image.video?.frameRate, image.audio], ["other", null, null]);
    await flows(worker, "list");
    assert.equal(await fails(worker, "none"), "not_found");
    await waitFor("it has been played once", () => {
      const report = seen(worker, "once");
      return report?.flowing === false && report.video !== null;
    });
    assert.equal(seen(worker, "once")?.error, null);
    await waitFor("two loops and more", () => frames(watch).length > 230);
    const meters = worker.last("meters");
    assert.ok((meters?.program.peak ?? -100) > -30, JSON.stringify(meters));
    watch.close();
    assert.equal(seen(worker, "image")?.flowing, true);

    // A new address of a source is another picture at once.
    const later = sources.map((one) =>
      one.sourceId === "clip" ? { ...one, revision: 2, url: `${media.server.url}/red.png` } : one,
    );
    worker.tell({ type: "program", spec: { ...spec, sources: later, scene: { sceneId: "a", content: solo("clip") } } });
    await waitFor("the clip is an image", () => seen(worker, "clip")?.video?.codec === "other");
    worker.tell({ type: "stop" });
    assert.equal(await worker.exited, 0);

    assertRunsThrough(await withFile(watch.messages, (file) => readPicture(file, { all: fullCanvas })));
  });
});

test("a playlist goes on from one clip to the next without a pause, although its server takes its time", async () => {
  await withOpenedWorker(media, async (worker, spec) => {
    const clip = await readFile(join(media.path, "clip.mp4"));
    for (const name of ["/slow-1.mp4", "/slow-2.mp4"]) media.server.put(name, clip, 300);
    media.server.put("/list.m3u", Buffer.from("#EXTM3U\nslow-1.mp4\nslow-2.mp4\n"));
    const sources = [source("list", "media", `${media.server.url}/list.m3u`)];
    worker.tell({ type: "program", spec: { ...spec, sources, scene: { sceneId: "scn_a", content: solo("list") } } });
    await waitFor("the first is on", () => worker.last("slate")?.onSlate === false);
    const watch = watchProgram(spec.linkPath);
    await waitFor("each has been played", () => frames(watch).length > 190);
    watch.close();
    worker.tell({ type: "stop" });
    assert.equal(await worker.exited, 0);
    assertRunsThrough(await withFile(watch.messages, (file) => readPicture(file, { all: fullCanvas })));
  });
});

/** Clips of 60 frames were shown one after the other. */
function assertRunsThrough(read: Awaited<ReturnType<typeof readPicture<"all">>>): void {
  const all = read.map((frame) => frame.seen.all.counted?.frame ?? -1);
  // Before it there was the slate.
  const counted = all.slice(all.findIndex((frame) => frame >= 0));
  assert.ok(counted.length > 120, `${counted.length} frames`);
  // A busy machine may leave out or repeat one now and then; a gap at each loop would add up.
  const steps = counted.slice(1).map((frame, index) => (frame - (counted[index] ?? 0) + 60) % 60);
  assert.ok(steps.filter((step) => step === 1).length >= 0.95 * steps.length, counted.join(" "));
  const progress = steps.reduce((sum, step) => sum + step, 0);
  assert.ok(Math.abs(progress - steps.length) <= 2, `${progress} of ${steps.length}: ${counted.join(" ")}`);
}
