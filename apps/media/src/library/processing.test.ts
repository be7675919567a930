import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, readFile, truncate, writeFile, copyFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { createCanvas } from "@napi-rs/canvas";
import { ensurePeer, probeFrames, probeStreams, tempDirectory } from "@trax/peers";
import { imageSize } from "image-size";
import { processFile, processingLimits } from "./processing.ts";
import type { Outcome, ProcessingLimits } from "./processing.ts";
import type { LibraryJob } from "./protocol.ts";
import { hugePng, turnedJpeg } from "./testing/images.ts";

const run = promisify(execFile);
const ffmpeg = (...args: readonly string[]) => run("ffmpeg", ["-hide_banner", "-loglevel", "error", "-y", ...args]);
const words = (text: string) => text.split(" ");

const picture = words("-f lavfi -i testsrc=size=320x180:rate=25:duration=3");
const tone = words("-f lavfi -i sine=frequency=440:duration=3");
const h264 = words("-c:v libx264 -preset ultrafast -pix_fmt yuv420p");

let directory: Awaited<ReturnType<typeof tempDirectory>>;
const at = (name: string) => join(directory.path, name);

before(async () => {
  await ensurePeer("ffmpeg");
  directory = await tempDirectory("library");
});
after(() => directory.remove());

type Told = Partial<LibraryJob> & { readonly limits?: Partial<ProcessingLimits> };
type Processed = { readonly outcome: Outcome; readonly made: string; readonly pids: readonly number[] };

async function processed(
  name: string,
  kind: LibraryJob["kind"],
  contentType: string,
  told: Told = {},
): Promise<Processed> {
  const { limits, ...job } = told;
  const made = at(`${name}.made`);
  await mkdir(made, { recursive: true });
  const sizeBytes = job.sizeBytes ?? (await readFile(at(name))).length;
  const pids: number[] = [];
  const outcome = await processFile(
    { path: at(name), directory: made, kind, contentType, sha256: null, recordedMs: null, ...job, sizeBytes },
    { onStarted: (pid) => void pids.push(pid), onEnded: () => undefined, onProgress: () => undefined },
    new AbortController().signal,
    { ...processingLimits, ...limits },
  );
  return { outcome, made, pids };
}

async function done(...args: Parameters<typeof processed>) {
  const { outcome, made } = await processed(...args);
  if (outcome.type !== "done") throw new Error(JSON.stringify(outcome));
  return { ...outcome.result, made };
}

async function refusal(...args: Parameters<typeof processed>): Promise<string> {
  const { outcome } = await processed(...args);
  if (outcome.type !== "refused") throw new Error(JSON.stringify(outcome));
  return outcome.reason;
}

async function thumbnailOf({ made, thumbnail }: { made: string; thumbnail: string | null }) {
  assert.equal(thumbnail, "thumbnail.jpg");
  const { width, height, type } = imageSize(await readFile(join(made, "thumbnail.jpg")));
  assert.equal(type, "jpg");
  return { width, height };
}

test("a clip that programs play well stays as it is, with its digest, length, size and thumbnail", async () => {
  await ffmpeg(...picture, ...tone, ...h264, ..."-c:a aac -ar 48000".split(" "), at("good.mp4"));
  const sha256 = createHash("sha256")
    .update(await readFile(at("good.mp4")))
    .digest("hex");
  const result = await done("good.mp4", "video", "video/mp4", { sha256 });
  assert.equal(result.rendition, null);
  assert.equal(result.sha256, sha256);
  assert.deepEqual([result.width, result.height], [320, 180]);
  assert.ok(Math.abs((result.durationMs ?? 0) - 3_000) < 100, String(result.durationMs));
  assert.deepEqual(await thumbnailOf(result), { width: 320, height: 180 });
});

test("another clip is made H.264 and AAC, with a keyframe every 2 s", async () => {
  await ffmpeg(
    ...words("-f lavfi -i testsrc=size=320x180:rate=100:duration=5"),
    ...tone,
    ...words("-c:v libvpx -deadline realtime -cpu-used 8 -c:a libopus"),
    at("other.webm"),
  );
  const result = await done("other.webm", "video", "video/webm");
  const path = join(result.made, result.rendition ?? "");
  const [video, audio] = await probeStreams(path);
  assert.deepEqual([video?.codec, video?.width, audio?.codec, audio?.sampleRate], ["h264", 320, "aac", 48_000]);
  const frames = await probeFrames(path);
  const keyframes = frames.filter(({ keyframe }) => keyframe).map(({ ptsSeconds }) => Math.floor(ptsSeconds ?? -1));
  assert.deepEqual(keyframes, [0, 2, 4]);
  assert.ok(frames.length > 240 && frames.length <= 305, `of 500 pictures ${frames.length}`);
});

