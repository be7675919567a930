import assert from "node:assert/strict";
import { test } from "node:test";
import type { MediaMessage } from "../rtmp/message.ts";
import { openingOf } from "./opening.ts";
import { WaitingMessages } from "./waiting.ts";

function video(timestamp: number, keyframe = false): MediaMessage {
  const payload = Buffer.from([keyframe ? 0x17 : 0x27, 1, 0, 0, 0, ...Buffer.alloc(95)]);
  return { kind: "video", timestamp, payload, keyframe, configuration: false };
}

function audio(timestamp: number): MediaMessage {
  const payload = Buffer.from([0xaf, 1, ...Buffer.alloc(98)]);
  return { kind: "audio", timestamp, payload, keyframe: false, configuration: false };
}

function waiting(messages: readonly MediaMessage[], maxBytes = 10_000): WaitingMessages {
  const queue = new WaitingMessages(maxBytes);
  for (const message of messages) queue.push(message, 0);
  return queue;
}

test("a publication begins at a keyframe, with the sound before it, at that sound's time", () => {
  const [before, keyframe, after] = [audio(1_990), video(2_000, true), audio(2_011)];
  const queue = waiting([video(1_933), audio(1_969), before, video(1_967), keyframe, after]);
  assert.equal(queue.droppedFrames, 0);
  assert.deepEqual(openingOf(queue.messages), { messages: [before, keyframe, after], startsAt: 1_990 });
});

test("without any, it waits for the next, which is then told to be as early", () => {
  const [keyframe, next, sound] = [video(2_000, true), video(2_033), audio(2_011)];
  assert.equal(openingOf(waiting([audio(1_700), keyframe, next]).messages), null);
  const opening = openingOf(waiting([keyframe, next, sound]).messages);
  assert.deepEqual(opening, { messages: [sound, keyframe, next], startsAt: 2_000 });
});

test("sound that does not come is not waited for long", () => {
  const messages = [video(2_000, true), ...Array.from({ length: 15 }, (_, index) => video(2_033 + index * 33))];
  assert.equal(openingOf(waiting(messages).messages), null);
  assert.equal(openingOf(waiting([...messages, video(2_533)]).messages)?.startsAt, 2_000);
  assert.equal(openingOf([]), null);
});

test("too much is dropped with what comes before a keyframe, counting what the socket holds", () => {
  const queue = waiting([video(0, true), audio(1), video(33)], 300);
  assert.deepEqual([queue.messages.length, queue.droppedFrames], [3, 0]);
  queue.push(audio(40), 0);
  assert.deepEqual([queue.messages.length, queue.droppedFrames], [0, 4]);
  for (const message of [video(66), audio(67), video(100, true)]) queue.push(message, 0);
  assert.deepEqual([queue.messages.map(({ timestamp }) => timestamp), queue.droppedFrames], [[100], 6]);
  queue.push(video(133), 150);
  assert.deepEqual([queue.messages.length, queue.droppedFrames], [0, 8]);
});

test("as many are taken as fit, and one that is larger alone", () => {
  const queue = waiting([video(0, true), video(33), video(66), video(99)]);
  assert.deepEqual(
    [250, 50, 1_000].map((bytes) => queue.take(bytes).map(({ timestamp }) => timestamp)),
    [[0, 33], [66], [99]],
  );
  assert.deepEqual(queue.take(100), []);
});
