import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { newId } from "@trax/foundation/ids";
import { startMediaMtxPlain, tempDirectory, waitFor, writeTestCertificate } from "@trax/peers";
import { countedArguments } from "@trax/peers/counted/publisher";
import { fullCanvas, readPicture } from "@trax/peers/counted/reading";
import type { ProgramReport, ProgramSource, ProgramSpec } from "../protocol.ts";
import { startColorPublisher } from "../testing/color-publisher.ts";
import { withFile } from "../testing/decoded.ts";
import { type FileServer, startFileServer } from "../testing/file-server.ts";
import {
  programSpec,
  type ProgramWatch,
  solo,
  startProgramWorker,
  type TestProgramWorker,
  watchProgram,
} from "../testing/program-worker.ts";

const run = promisify(execFile);
const ffmpeg = (...args: readonly string[]) => run("ffmpeg", ["-hide_banner", "-loglevel", "error", "-y", ...args]);

let directory: Awaited<ReturnType<typeof tempDirectory>>;
let server: FileServer;

before(async () => {
  [directory, server] = await Promise.all([tempDirectory("opened"), startFileServer()]);
  const at = (name: string) => join(directory.path, name);
  await ffmpeg(...countedArguments({ source: 3, seconds: 2, bFrames: 2 }), at("clip.mp4"));
  await ffmpeg("-f", "lavfi", "-i", "color=red:size=320x180", "-frames:v", "1", at("red.png"));
  const hls = "-c copy -f hls -hls_time 1 -hls_list_size 0".split(" ");
  await ffmpeg(...countedArguments({ source: 5, seconds: 6 }), at("whole.mp4"));
  await ffmpeg("-i", at("whole.mp4"), ...hls, at("live.m3u8"));
  for (const name of await readdir(directory.path)) server.put(`/${name}`, await readFile(at(name)));
  // Not ended: a live one.
  const list = await readFile(at("live.m3u8"), "utf8");
  server.put("/live.m3u8", Buffer.from(list.replace("#EXT-X-ENDLIST\n", "")));
});
after(async () => {
  await server.stop();
  await directory.remove();
});

async function withWorker(use: (worker: TestProgramWorker, spec: ProgramSpec) => Promise<void>): Promise<void> {
  const worker = await startProgramWorker();
  try {
    const linkPath = join(directory.path, newId("studio").slice(-8));
    await use(worker, programSpec(linkPath, { allowedNetworks: ["127.0.0.0/8"] }));
    assert.ok(!worker.output().includes("s3cret"));
  } catch (error) {
    const said = JSON.stringify(worker.reports.filter((report) => report.type === "source"));
    throw new Error(`the worker said: ${worker.output()} ${said}`, { cause: error });
  } finally {
    await worker.stop();
  }
}

function source(sourceId: string, kind: "media" | "pull", url: string, loop = true): ProgramSource {
  return { sourceId, revision: 1, kind, url, loop, silenceMs: 1_000 };
}

type SourceReport = Extract<ProgramReport, { type: "source" }>;

const seen = (worker: TestProgramWorker, sourceId: string): SourceReport | undefined =>
  worker.reports.filter((report) => report.type === "source").findLast((report) => report.sourceId === sourceId);

const flows = (worker: TestProgramWorker, sourceId: string) =>
  waitFor(`${sourceId} flows`, () => {
    const report = seen(worker, sourceId);
    return report?.flowing === true && report;
  });

const fails = (worker: TestProgramWorker, sourceId: string) =>
  waitFor(`${sourceId} fails`, () => seen(worker, sourceId)?.error?.code);

const frames = (watch: ProgramWatch) =>
  watch.messages.filter((message) => message.kind === "video" && !message.configuration);

