import assert from "node:assert/strict";
import { test } from "node:test";
import { audioConfiguration, audioFrame, videoFrame } from "../relay/testing/messages.ts";
import { Interleaver } from "./interleaver.ts";

test("sound waits for the picture of its time, configurations for nothing", () => {
  const order: string[] = [];
  const interleaver = new Interleaver((message) => order.push(`${message.kind[0]}${message.timestamp}`));
  interleaver.audio(audioConfiguration(0));
  for (const at of [21, 43, 64]) interleaver.audio(audioFrame(at));
  interleaver.video(videoFrame(33));
  interleaver.video(videoFrame(67));
  interleaver.audio(audioFrame(66));
  interleaver.audio(audioFrame(2_100));
  assert.deepEqual(order, ["a0", "a21", "v33", "a43", "a64", "v67", "a66"]);
  interleaver.audio(audioFrame(4_100));
  assert.equal(order.at(-1), "a2100");
});