/** A clip of 3 s with B-frames, its first keyframes open to the pictures before them. */
const reordered = words(
  "-c:v libx264 -preset ultrafast -bf 3 -b-pyramid normal -g 25 -x264-params open-gop=1 -pix_fmt yuv420p",
);
/** Of the decoded pictures, or sound, of a file. */
const digest = async (path: string, what: "v" | "a") =>
  (await run("ffmpeg", words(`-v error -i ${path} -map 0:${what} -vsync passthrough -f md5 -`))).stdout;

for (const [name, contentType, sound] of [
  ["good.mkv", "video/x-matroska", "aac"],
  ["good.ts", "video/mp2t", "aac"],
  ["opus.mkv", "video/x-matroska", "libopus"],
  ["ac3.mp4", "video/mp4", "ac3"],
] as const)
  test(`${name}: a picture that programs play well is not encoded, nor is AAC`, async () => {
    await ffmpeg(...picture, ...tone, ...reordered, "-c:a", sound, at(name));
    const result = await done(name, "video", contentType);
    assert.equal(result.rendition, "rendition.mp4");
    const path = join(result.made, "rendition.mp4");
    assert.equal(await digest(path, "v"), await digest(at(name), "v"));
    if (sound === "aac") assert.equal(await digest(path, "a"), await digest(at(name), "a"));
    const [video, audio] = await probeStreams(path);
    assert.deepEqual([video?.codec, audio?.codec], ["h264", "aac"]);
    const times = async (file: string) => {
      const frames = await probeFrames(file);
      const [first] = frames;
      return frames.map(({ ptsSeconds }) => Math.round(((ptsSeconds ?? 0) - (first?.ptsSeconds ?? 0)) * 100));
    };
    assert.deepEqual(await times(path), await times(at(name)));
    assert.ok(Math.abs((result.durationMs ?? 0) - 3_000) < 100, String(result.durationMs));
    assert.deepEqual(await thumbnailOf(result), { width: 320, height: 180 });
  });

test("a picture that cannot be copied as it seems is encoded", async () => {
  // Its size changes.
  await ffmpeg(...picture, ...h264, at("first.ts"));
  await ffmpeg(
    ..."-f lavfi -i testsrc=size=640x360:rate=25:duration=1".split(" "),
    ...h264,
    ...words("-output_ts_offset 3"),
    at("second.ts"),
  );
  await writeFile(at("both.ts"), Buffer.concat([await readFile(at("first.ts")), await readFile(at("second.ts"))]));
  const both = await done("both.ts", "video", "video/mp2t");
  const frames = await probeFrames(join(both.made, both.rendition ?? ""));
  assert.ok(frames.length > 95, String(frames.length));
  assert.equal((await probeStreams(join(both.made, both.rendition ?? "")))[0]?.width, 320);
});

/** Takes away the times of some of the PES packets of a transport stream (ISO/IEC 13818-1, 2.4.3.6), which need not all have one. */
function withoutTimes(bytes: Buffer, isOf: (index: number) => boolean): Buffer {
  const stream = Buffer.from(bytes);
  let count = 0;
  for (let start = 0; start < stream.length; start += 188) {
    if ((stream.readUInt8(start + 1) & 0x40) === 0) continue;
    const hasField = (stream.readUInt8(start + 3) & 0x20) !== 0;
    const pes = start + 4 + (hasField ? 1 + stream.readUInt8(start + 4) : 0);
    if (stream.readUInt32BE(pes) !== 0x1e0 || !isOf(count++)) continue;
    stream.writeUInt8(stream.readUInt8(pes + 7) & 0x3f, pes + 7);
    stream.fill(0xff, pes + 9, pes + 9 + stream.readUInt8(pes + 8));
  }
  return stream;
}

test("a picture of which not all packets have a time is encoded, with all of it", async () => {
  await ffmpeg(...picture, ...h264, at("timed.ts"));
  await writeFile(
    at("sparse.ts"),
    withoutTimes(await readFile(at("timed.ts")), (index) => index % 5 !== 0),
  );
  const { made, rendition } = await done("sparse.ts", "video", "video/mp2t");
  assert.equal((await probeFrames(join(made, rendition ?? ""))).length, 75);
});

test("a clip that lies on its side is put upright", async () => {
  await ffmpeg(...picture, ...h264, at("lying.mp4"));
  await ffmpeg("-display_rotation", "90", "-i", at("lying.mp4"), "-c", "copy", at("turned.mp4")).catch(() =>
    ffmpeg("-i", at("lying.mp4"), "-c", "copy", "-metadata:s:v", "rotate=90", at("turned.mp4")),
  );
  const result = await done("turned.mp4", "video", "video/mp4");
  assert.deepEqual([result.width, result.height], [180, 320]);
  const [video] = await probeStreams(join(result.made, result.rendition ?? ""));
  assert.deepEqual([video?.width, video?.height], [180, 320]);
  assert.deepEqual(await thumbnailOf(result), { width: 180, height: 320 });
});

