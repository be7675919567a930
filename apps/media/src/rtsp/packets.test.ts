import assert from "node:assert/strict";
import { test } from "node:test";
import type { MediaMessage } from "../rtmp/message.ts";
import type { CarriedTrack } from "./carried-track.ts";
import { PacketWriter } from "./packets.ts";

const track = (payloadType: number, clockRate: number, frameTicks: number | null): CarriedTrack => ({
  description: [],
  payloadType,
  clockRate,
  frameTicks,
  marksLast: payloadType === 96,
  payloads: (frame) => Array.from(frame, (byte) => [Buffer.of(byte), Buffer.of(byte)]),
});
const tracks = { video: track(96, 90_000, null), audio: track(97, 48_000, 1_024) };

function video(timestamp: number, body: readonly number[], compositionTime = 0): MediaMessage {
  const payload = Buffer.from([0x27, 1, 0, 0, compositionTime, ...body]);
  return { kind: "video", timestamp, payload, keyframe: false, configuration: false };
}

function audio(timestamp: number): MediaMessage {
  return { kind: "audio", timestamp, payload: Buffer.from([0xaf, 1, 9]), keyframe: false, configuration: false };
}

type Frame = { readonly channel: number; readonly bytes: Buffer };

function framesOf(bytes: Buffer): Frame[] {
  const frames: Frame[] = [];
  for (let at = 0; at < bytes.length;) {
    assert.equal(bytes[at], 0x24);
    const length = bytes.readUInt16BE(at + 2);
    frames.push({ channel: bytes[at + 1] ?? -1, bytes: bytes.subarray(at + 4, at + 4 + length) });
    at += 4 + length;
  }
  return frames;
}

/** Of one track, from its first packet on, ticks. */
function times(frames: readonly Frame[], channel: number): number[] {
  const all = frames.filter((frame) => frame.channel === channel).map(({ bytes }) => bytes.readUInt32BE(4));
  return all.map((time) => (time - (all[0] ?? 0) + 2 ** 32) % 2 ** 32);
}

test("each packet is a frame of its track's channel, and a picture's last is marked", () => {
  const writer = new PacketWriter(tracks, { video: 4, audio: 2 }, 0);
  const frames = framesOf(writer.bytesOf([video(0, [1, 2, 3]), audio(0), video(33, []), video(66, [5])]));
  assert.deepEqual(
    frames.map(({ channel, bytes }) => [channel, bytes[1], bytes.length]),
    [
      [4, 96, 14],
      [4, 96, 14],
      [4, 0x80 | 96, 14],
      [5, 200, 56],
      [2, 97, 14],
      [3, 200, 56],
      [4, 0x80 | 96, 14],
    ],
  );
  assert.deepEqual([...(frames[1]?.bytes.subarray(12) ?? [])], [2, 2]);
});

test("the tracks begin at one time, and what follows is where it belongs", () => {
  const writer = new PacketWriter(tracks, { video: 0, audio: 2 }, 980);
  const frames = framesOf(writer.bytesOf([audio(980), video(1_000, [1]), video(1_033, [1], 67), audio(1_500)]));
  assert.deepEqual(times(frames, 0), [0, 120 * 90]);
  assert.deepEqual(times(frames, 2), [0, 520 * 48]);
});

test("a track that was not waited for begins at its own time, so that it is not late for good", () => {
  const writer = new PacketWriter(tracks, { video: 0, audio: 2 }, 1_000);
  const messages = [[video(1_000, [1])], [audio(1_700), video(1_700, [1])], [audio(1_721)]];
  const frames = framesOf(Buffer.concat(messages.map((some) => writer.bytesOf(some))));
  assert.deepEqual(times(frames, 0), [0, 700 * 90]);
  assert.deepEqual(times(frames, 2), [0, 1_024]);
});

test("frames of a fixed length are put where whole milliseconds mean them, and no elsewhere", () => {
  const writer = new PacketWriter(tracks, { video: 0, audio: 2 }, 0);
  const at = Array.from({ length: 2_000 }, (_, index) => index * 1_024);
  const frames = framesOf(writer.bytesOf(at.map((sample) => audio(Math.round(sample / 48)))));
  assert.deepEqual(times(frames, 2), at);
  const moved = framesOf(writer.bytesOf([audio(50_000), audio(50_021)]));
  assert.deepEqual(times(moved, 2), [0, 1_024]);
});

test("reports come every five seconds, and tell one time of both tracks", () => {
  const writer = new PacketWriter(tracks, { video: 0, audio: 2 }, 0);
  const messages = Array.from({ length: 11 }, (_, second) => [audio(second * 1_000), video(second * 1_000, [1])]);
  const frames = framesOf(writer.bytesOf(messages.flat()));
  const reports = frames.filter(({ channel }) => channel % 2 === 1).map(({ bytes }) => bytes);
  const seconds = reports.map((report) => report.readUInt32BE(8) + report.readUInt32BE(12) / 2 ** 32);
  assert.deepEqual(
    seconds.map((second) => Math.round((second - (seconds[0] ?? 0)) * 1_000)),
    [0, 0, 5_000, 5_000, 10_000, 10_000],
  );
});
