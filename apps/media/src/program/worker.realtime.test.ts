import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { newId } from "@trax/foundation/ids";
import { type Child, tempDirectory, waitFor } from "@trax/peers";
import { goodToken, startTestRouter, testPassword, type TestRouter } from "../mediamtx/test-router.ts";
import type { ProgramSpec } from "./protocol.ts";
import { startColorPublisher } from "./testing/color-publisher.ts";
import { meanColors, probeProgram, type Rgb } from "./testing/decoded.ts";
import {
  colorScene,
  ingest,
  programSpec,
  type ProgramWatch,
  solo,
  startProgramWorker,
  type TestProgramWorker,
  watchProgram,
} from "./testing/program-worker.ts";

let it: TestRouter;
let directory: Awaited<ReturnType<typeof tempDirectory>>;
const publishers: Child[] = [];

before(async () => {
  [it, directory] = await Promise.all([startTestRouter(), tempDirectory("program")]);
});
after(async () => {
  await Promise.all(publishers.map((publisher) => publisher.stop()));
  await it.stop();
  await directory.remove();
});

type Camera = { readonly sourceId: string; readonly url: string; readonly start: () => Promise<Child> };

function camera(color: string): Camera {
  const sourceId = newId("source");
  const base = it.rtmpUrl(goodToken).replace(/\/in\/.*$/u, `/in/${sourceId}`);
  return {
    sourceId,
    url: `${base}?user=internal&pass=${testPassword.reveal()}`,
    start: async () => {
      const publisher = await startColorPublisher(`${base}?token=${goodToken}`, color);
      publishers.push(publisher);
      return publisher;
    },
  };
}

async function withWorker(
  run: (worker: TestProgramWorker, spec: (change: Partial<ProgramSpec>) => ProgramSpec) => Promise<void>,
): Promise<void> {
  const linkPath = join(directory.path, newId("studio").slice(-8));
  const worker = await startProgramWorker();
  try {
    await run(worker, (change) => programSpec(linkPath, change));
  } catch (error) {
    throw new Error(`the worker said: ${worker.output()}`, { cause: error });
  } finally {
    await worker.stop();
  }
}

const frames = (watch: ProgramWatch) =>
  watch.messages.filter((message) => message.kind === "video" && !message.configuration);

/**
 * Every frame of a program of 30 a second is there, each at its time, and
 * keyframes every two seconds. On a machine that could not keep up frames are
 * missing, and then the worker has said so.
 */
function assertCadence(watch: ProgramWatch, worker: TestProgramWorker): void {
  const video = frames(watch);
  const keptUp = worker.reports.every(
    (report) => report.type !== "gauges" || (report.gauges.skippedFrames === 0 && !report.gauges.preset.endsWith("/2")),
  );
  let frame = Math.round(((video[0]?.timestamp ?? 0) * 30) / 1_000) - 1;
  for (const { timestamp, keyframe } of video) {
    const last = frame;
    frame = keptUp ? frame + 1 : Math.round((timestamp * 30) / 1_000);
    assert.equal(timestamp, Math.round((frame * 1_000) / 30), `frame ${frame}`);
    assert.equal(keyframe, Math.floor(frame / 60) > Math.floor(last / 60) || frame % 60 === 0, `frame ${frame}`);
  }
  for (const kind of ["video", "audio"] as const) {
    const times = watch.messages.filter((message) => message.kind === kind).map((message) => message.timestamp);
    assert.deepEqual(
      times,
      times.toSorted((a, b) => a - b),
    );
  }
}

const isRed = ([red, green, blue]: Rgb): boolean => red > 200 && green < 50 && blue < 50;
const isBlue = ([red, green, blue]: Rgb): boolean => red < 50 && green < 50 && blue > 200;

