import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { PictureQueue } from "./picture-queue.ts";

type Numbered = { readonly number: number; readonly width: number; readonly height: number; release(): void };

/** The numbers that are shown at each of `frames` frames, of pictures at `rate` that begin `phaseMs` after them. */
function shownAt(frames: number, frameRate: number, rate: number, phaseMs: (frame: number) => number): number[] {
  const held = new Set<number>();
  const queue = new PictureQueue<Numbered>();
  const shown: number[] = [];
  let pushed = 0;
  for (let frame = 0; frame < frames; frame++) {
    const now = (frame * 1_000) / frameRate;
    for (; (pushed * 1_000) / rate < now + 200; pushed++) {
      const number = pushed;
      held.add(number);
      // As RTMP has it: whole milliseconds.
      const dueMs = Math.round((number * 1_000) / rate) + phaseMs(frame);
      queue.push(
        { number, width: 320, height: 180, release: () => assert.ok(held.delete(number), "released once") },
        dueMs,
      );
    }
    queue.advance(now);
    shown.push(queue.shown?.number ?? Number.NaN);
  }
  queue.clear();
  assert.equal(held.size, 0, "everything is let go");
  return shown;
}

function stepsOf(numbers: readonly number[]): number[] {
  return numbers.slice(1).map((number, index) => number - (numbers[index] ?? 0));
}

describe("pictures that wait for their frame", () => {
  for (const [rate, frameRate, wanted] of [
    [30, 30, 1],
    [60, 30, 2],
    [25, 25, 1],
  ] as const)
    test(`${rate} a second on ${frameRate}: the same step throughout, wherever the one's clock is on the other's`, () => {
      for (let phase = -20; phase < 20; phase += 0.1) {
        const steps = stepsOf(shownAt(300, frameRate, rate, () => phase)).slice(4);
        const odd = steps.filter((step) => step !== wanted);
        assert.ok(odd.length <= 2, `phase ${phase.toFixed(1)}: ${steps.join("")}`);
      }
    });

  test("a source's clock that drifts past costs one picture or one repeat", () => {
    for (const drift of [-0.01, 0.01]) {
      const steps = stepsOf(shownAt(2_400, 30, 30, (frame) => drift * frame)).slice(4);
      const odd = steps.filter((step) => step !== 1);
      assert.ok(odd.length <= 2, `${drift}: ${steps.join("")}`);
    }
  });

  test("more pictures than can wait are thinned out, and it goes on moving", () => {
    for (const [rate, size] of [
      [240, 180],
      [60, 2_160],
    ] as const) {
      const queue = new PictureQueue<Numbered>();
      let [held, moved] = [0, 0];
      for (let frame = 0, pushed = 0; frame < 120; frame++) {
        const now = (frame * 1_000) / 30;
        for (; (pushed * 1_000) / rate < now + 450; pushed++) {
          held += 1;
          queue.push(
            { number: pushed, width: (size * 16) / 9, height: size, release: () => (held -= 1) },
            (pushed * 1_000) / rate,
          );
          assert.ok(held <= 34, `${held} are held`);
        }
        if (queue.advance(now)) moved += 1;
      }
      assert.ok(moved > 10, `${rate} a second in ${size}: moved ${moved} times`);
      queue.clear();
      assert.equal(held, 0);
    }
  });

  test("slower and faster sources are shown when they are due, at most a little sooner", () => {
    for (const rate of [24, 25, 50, 29.97]) {
      const shown = shownAt(300, 30, rate, () => 3);
      for (const [frame, number] of shown.entries()) {
        if (frame === 0) continue;
        const behind = (frame * 1_000) / 30 - ((number * 1_000) / rate + 3);
        assert.ok(behind >= -5 && behind <= 1_000 / rate + 1, `${rate}: ${number} at frame ${frame}`);
      }
    }
  });
});
