import assert from "node:assert/strict";
import { test } from "node:test";
import { Waveform } from "./waveform.ts";

const block = (ms: number, value: number) => ({
  ms,
  left: new Float32Array(4_800).fill(value),
  right: new Float32Array(4_800).fill(-value / 2),
});

test("ten peaks a second, the louder side of each, and silence where nothing came", () => {
  const waveform = new Waveform();
  waveform.add(block(0, 0.25));
  waveform.add(block(100, -0.5));
  waveform.add(block(300, 7));
  assert.deepEqual(waveform.file(400), { version: 1, durationMs: 400, peakMs: 100, peaks: [0.25, 0.5, 0, 1] });
});

test("long music is drawn coarser, and keeps its loudest", () => {
  const waveform = new Waveform();
  waveform.add(block(100, 0.5));
  waveform.add(block(1_800_000, 0.75));
  const { peakMs, peaks } = waveform.file(1_800_100);
  assert.equal(peakMs, 200);
  assert.equal(peaks.length, 9_001);
  assert.equal(peaks[0], 0.5);
  assert.equal(peaks[9_000], 0.75);
});