test("a program is what platforms want, is cut and faded on the frame, and can be watched beside", async () => {
  const [red, blue] = [camera("#ff0000"), camera("#0000ff")];
  const [studioId, sources] = [newId("studio"), [ingest(red.sourceId, red.url), ingest(blue.sourceId, blue.url)]];
  const scene = (which: Camera) => ({ sceneId: which.sourceId, content: solo(which.sourceId) });
  await Promise.all([red.start(), blue.start()]);
  await withWorker(async (worker, spec) => {
    const urls = ["", "/rtc"].map((end) => it.router.rtspUrl(`program/${studioId}${end}`));
    const base = {
      studioId,
      sources,
      scene: scene(red),
      publish: { program: urls[0] ?? "", rtc: urls[1] ?? "" },
      preview: { content: solo(blue.sourceId), rtc: it.router.rtspUrl(`preview/${studioId}/rtc`) },
      meters: true,
    };
    const first = spec(base);
    worker.tell({ type: "program", spec: first });
    await waitFor("the red one is on", () => worker.last("slate")?.onSlate === false);
    await waitFor("both flow", () =>
      sources.every(({ sourceId }) =>
        worker.reports.some(
          (report) =>
            report.type === "source" && report.sourceId === sourceId && report.flowing && report.video?.width === 320,
        ),
      ),
    );
    assert.equal(worker.last("shown")?.take, 1);
    const watch = watchProgram(first.linkPath);
    await waitFor("a keyframe group", () => frames(watch).length > 75);

    worker.tell({ type: "program", spec: { ...first, scene: scene(blue), take: { ...first.take, number: 2 } } });
    const cut = await waitFor("the cut is shown", () => worker.last("shown")?.take === 2 && worker.last("shown"));
    assert.equal(cut.sceneId, blue.sourceId);
    const cutAt = frames(watch).length;
    await waitFor("half a second of it", () => frames(watch).length > cutAt + 15);
    worker.tell({
      type: "program",
      spec: { ...first, scene: scene(red), take: { number: 3, transition: "fade", durationMs: 500 } },
    });
    await waitFor("the fade is shown", () => worker.last("shown")?.take === 3);
    const fadeAt = frames(watch).length;
    await waitFor("all of it", () => frames(watch).length > fadeAt + 30);

    for (const [name, audio] of [
      [`program/${studioId}`, "aac"],
      [`program/${studioId}/rtc`, "opus"],
      [`preview/${studioId}/rtc`, "opus"],
    ] as const) {
      const path = await waitFor(`${name} is online`, async () => {
        const found = await it.router.api.path(name);
        return found?.online === true && found.video !== null && found.audio !== null && found;
      });
      assert.equal(path.audio?.codec, audio);
      assert.deepEqual([path.video?.width, path.video?.height], name.startsWith("preview") ? [160, 90] : [320, 180]);
    }

    for (const [id, of] of [null, blue.sourceId, "src_unknown"].entries()) {
      worker.tell({ type: "snapshot", id, of });
      const answer = await waitFor("a picture", () => worker.last("snapshot")?.id === id && worker.last("snapshot"));
      assert.equal(answer.jpeg === null, of === "src_unknown");
      if (answer.jpeg !== null) assert.equal(Buffer.from(answer.jpeg, "base64").readUInt16BE(0), 0xffd8);
    }
    const { gauges } = await waitFor("gauges", () => worker.last("gauges"));
    assert.deepEqual(
      gauges.sources.map((source) => [source.sourceId, source.lastFrameAt !== null]),
      sources.map(({ sourceId }) => [sourceId, true]),
    );
    const meters = await waitFor("meters", () => worker.last("meters"));
    assert.ok(meters.program.peak > -40, JSON.stringify(meters));
    watch.close();
    worker.tell({ type: "stop" });
    assert.equal(await worker.exited, 0);

    assertCadence(watch, worker);
    const decoded = await meanColors(watch.messages);
    assert.equal(decoded.length, frames(watch).length);
    // It may begin with the slate, from before the red one was there.
    const colors = decoded.slice(decoded.findIndex(isRed));
    const firstBlue = colors.findIndex((color) => !isRed(color));
    assert.ok(firstBlue > 0 && colors.slice(0, firstBlue).every(isRed), "red up to the cut");
    assert.ok(isBlue(colors[firstBlue] ?? [0, 0, 0]), "blue from its frame on");
    const fadeFrom = colors.findIndex((color, index) => index > firstBlue && !isBlue(color));
    const fadeTo = colors.findIndex((color, index) => index > fadeFrom && isRed(color));
    assert.ok(fadeTo - fadeFrom >= 9 && fadeTo - fadeFrom <= 15, `${fadeTo - fadeFrom} frames between blue and red`);
    for (let index = fadeFrom; index < fadeTo; index += 1)
      assert.ok((colors[index]?.[0] ?? 0) >= (colors[index - 1]?.[0] ?? 0), "redder with each frame");
    assert.ok(colors.slice(fadeTo).every(isRed), "red after the fade");

    const { stream, pictureTypes } = await probeProgram(watch.messages);
    assert.deepEqual(
      [stream["codec_name"], stream["profile"], stream["pix_fmt"], stream["has_b_frames"]],
      ["h264", "High", "yuv420p", 0],
    );
    assert.deepEqual(
      [stream["width"], stream["height"], stream["r_frame_rate"], stream["level"]],
      [320, 180, "30/1", 30],
    );
    assert.deepEqual(
      ["color_range", "color_space", "color_transfer", "color_primaries"].map((name) => stream[name]),
      ["tv", "bt709", "bt709", "bt709"],
    );
    assert.match(pictureTypes, /^(IP{59})*IP*$/u);
  });
});

