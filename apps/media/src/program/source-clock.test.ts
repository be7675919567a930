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
