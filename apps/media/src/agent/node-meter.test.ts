import assert from "node:assert/strict";
import { test } from "node:test";
import { megapixelsOf, usualCoresPerMegapixel } from "@trax/media-protocol";
import type { ProgramWork } from "@trax/media-protocol";
import { NodeMeter } from "./node-meter.ts";

const canvas = { width: 1_280, height: 720, frameRate: 30, videoBitrate: 4_500_000, audioBitrate: 160_000 };
const work: ProgramWork = { canvas, sources: [], preview: false };
const well = { cores: 0.9, preset: "veryfast", behindMs: 20 };

/** What a node says a program costs that used that much for ten minutes, for a million pixels a second. */
function costAfter(gauges: typeof well, of = work): number {
  const meter = new NodeMeter(2);
  for (let second = 0; second < 600; second++) meter.programUsed(gauges, of);
  return meter.read().coresPerMegapixel;
}

test("what programs cost is what they were measured to use", () => {
  assert.ok(Math.abs(costAfter(well) - 0.9 / 27.648) < 1e-6);
});

test("a program with more to decode, and a preview, says the same of what pixels cost", () => {
  const more = { ...work, sources: [canvas, { width: 1_920, height: 1_080, frameRate: 60 }, null], preview: true };
  assert.ok(megapixelsOf(more) > 2.5 * megapixelsOf(work));
  const cores = 0.02 * megapixelsOf(more);
  assert.ok(Math.abs(costAfter({ ...well, cores }, more) - 0.02) < 1e-6);
});

test("programs that cannot keep up, or are small, say nothing of what programs cost", () => {
  for (const gauges of [
    { ...well, preset: "superfast" },
    { ...well, preset: "ultrafast/2", cores: 0.2 },
    { ...well, behindMs: 400 },
    { ...well, cores: 0 },
  ])
    assert.equal(costAfter(gauges), usualCoresPerMegapixel);
  assert.equal(costAfter(well, { ...work, canvas: { ...canvas, width: 320, height: 180 } }), usualCoresPerMegapixel);
});