test("when its source is gone the slate is on, and the source is back by itself; a fallback stands in before", async () => {
  const [red, blue] = [camera("#ff0000"), camera("#0000ff")];
  const unsteady = await red.start();
  await blue.start();
  await withWorker(async (worker, spec) => {
    const sources = [ingest(red.sourceId, red.url), ingest(blue.sourceId, blue.url)];
    const scene = { sceneId: "scn_a", content: solo(red.sourceId) };
    const first = spec({ sources, scene, slate: { assetId: null, text: "Back soon", color: "#00ff00" } });
    const slates = () => worker.reports.flatMap((report) => (report.type === "slate" ? [report.onSlate] : []));
    worker.tell({ type: "program", spec: first });
    await waitFor("the red one is on", () => slates().at(-1) === false);
    const watch = watchProgram(first.linkPath);
    await waitFor("it is watched", () => frames(watch).length > 15);

    unsteady.signal("SIGSTOP");
    await waitFor("it is silent", () => slates().at(-1) === true);
    unsteady.signal("SIGCONT");
    await waitFor("it is back", () => slates().at(-1) === false);
    await unsteady.stop();
    await waitFor("it is gone", () => slates().at(-1) === true);
    const slateAt = frames(watch).length;
    await waitFor("the slate is seen", () => frames(watch).length > slateAt + 10);

    const flows = (sourceId: string): boolean => {
      const reports = worker.reports.flatMap((report) => (report.type === "source" ? [report] : []));
      return reports.findLast((report) => report.sourceId === sourceId)?.flowing === true;
    };
    await waitFor("the fallback flows, and the red one does not", () => flows(blue.sourceId) && !flows(red.sourceId));
    worker.tell({ type: "program", spec: { ...first, fallbackSourceIds: [red.sourceId, blue.sourceId] } });
    await waitFor("the fallback is on", () => slates().at(-1) === false);
    const fallbackAt = frames(watch).length;
    await waitFor("it is seen", () => frames(watch).length > fallbackAt + 10);
    await red.start();
    await waitFor("the red one flows", () => flows(red.sourceId));
    const backAt = frames(watch).length;
    await waitFor("it is seen", () => frames(watch).length > backAt + 45);
    watch.close();
    worker.tell({ type: "stop" });
    assert.equal(await worker.exited, 0);

    assertCadence(watch, worker);
    const colors = await meanColors(watch.messages, "32:18:0:0");
    const isGreen = ([r, g, b]: Rgb): boolean => r < 50 && g > 200 && b < 50;
    const seen = colors
      .map((color) => (isRed(color) ? "r" : isBlue(color) ? "b" : isGreen(color) ? "g" : "?"))
      .join("");
    assert.match(seen, /^g*r+g+r+g+b+r+$/u);
    assert.equal(worker.reports.filter((report) => report.type === "shown").length, 1);
  });
});

test("a scene without sources is no slate, an automatic one without any is, and without its agent a worker ends", async () => {
  await withWorker(async (worker, spec) => {
    const content = colorScene("#0000ff");
    const first = spec({ scene: { sceneId: "scn_blue", content } });
    worker.tell({ type: "program", spec: first });
    await waitFor("it is on", () => worker.last("slate")?.onSlate === false);
    const watch = watchProgram(first.linkPath);
    await waitFor("it is seen", () => frames(watch).length > 10);
    assert.ok((await meanColors(watch.messages)).every(isBlue));
    worker.tell({ type: "program", spec: { ...first, scene: null, take: { ...first.take, number: 2 } } });
    await waitFor("the automatic scene is on", () => worker.last("shown")?.take === 2);
    assert.equal(worker.last("slate")?.onSlate, true);
    assert.equal(worker.last("shown")?.sceneId, null);
    assert.ok(Number(await readFile(`/proc/${worker.pid}/oom_score_adj`, "utf8")) >= 500, "first to go without memory");
    watch.close();
    worker.disconnect();
    assert.equal(await worker.exited, 0);
  });
});
