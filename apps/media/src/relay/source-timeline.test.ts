import assert from "node:assert/strict";
import { test } from "node:test";
import { SourceTimeline } from "./source-timeline.ts";
import { audioFrame, videoConfiguration, videoFrame } from "./testing/messages.ts";

test("begins at 0 wherever the source is, and keeps audio and video apart as they were", () => {
  const timeline = new SourceTimeline();
  assert.equal(timeline.place(videoFrame(90_000), 5_000), 0);
  assert.equal(timeline.place(audioFrame(90_012), 5_001), 12);
  assert.equal(timeline.place(videoFrame(90_033), 5_033), 33);
});

test("goes on by the time that passed when the source was away", () => {
  const timeline = new SourceTimeline();
  timeline.place(videoFrame(1_000), 0);
  timeline.place(videoFrame(2_000), 1_000);
  timeline.interrupt();
  assert.equal(timeline.place(videoFrame(0), 6_000), 6_000);
  assert.equal(timeline.place(audioFrame(10), 6_010), 6_010);
  assert.equal(timeline.place(videoFrame(33), 6_033), 6_033);
});

test("never goes backwards, for each of audio and video", () => {
  const timeline = new SourceTimeline();
  const last = { video: -1, audio: -1 };
  let now = 0;
  for (let round = 0; round < 50; round += 1) {
    timeline.interrupt();
    const base = (round * 7_919_000) % 100_000;
    for (let frame = 0; frame < 20; frame += 1) {
      now += 5;
      const message = frame % 2 === 0 ? videoFrame(base + frame * 16) : audioFrame(base + frame * 16 - 40);
      const at = timeline.place(message, now);
      assert.ok(at >= last[message.kind === "video" ? "video" : "audio"]);
      last[message.kind === "video" ? "video" : "audio"] = at;
    }
  }
});

test("two connections never share an instant, however quick the switch", () => {
  const timeline = new SourceTimeline();
  timeline.place(videoFrame(0), 0);
  timeline.interrupt();
  assert.ok(timeline.place(videoFrame(500), 0) > 0);
});

test("takes a jump of the encoder's clock as a new beginning", () => {
  const timeline = new SourceTimeline();
  timeline.place(videoFrame(500_000), 0);
  timeline.place(videoFrame(500_033), 33);
  assert.equal(timeline.place(videoFrame(0), 66), 66, "back to 0");
  assert.equal(timeline.place(videoFrame(33), 99), 99);
  assert.equal(timeline.place(videoFrame(3_600_000), 132), 132, "an hour ahead");
});

test("a long silence of one connection is no jump", () => {
  const timeline = new SourceTimeline();
  timeline.place(videoFrame(0), 0);
  assert.equal(timeline.place(videoFrame(25_000), 25_000), 25_000);
});

test("times beyond 32 bits go on", () => {
  const timeline = new SourceTimeline();
  timeline.place(videoFrame(2 ** 32 - 10), 0);
  assert.equal(timeline.place(videoFrame(2 ** 32 + 23), 33), 33);
});

test("configuration has the place of what surrounds it, whatever its own timestamp says", () => {
  const timeline = new SourceTimeline();
  timeline.place(videoFrame(70_000), 0);
  timeline.place(videoFrame(70_400), 400);
  assert.equal(timeline.place(videoConfiguration(0), 410), 400);
  assert.equal(timeline.place(videoFrame(70_433), 433), 433);
});
