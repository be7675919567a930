import assert from "node:assert/strict";
import { test } from "node:test";
import { readAudioFormat, readVideoFormat } from "./formats.ts";
import { readAudioTag, readVideoTag } from "./media-tag.ts";
import type { MediaMessage } from "./message.ts";
import { makeTestMedia } from "./testing/flv.ts";

function video(payload: Buffer): MediaMessage {
  const { keyframe, configuration } = readVideoTag(payload);
  return { kind: "video", timestamp: 0, payload, keyframe, configuration };
}

function audio(payload: Buffer): MediaMessage {
  const { keyframe, configuration } = readAudioTag(payload);
  return { kind: "audio", timestamp: 0, payload, keyframe, configuration };
}

test("H.264 and AAC as ffmpeg sends them", async () => {
  for (const [size, fps, width, height] of [
    ["320x180", 30, 320, 180],
    ["1918x1078", 25, 1918, 1078],
  ] as const) {
    const media = await makeTestMedia({ seconds: 0.2, size, fps });
    const configurations = media.filter(({ configuration }) => configuration);
    assert.equal(configurations.length, 2);
    assert.ok(media.some(({ keyframe }) => keyframe));
    const formats = configurations.map((message) => readVideoFormat(message) ?? readAudioFormat(message));
    assert.deepEqual(
      formats.find((format) => format?.codec === "h264"),
      { codec: "h264", width, height, frameRate: fps },
    );
    assert.deepEqual(
      formats.find((format) => format?.codec === "aac"),
      { codec: "aac", sampleRate: 48_000, channels: 2 },
    );
    assert.equal(readVideoFormat(media.find(({ kind }) => kind === "audio") ?? video(Buffer.alloc(0))), null);
  }
});

test("H.264 parameters inside a keyframe count", () => {
  const sps = Buffer.from("6742c028d900780227e584000003000400000300f03c60c920", "hex");
  const frame = Buffer.concat([
    Buffer.from("1701000000", "hex"),
    uint32(sps.length),
    sps,
    Buffer.from("0000000265ff", "hex"),
  ]);
  assert.deepEqual(readVideoFormat(video(frame)), { codec: "h264", width: 1920, height: 1080, frameRate: 30 });
  assert.equal(readVideoFormat(video(Buffer.from("17010000000000000265ff", "hex"))), null);
});

test("HEVC by Enhanced RTMP, coded frames of both kinds included", () => {
  const sps = Buffer.from(
    "420101022000000300b0000003000003007ba0078200887db6718b92448053888892cf24a69272c9124922dc91aa48fca223ff000100016a02020201",
    "hex",
  );
  const record = Buffer.alloc(23);
  record.writeUInt16BE(60 * 256, 19);
  record.writeUInt8(1, 22);
  const tag = (first: number): Buffer => Buffer.concat([Buffer.of(first), Buffer.from("hvc1")]);
  const payload = Buffer.concat([tag(0x90), record, Buffer.of(0x21, 0, 1, 0, sps.length), sps]);
  assert.deepEqual(readVideoFormat(video(payload)), { codec: "hevc", width: 960, height: 540, frameRate: 60 });
  const key = { codec: "hevc", keyframe: true, configuration: false };
  assert.deepEqual(readVideoTag(tag(0x91)), { ...key, bodyAt: 8 });
  assert.deepEqual(readVideoTag(tag(0x93)), { ...key, bodyAt: 5 });
  assert.equal(readVideoTag(tag(0xa1)).keyframe, false);
});

test("AV1 and VP9 by their keyframes, not by their configuration", () => {
  const av1 = (first: number, body: string): MediaMessage =>
    video(Buffer.concat([Buffer.of(first), Buffer.from("av01"), Buffer.from(body, "hex")]));
  const header = "0a0b00000042abbfc3700be001";
  assert.deepEqual(readVideoFormat(av1(0x91, `1200${header}`)), {
    codec: "av1",
    width: 1920,
    height: 1080,
    frameRate: null,
  });
  assert.equal(readVideoFormat(av1(0x90, `81000c00${header}`)), null);
  const vp9 = Buffer.concat([Buffer.of(0x91), Buffer.from("vp09"), Buffer.from("824983420031f01df000", "hex")]);
  assert.deepEqual(readVideoFormat(video(vp9)), { codec: "vp9", width: 800, height: 480, frameRate: null });
});

test("Opus and MP3", () => {
  const head = Buffer.concat([Buffer.from("OpusHead"), Buffer.of(1, 2, 0, 0, 0x80, 0xbb, 0, 0, 0, 0, 0)]);
  const opus = Buffer.concat([Buffer.of(0x90), Buffer.from("Opus"), head]);
  assert.deepEqual(readAudioFormat(audio(opus)), { codec: "opus", sampleRate: 48_000, channels: 2 });
  assert.deepEqual(readAudioFormat(audio(Buffer.from("2ffffb90c4", "hex"))), {
    codec: "mp3",
    sampleRate: 44_100,
    channels: 1,
  });
  assert.equal(readAudioFormat(audio(Buffer.concat([Buffer.of(0x91), Buffer.from("Opus"), Buffer.of(1)]))), null);
});

test("a second track and a modifier in front are seen through", () => {
  const tracked = Buffer.concat([Buffer.of(0x96, 0x01), Buffer.from("avc1"), Buffer.of(1, 0, 0, 0)]);
  assert.deepEqual(readVideoTag(tracked), { codec: "h264", keyframe: true, configuration: false, bodyAt: 10 });
  const modified = Buffer.concat([Buffer.of(0x97, 2, 0, 0, 0, 0x01), Buffer.from("hvc1"), Buffer.of(0, 0, 0)]);
  assert.deepEqual(readVideoTag(modified), { codec: "hevc", keyframe: true, configuration: false, bodyAt: 13 });
});

test("what is cut off is unknown and harmless", () => {
  for (const kind of ["video", "audio"] as const) {
    for (const hex of [
      "",
      "17",
      "1700000000",
      "170000000001640028ffe1",
      "90687663310102",
      "9161763031",
      "af00",
      "9f",
    ]) {
      const payload = Buffer.from(hex, "hex");
      const message = kind === "video" ? video(payload) : audio(payload);
      const format = kind === "video" ? readVideoFormat(message) : readAudioFormat(message);
      if (format !== null && "width" in format) assert.equal(format.width, null, hex);
    }
  }
});

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
