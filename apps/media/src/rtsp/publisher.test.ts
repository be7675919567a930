import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { newId } from "@trax/foundation/ids";
import { freePort, waitFor } from "@trax/peers";
import { startTestRouter } from "../mediamtx/test-router.ts";
import type { TestRouter } from "../mediamtx/test-router.ts";
import type { CloseReason } from "../rtmp/errors.ts";
import { readMessage } from "../rtmp/message-body.ts";
import type { MediaMessage } from "../rtmp/message.ts";
import { makeTestMedia } from "../rtmp/testing/flv.ts";
import { publishRtsp } from "./publisher.ts";
import type { RtspPublisher } from "./publisher.ts";

const run = promisify(execFile);

let it: TestRouter;
before(async () => {
  it = await startTestRouter();
});
after(() => it.stop());

const opusConfiguration = (): MediaMessage => {
  const head = Buffer.concat([Buffer.from("OpusHead"), Buffer.from([1, 2, 0x38, 1, 0x80, 0xbb, 0, 0, 0, 0, 0])]);
  return opusMessage(0, 0, head);
};

/** Enhanced RTMP v2: SoundFormat 9, then SequenceStart (0) or CodedFrames (1), then the FourCC. */
function opusMessage(packetType: 0 | 1, timestamp: number, body: Buffer): MediaMessage {
  const payload = Buffer.concat([Buffer.from([0x90 | packetType]), Buffer.from("Opus"), body]);
  return { kind: "audio", timestamp, payload, keyframe: false, configuration: packetType === 0 };
}

/** 20 ms of silence. */
const opusSilence = Buffer.from([0xf8, 0xff, 0xfe]);

function withOpus(media: readonly MediaMessage[]): MediaMessage[] {
  const video = media.filter(({ kind }) => kind === "video");
  const last = video.at(-1)?.timestamp ?? 0;
  const audio = Array.from({ length: Math.floor(last / 20) }, (_, index) => opusMessage(1, index * 20, opusSilence));
  return [opusConfiguration(), ...[...video, ...audio].sort((a, b) => a.timestamp - b.timestamp)];
}

type Publication = {
  readonly publisher: RtspPublisher;
  readonly publishing: Promise<void>;
  readonly closed: Promise<CloseReason | null>;
};

function publish(url: string): Publication {
  const publishing = Promise.withResolvers<void>();
  const closed = Promise.withResolvers<CloseReason | null>();
  const publisher = publishRtsp(url, { onPublishing: publishing.resolve, onClosed: closed.resolve });
  return { publisher, publishing: publishing.promise, closed: closed.promise };
}

/** In real time, until stopped. */
function play(media: readonly MediaMessage[], publisher: RtspPublisher): () => void {
  const startedAt = performance.now();
  const left = [...media];
  const timer = setInterval(() => {
    for (let next = left[0]; next !== undefined && next.timestamp <= performance.now() - startedAt; next = left[0]) {
      publisher.send(next);
      left.shift();
    }
  }, 10);
  return () => clearInterval(timer);
}

for (const audio of ["aac", "opus"] as const)
  test(`H.264 with ${audio} is published, with its formats known, and read back`, async () => {
    const made = await makeTestMedia({ seconds: 20 });
    const media = audio === "aac" ? made : withOpus(made);
    const name = `program/${newId("studio")}${audio === "aac" ? "" : "/rtc"}`;
    const { publisher, publishing, closed } = publish(it.router.rtspUrl(name));
    const stop = play(media, publisher);
    try {
      await publishing;
      const path = await waitFor("the path is online", async () => {
        const found = await it.router.api.path(name);
        return found?.online === true && found.video?.width !== null && found;
      });
      assert.deepEqual(path.video, { codec: "h264", width: 320, height: 180, frameRate: null });
      assert.deepEqual([path.audio?.codec, path.audio?.channels], [audio, 2]);
      const probed = await run("ffprobe", [
        ..."-v error -rtsp_transport tcp -show_entries stream=codec_name".split(" "),
        ..."-of csv=p=0".split(" "),
        it.router.rtspUrl(name),
      ]);
      assert.deepEqual(probed.stdout.trim().split("\n").sort(), [audio, "h264"].sort());
      assert.equal(publisher.droppedFrames, 0);
    } finally {
      stop();
      publisher.close();
    }
    assert.equal(await closed, null);
    await waitFor("the path is offline", async () => (await it.router.api.path(name))?.online !== true);
  });

function md5(bytes: Buffer): string {
  return createHash("md5").update(bytes).digest("hex");
}

type Read = { readonly hash: string; readonly at: number };

/** What ffmpeg reads of it by RTMP, which has frames as they were sent, in a second and a half. */
async function readBack(name: string): Promise<Read[]> {
  const url = it.internalRtmpUrl.replace(it.path, name);
  const shown = "-v error -analyzeduration 100000 -read_intervals %+1.5 -show_packets -show_data_hash md5";
  const wanted = "-show_entries packet=pts_time,data_hash -of csv=p=0";
  const { stdout } = await run("ffprobe", [...`${shown} ${wanted}`.split(" "), url]);
  return stdout
    .trim()
    .split("\n")
    .map((line) => line.split(","))
    .map(([time = "", hash = ""]) => ({ hash: hash.replace("MD5:", ""), at: Number(time) * 1_000 }));
}