test("music keeps its bytes, and gets a waveform", async () => {
  await ffmpeg(...tone, at("music.mp3"));
  const result = await done("music.mp3", "audio", "audio/mpeg");
  assert.deepEqual([result.rendition, result.thumbnail, result.width], [null, null, null]);
  const { peaks, peakMs }: { peaks: number[]; peakMs: number } = JSON.parse(
    await readFile(join(result.made, "waveform.json"), "utf8"),
  );
  assert.equal(peakMs, 100);
  assert.ok(peaks.length >= 29 && peaks.length <= 32, String(peaks.length));
  assert.ok((peaks[10] ?? 0) > 0.1 && (peaks[10] ?? 0) < 0.15, String(peaks[10]));
});

test("an image of one pixel is an image; one that lies on its side is put upright", async () => {
  await writeFile(at("one.png"), createCanvas(1, 1).toBuffer("image/png"));
  const one = await done("one.png", "image", "image/png");
  assert.deepEqual([one.width, one.height, one.rendition], [1, 1, null]);
  assert.deepEqual(await thumbnailOf(one), { width: 1, height: 1 });
  await writeFile(at("turned.jpg"), turnedJpeg(40, 20));
  const turned = await done("turned.jpg", "image", "image/jpeg");
  assert.deepEqual([turned.width, turned.height, turned.rendition], [20, 40, "rendition.png"]);
  const made = imageSize(await readFile(join(turned.made, "rendition.png")));
  assert.deepEqual([made.width, made.height, made.type], [20, 40, "png"]);
});

test("what it is not is refused, in words", async () => {
  await writeFile(at("script.png"), "#!/bin/sh\nrm -rf /\n");
  assert.match(await refusal("script.png", "image", "image/png"), /declared as image\/png, but is no PNG file/);
  await ffmpeg(...picture, ...h264, at("real.mp4"));
  await copyFile(at("real.mp4"), at("lying.webm"));
  assert.match(await refusal("lying.webm", "video", "video/webm"), /declared as video\/webm, but is MP4/);
  assert.match(await refusal("real.mp4", "audio", "audio/mp4"), /upload it as video/);
  await ffmpeg(...tone, at("sound.mp4"));
  assert.match(await refusal("sound.mp4", "video", "video/mp4"), /no picture: upload it as audio/);
  assert.match(await refusal("real.mp4", "video", "video/mp4", { sizeBytes: 5 }), /was to have 5/);
  assert.match(await refusal("real.mp4", "video", "video/mp4", { sha256: "00".repeat(32) }), /SHA-256 differs/);
});

test("what is not whole is refused", async () => {
  await ffmpeg(...picture, ...h264, at("whole.mp4"));
  await ffmpeg("-i", at("whole.mp4"), ...words("-c copy -movflags +faststart"), at("begun.mp4"));
  const { length } = await readFile(at("whole.mp4"));
  await truncate(at("whole.mp4"), Math.floor(length / 2));
  assert.match(await refusal("whole.mp4", "video", "video/mp4"), /ends too early/);
  await truncate(at("begun.mp4"), Math.floor(length / 2));
  assert.match(await refusal("begun.mp4", "video", "video/mp4"), /ends too early|much of its picture/);
  const png = createCanvas(300, 200).toBuffer("image/png");
  await writeFile(at("cut.png"), png.subarray(0, png.length - 20));
  assert.match(await refusal("cut.png", "image", "image/png"), /ends too early/);
});

test("an image that would fill the memory is refused by its header", async () => {
  await writeFile(at("bomb.png"), hugePng(30_000, 30_000));
  assert.match(await refusal("bomb.png", "image", "image/png"), /30000x30000 pixels: at most 64 million/);
});

test("who needs more memory than there is for it ends alone", async () => {
  await writeFile(at("large.png"), hugePng(7_700, 7_700));
  const { outcome } = await processed("large.png", "image", "image/png", { limits: { memoryKiB: 800_000 } });
  assert.notEqual(outcome.type, "done");
});

test("what hangs is ended by its deadline", async () => {
  // Nobody ever writes to it.
  await run("mkfifo", [at("hanging.mp4")]);
  const { outcome, pids } = await processed("hanging.mp4", "video", "video/mp4", {
    sizeBytes: 0,
    limits: { silentMs: 1_500 },
  });
  assert.deepEqual(outcome, { type: "lost", why: "hung", detail: "hung" });
  assert.equal(pids.length, 1);
  for (const pid of pids) assert.throws(() => process.kill(pid, 0), /ESRCH/);
});