test("a clip is looped without a gap, images stay, and what is played once is gone then", async () => {
  await withWorker(async (worker, spec) => {
    const clip = `${server.url}/clip.mp4`;
    const sources = [
      source("clip", "media", clip),
      source("once", "media", clip, false),
      source("image", "media", `${server.url}/red.png`),
      source("list", "media", [`${server.url}/red.png`, clip].join("\n")),
      source("none", "media", `${server.url}/none.mp4`),
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
      one.sourceId === "clip" ? { ...one, revision: 2, url: `${server.url}/red.png` } : one,
    );
    worker.tell({ type: "program", spec: { ...spec, sources: later, scene: { sceneId: "a", content: solo("clip") } } });
    await waitFor("the clip is an image", () => seen(worker, "clip")?.video?.codec === "other");
    worker.tell({ type: "stop" });
    assert.equal(await worker.exited, 0);

    assertRunsThrough(await withFile(watch.messages, (file) => readPicture(file, { all: fullCanvas })));
  });
});

test("a playlist goes on from one clip to the next without a pause, although its server takes its time", async () => {
  await withWorker(async (worker, spec) => {
    const clip = await readFile(join(directory.path, "clip.mp4"));
    for (const name of ["/slow-1.mp4", "/slow-2.mp4"]) server.put(name, clip, 300);
    server.put("/list.m3u", Buffer.from("#EXTM3U\nslow-1.mp4\nslow-2.mp4\n"));
    const sources = [source("list", "media", `${server.url}/list.m3u`)];
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

test("nothing leads to addresses that are refused, to files, or to servers that are not who they say", async () => {
  const [trusted, untrusted] = [await tempDirectory("ca"), await tempDirectory("ca")];
  const certificates = [await writeTestCertificate(trusted.path), await writeTestCertificate(untrusted.path)] as const;
  const tls = await Promise.all(
    certificates.map(async ({ keyPath, certPath }) =>
      startFileServer({ key: await readFile(keyPath, "utf8"), cert: await readFile(certPath, "utf8") }),
    ),
  );
  const clip = await readFile(join(directory.path, "clip.mp4"));
  for (const each of tls) each.put("/clip.mp4", clip);
  tls[0]?.put("/list.m3u", Buffer.from("clip.mp4\n"));
  const [good, bad] = tls;
  assert.ok(good !== undefined && bad !== undefined);
  server.put("/away.mp4", { redirect: "http://10.0.0.1/clip.mp4" });
  server.put("/away-tls.mp4", { redirect: "https://[::1]/clip.mp4" });
  server.put("/secure.mp4", { redirect: `${good.url}/clip.mp4` });
  const list = (segment: string) =>
    Buffer.from(`#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n${segment}\n`);
  const file = join(directory.path, "live0.ts");
  server.put("/file.m3u8", list(`file://${file}`));
  server.put("/concat.m3u8", list(`concat:${file}|${file}`));
  server.put("/inner.m3u8", list("http://10.0.0.1/live0.ts"));
  server.put("/garbage.mp4", Buffer.alloc(200_000, "garbage"));
  const rtsp = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.once("data", () => {
      socket.write(`RTSP/1.0 302 Found\r\nCSeq: 1\r\nLocation: rtsp://127.0.0.1:${portOf(inner)}/cam\r\n\r\n`);
    });
  });
  let reachedInner = false;
  const inner = createServer((socket) => {
    reachedInner = true;
    socket.destroy();
  });
  for (const each of [rtsp, inner]) {
    const { promise, resolve } = Promise.withResolvers<void>();
    each.listen(0, "127.0.0.1", resolve);
    await promise;
  }
  const trustedBefore = process.env["NODE_EXTRA_CA_CERTS"];
  process.env["NODE_EXTRA_CA_CERTS"] = certificates[0].certPath;
  try {
    await withWorker(async (worker, spec) => {
      const sources = [
        source("away", "media", `${server.url}/away.mp4`),
        source("away-tls", "media", `${server.url}/away-tls.mp4`),
        source("internal", "media", "http://10.0.0.1/clip.mp4"),
        source("untrusted", "media", `${bad.url}/clip.mp4`),
        source("trusted", "media", `${good.url}/clip.mp4`),
        source("secure", "media", `${server.url}/secure.mp4`),
        source("secure-list", "media", `${good.url}/list.m3u`),
        source("file", "pull", `${server.url}/file.m3u8`),
        source("concat", "pull", `${server.url}/concat.m3u8`),
        source("inner", "pull", `${server.url}/inner.m3u8`),
        source("list", "media", `${server.url}/live.m3u8`),
        source("garbage", "media", `${server.url}/garbage.mp4`),
        source("rtsp", "pull", `rtsp://ada:s3cret@127.0.0.1:${portOf(rtsp)}/cam`),
      ];
      worker.tell({ type: "program", spec: { ...spec, sources } });
      for (const [sourceId, code] of [
        ["away", "address_refused"],
        ["away-tls", "address_refused"],
        ["internal", "address_refused"],
        ["untrusted", "tls_failed"],
        ["inner", "address_refused"],
        ["list", "unsupported_format"],
        ["garbage", "unsupported_format"],
        ["rtsp", "address_refused"],
      ] as const)
        assert.equal(await fails(worker, sourceId), code, sourceId);
      await flows(worker, "trusted");
      await flows(worker, "secure");
      await flows(worker, "secure-list");
      for (const sourceId of ["file", "concat"]) await fails(worker, sourceId);
      assert.equal(reachedInner, false);
      for (const report of worker.reports)
        if (report.type === "source" && report.flowing)
          assert.match(report.sourceId, /^(?:trusted|secure|secure-list)$/u);
      worker.tell({ type: "stop" });
      assert.equal(await worker.exited, 0);
    });
  } finally {
    if (trustedBefore === undefined) delete process.env["NODE_EXTRA_CA_CERTS"];
    else process.env["NODE_EXTRA_CA_CERTS"] = trustedBefore;
    rtsp.close();
    inner.close();
    await Promise.all(tls.map((each) => each.stop()));
    await Promise.all([trusted.remove(), untrusted.remove()]);
  }
});

function portOf(listening: ReturnType<typeof createServer>): number {
  const address = listening.address();
  return address === null || typeof address === "string" ? 0 : address.port;
}

test("streams are pulled by RTSP, RTMP, SRT and HLS, and again when they are back", async () => {
  const router = await startMediaMtxPlain();
  const publish = () => startColorPublisher(`${router.rtmpUrl}/cam`, "#ff0000");
  let publisher = await publish();
  try {
    await router.waitForPath("live/cam");
    await withWorker(async (worker, spec) => {
      const sources = [
        source("rtsp", "pull", router.rtspUrl("live/cam")),
        source("rtmp", "pull", `${router.rtmpUrl}/cam`),
        source("srt", "pull", router.srtReadUrl("live/cam")),
        source("hls", "pull", `${server.url}/live.m3u8`),
      ];
      worker.tell({ type: "program", spec: { ...spec, sources, scene: { sceneId: "s", content: solo("rtsp") } } });
      for (const { sourceId } of sources) {
        const { video, audio } = await flows(worker, sourceId);
        assert.deepEqual([video?.codec, video?.width, audio?.codec], ["h264", 320, "aac"], sourceId);
      }
      await waitFor("it is shown", () => worker.last("slate")?.onSlate === false);
      const pulled = ["rtsp", "rtmp", "srt"];
      await publisher.stop();
      for (const sourceId of pulled) {
        await fails(worker, sourceId);
        await waitFor(`${sourceId} flows no more`, () => seen(worker, sourceId)?.flowing === false);
      }
      await waitFor("the slate is on", () => worker.last("slate")?.onSlate === true);
      publisher = await publish();
      for (const sourceId of pulled) await flows(worker, sourceId);
      await waitFor("it is shown again", () => worker.last("slate")?.onSlate === false);
      assert.equal(seen(worker, "rtsp")?.error, null);
      worker.tell({ type: "stop" });
      assert.equal(await worker.exited, 0);
    });
  } finally {
    await publisher.stop();
    await router.stop();
  }
});
