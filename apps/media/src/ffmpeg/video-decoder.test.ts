import assert from "node:assert/strict";
import { test } from "node:test";
import { waitFor } from "@trax/peers";
import type { MediaMessage } from "../rtmp/message.ts";
import { makeTestMedia } from "../rtmp/testing/flv.ts";
import { VideoDecoder } from "./video-decoder.ts";

function open() {
  const pictures: { width: number; dueMs: number }[] = [];
  const refusals: (string | null)[] = [];
  const decoder = new VideoDecoder({
    onPicture: (picture, dueMs) => {
      pictures.push({ width: picture.width, dueMs });
      picture.release();
    },
    onRefused: (reason) => refusals.push(reason),
  });
  return { decoder, pictures, refusals };
}

const video = async (size: string): Promise<MediaMessage[]> =>
  (await makeTestMedia({ seconds: 1, size, fps: 10 })).filter((message) => message.kind === "video");

const isFrame = (message: MediaMessage): boolean => !message.configuration && message.payload[1] === 1;

test("every frame comes out at its time, over a change of size", async () => {
  const { decoder, pictures } = open();
  const [small, large] = [await video("160x90"), await video("320x180")];
  for (const message of small) decoder.push(message, message.timestamp);
  for (const message of large) decoder.push(message, message.timestamp + 1_000);
  const expected = [
    ...small.filter(isFrame).map((message) => ({ width: 160, dueMs: message.timestamp })),
    ...large.filter(isFrame).map((message) => ({ width: 320, dueMs: message.timestamp + 1_000 })),
  ];
  await waitFor("all are decoded", () => pictures.length === expected.length);
  assert.deepEqual(pictures, expected);
  decoder.close();
});

test("it begins at a keyframe, and what is broken is left out up to the next one", async () => {
  const { decoder, pictures } = open();
  const [configuration, ...rest] = await video("160x90");
  const frames = rest.filter(isFrame);
  assert.ok(configuration?.configuration);
  decoder.push(configuration, 0);
  for (const frame of frames.slice(1, 4)) decoder.push(frame, frame.timestamp);
  const broken = Buffer.from(frames[0]?.payload ?? []);
  broken.fill(0xff, 5);
  decoder.push({ ...(frames[0] ?? configuration), payload: broken }, 0);
  for (const frame of frames.slice(1, 4)) decoder.push(frame, frame.timestamp);
  for (const frame of frames) decoder.push(frame, 5_000 + frame.timestamp);
  await waitFor("the whole ones are decoded", () => pictures.length >= frames.length);
  assert.deepEqual(
    pictures.map((picture) => picture.dueMs),
    frames.map((frame) => 5_000 + frame.timestamp),
  );
  assert.ok(decoder.errors > 0);
  decoder.close();
});

test("garbage does no harm, and a closed decoder gives nothing any more", async () => {
  const { decoder, pictures } = open();
  const messages = await video("160x90");
  for (const length of [0, 1, 4, 5, 9]) {
    const payload = Buffer.alloc(length, 0x17);
    decoder.push({ kind: "video", timestamp: 0, payload, keyframe: true, configuration: false }, 0);
  }
  for (const message of messages) decoder.push(message, message.timestamp);
  await waitFor("what followed is decoded", () => pictures.length > 0);
  decoder.close();
  const before = pictures.length;
  for (const message of messages) decoder.push(message, message.timestamp);
  assert.equal(pictures.length, before);
});

test("too large a picture is refused in words, until it is smaller", async () => {
  const { decoder, pictures, refusals } = open();
  for (const message of await video("4160x64")) decoder.push(message, message.timestamp);
  await waitFor("it is refused", () => refusals.length > 0);
  assert.match(refusals[0] ?? "", /4160x64.*at most 4096x2304/);
  for (const message of await video("160x90")) decoder.push(message, message.timestamp);
  await waitFor("it is shown", () => pictures.length > 0);
  assert.equal(refusals.at(-1), null);
  decoder.close();
});
