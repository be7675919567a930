import assert from "node:assert/strict";
import { test } from "node:test";
import { LevelMeter } from "./level-meter.ts";
import { signal, tone } from "./testing/signals.ts";

test("peak and RMS since the last call", () => {
  const meter = new LevelMeter();
  assert.deepEqual(meter.take(), { peak: -100, rms: -100 });
  for (let i = 0; i < 10; i += 1) meter.add(signal(i * 4_800, 4_800, tone(1_000, 1)));
  assert.deepEqual(meter.take(), { peak: 0, rms: -3 });
  meter.add(signal(0, 4_800, tone(1_000, 0.1), () => 0));
  assert.deepEqual(meter.take(), { peak: -20, rms: -26 });
  assert.deepEqual(meter.take(), { peak: -20, rms: -26 }, "as before where nothing came");
  meter.add(signal(0, 4_800, () => 0));
  assert.deepEqual(meter.take(), { peak: -100, rms: -100 });
});
