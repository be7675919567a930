import assert from "node:assert/strict";
import { test } from "node:test";
import { SourceClock } from "./source-clock.ts";

/** A source of 50 messages a second: `delay` tells how much after its time each arrives. */
function feed(clock: SourceClock, from: number, to: number, delay: (at: number) => number, rate = 1): void {
  for (let at = from; at < to; at += 20) clock.note(at * rate, at + delay(at));
}

test("a source is put 120 ms after its messages arrive, sound and picture by one anchor", () => {
  const clock = new SourceClock();
  clock.note(90_000, 1_000);
  assert.equal(clock.place(90_000), 1_120);
  assert.equal(clock.place(90_500), 1_620);
});

test("what waited before it came does not delay the rest", () => {
  const clock = new SourceClock();
  clock.note(0, 300);
  clock.note(280, 300);
  assert.equal(clock.place(280), 420);
});

test("a message that comes late makes the buffer longer at once, up to half a second, and quiet makes it shorter", () => {
  const clock = new SourceClock();
  feed(clock, 0, 2_000, () => 10);
  clock.note(2_000, 2_200);
  assert.ok(clock.place(2_000) > 2_200);
  assert.equal(clock.anchors, 1);
  const grown = clock.bufferMs;
  assert.ok(grown > 190 && grown < 250, String(grown));
  for (let round = 0; round < 10; round += 1) {
    const at = 3_000 + round * 1_000;
    clock.note(at, clock.place(at) + 100);
  }
  assert.equal(clock.bufferMs, 500);
  feed(clock, 20_000, 200_000, () => 10);
  assert.equal(clock.bufferMs, 120);
  assert.ok(Math.abs(clock.place(200_000) - 200_130) < 1);
});

test("it is anchored anew after a jump of the timestamps, either way", () => {
  const clock = new SourceClock();
  feed(clock, 0, 1_000, () => 0);
  clock.note(500_000, 1_000);
  assert.equal(clock.place(500_000), 1_120);
  clock.note(40, 1_020);
  assert.equal(clock.place(40), 1_140);
  assert.equal(clock.anchors, 3);
});

for (const drift of [-0.002, 0.002]) {
  test(`a sender's clock that is ${drift > 0 ? "fast" : "slow"} by 0.2 % is followed without a jump`, () => {
    const clock = new SourceClock();
    let last: number | null = null;
    for (let at = 0; at < 300_000; at += 20) {
      const jitter = (at * 7919) % 30;
      const timestamp = at * (1 + drift);
      clock.note(timestamp, at + jitter);
      const place = clock.place(timestamp);
      if (last !== null && at > 600) assert.ok(Math.abs(place - last - 20) <= 20 * 0.0075, `${at}: ${place - last}`);
      last = place;
      assert.ok(place - at > 60 && place - at < 220, `${at}: ${place - at}`);
    }
    assert.equal(clock.anchors, 1);
  });
}

for (const skew of [-1_500, -600, -300, 300, 600, 1_500]) {
  test(`sound that comes ${skew} ms after its picture is placed with it, and nothing is late`, () => {
    const clock = new SourceClock();
    const messages = (["video", "audio"] as const).flatMap((kind) =>
      Array.from({ length: 1_000 }, (_, index) => {
        const timestamp = 10_000 + index * (kind === "video" ? 33 : 21);
        return { kind, timestamp, arrivedAt: timestamp + (kind === "audio" ? skew : 0) };
      }),
    );
    let settled = 0;
    for (const { kind, timestamp, arrivedAt } of messages.toSorted((a, b) => a.arrivedAt - b.arrivedAt)) {
      clock.note(timestamp, arrivedAt, kind);
      if (timestamp < 13_000 || timestamp > 30_000) continue;
      settled ||= clock.anchors;
      assert.equal(clock.anchors, settled);
      const waits = clock.place(timestamp) - timestamp - Math.max(0, skew);
      assert.ok(waits > 100 && waits < 200, `at ${timestamp} it waits ${waits} ms`);
    }
    assert.ok(settled <= 2, `anchored ${settled} times`);
  });
}

test("after a long pause it goes on as a new connection does", () => {
  const clock = new SourceClock();
  feed(clock, 0, 2_000, () => 10);
  feed(clock, 60_000, 70_000, () => 10);
  assert.equal(clock.anchors, 2);
  assert.ok(Math.abs(clock.place(70_000) - 70_130) < 1);
});

for (const skew of [-3_000, 3_000, 90_000]) {
  test(`sound and picture ${skew} ms apart are each placed by when they come, which is told, until they belong together again`, () => {
    const clock = new SourceClock();
    const from = 100_000;
    const play = (begin: number, end: number, apartMs: number): void => {
      for (let at = begin; at < end; at += 20) {
        clock.note(at, at, "video");
        clock.note(at - apartMs, at, "audio");
        if (at - begin < 1_000) continue;
        for (const waits of [clock.place(at, "video") - at, clock.place(at - apartMs, "audio") - at])
          assert.ok(waits > 100 && waits < 200, `at ${at} it waits ${waits} ms`);
      }
    };
    play(from, from + 20_000, skew);
    assert.equal(clock.anchors, 2, "each once");
    assert.ok(Math.abs(clock.skewMs - skew) < 5, String(clock.skewMs));
    play(from + 20_000, from + 30_000, 0);
    assert.equal(clock.skewMs, 0);
    assert.ok(clock.anchors <= 4, `anchored ${clock.anchors} times`);
  });
}

test("sound that jumps a moment after its picture belongs to it again", () => {
  const clock = new SourceClock();
  for (let at = 0; at < 5_000; at += 20) {
    clock.note(at < 2_000 ? at : at + 50_000, at, "video");
    clock.note(at < 2_100 ? at : at + 50_000, at, "audio");
  }
  assert.equal(clock.skewMs, 0);
  assert.ok(clock.anchors <= 4, `anchored ${clock.anchors} times`);
  assert.equal(clock.place(60_000, "audio"), clock.place(60_000, "video"));
});