test("each frame and each sound is read back, once, and all as far from the time they were sent with", async () => {
  const made = await makeTestMedia({ seconds: 8 });
  // From between keyframes on, with the first keyframe between two sounds.
  const media = made.filter(({ configuration, timestamp }) => configuration || timestamp > 400);
  const name = `program/${newId("studio")}`;
  const { publisher, publishing, closed } = publish(it.router.rtspUrl(name));
  const stop = play(media, publisher);
  const offsets: number[] = [];
  try {
    await publishing;
    await waitFor("the path is online", async () => (await it.router.api.path(name))?.video?.width === 320);
    const read = await readBack(name);
    for (const kind of ["video", "audio"] as const) {
      const sent = media.filter((message) => message.kind === kind && !message.configuration);
      const hashes = sent.map(({ payload }) => md5(readMessage(kind, payload).body));
      const found = read.filter(({ hash }) => hashes.includes(hash));
      const first = hashes.indexOf(found[0]?.hash ?? "");
      assert.ok(first >= 0 && found.length > 20, `${found.length} of ${kind}`);
      // A keyframe has its parameters in it when it is read, and is another: those between are all there.
      const between = hashes.slice(first, hashes.indexOf(found.at(-1)?.hash ?? "") + 1);
      const expected = between.filter((_, index) => sent[first + index]?.keyframe !== true);
      assert.deepEqual(
        found.map(({ hash }) => hash),
        expected,
      );
      for (const { hash, at } of found) {
        const { timestamp = 0, payload } = sent[hashes.indexOf(hash)] ?? assert.fail("never sent");
        offsets.push(at - timestamp - readMessage(kind, payload).compositionTime);
      }
    }
    assert.ok(Math.max(...offsets) - Math.min(...offsets) <= 2, `${Math.min(...offsets)} to ${Math.max(...offsets)}`);
  } finally {
    stop();
    publisher.close();
  }
  assert.equal(await closed, null);
});

test("it connects once both configurations are known, and before a keyframe, so that readers may come", async () => {
  const media = await makeTestMedia({ seconds: 1 });
  const frame = media.find(({ kind, keyframe, configuration }) => kind === "video" && !keyframe && !configuration);
  assert.ok(frame !== undefined);
  const name = `program/${newId("studio")}`;
  const { publisher, publishing, closed } = publish(it.router.rtspUrl(name));
  publisher.send(frame);
  for (const message of media) if (message.configuration) publisher.send(message);
  publisher.send(frame);
  await publishing;
  assert.equal((await it.router.api.path(name))?.online, true);
  publisher.close();
  assert.equal(await closed, null);
});

test("another configuration ends the session, so that its owner begins a new one", async () => {
  const [media, larger] = [await makeTestMedia({ seconds: 2 }), await makeTestMedia({ seconds: 1, size: "640x360" })];
  const { publisher, publishing, closed } = publish(it.router.rtspUrl(`program/${newId("studio")}`));
  for (const message of media) publisher.send(message);
  await publishing;
  for (const message of media.filter(({ configuration }) => configuration)) publisher.send(message);
  assert.equal(await Promise.race([closed, waitFor("a turn", () => "goes on")]), "goes on", "the same is nothing new");
  for (const message of larger) publisher.send(message);
  assert.equal(await closed, null);
});

test("a wrong password, and nobody there, are told without the URL", async () => {
  const media = await makeTestMedia({ seconds: 1 });
  const name = `program/${newId("studio")}`;
  const wrong = it.router.rtspUrl(name).replace(/internal:[^@]+@/, "internal:a-guess@");
  for (const url of [wrong, `rtsp://internal:a-guess@127.0.0.1:${await freePort()}/${name}`]) {
    const { publisher, closed } = publish(url);
    for (const message of media) publisher.send(message);
    const reason = await closed;
    assert.equal(reason?.code, "connect_failed");
    assert.doesNotMatch(reason.message, /a-guess|127\.0\.0\.1/);
  }
});

test("messages are taken without waiting, however many, and closing does not wait for them", async () => {
  const media = (await makeTestMedia({ seconds: 4 })).filter(({ kind }) => kind !== "data");
  const frozen = await startTestRouter();
  const { publisher, publishing, closed } = publish(frozen.router.rtspUrl(`program/${newId("studio")}`));
  try {
    for (const message of media) publisher.send(message);
    await publishing;
    process.kill(frozen.router.pid, "SIGSTOP");
    const length = media.at(-1)?.timestamp ?? 0;
    for (let round = 1; publisher.droppedFrames === 0; round += 1) {
      for (const message of media) {
        if (!message.configuration)
          publisher.send({ ...message, timestamp: message.timestamp + round * (length + 20) });
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
    publisher.close();
    assert.equal(await closed, null);
  } finally {
    process.kill(frozen.router.pid, "SIGCONT");
    await frozen.stop();
  }
});
