import assert from "node:assert/strict";
import { test } from "node:test";
import { toneAmplitude } from "../counted/tone.ts";
import { startMediaMtxPlain } from "../mediamtx-plain.ts";
import { waitFor } from "../wait-for.ts";
import { startBrowser } from "./browser.ts";

test("a browser publishes its counted camera by WHIP, and plays it by WHEP: frames are counted, sound is heard", async () => {
  const mediamtx = await startMediaMtxPlain();
  const browser = await startBrowser({ source: 6 });
  try {
    const publisher = await browser.whip(mediamtx.whipUrl("live/camera"), "");
    const path = await mediamtx.waitForPath("live/camera", 10_000);
    assert.deepEqual([path.sourceType, [...path.tracks].sort()], ["webRTCSession", ["H264", "Opus"]]);
    const player = await browser.whep(mediamtx.whepUrl("live/camera"), "");
    await player.waitForFrames(60);
    assert.ok((await publisher.framesSent()) >= 60);
    const shown = await waitFor("pictures are seen", async () => {
      const frames = await player.shown();
      return frames.length >= 30 ? frames : null;
    });
    const read = shown.filter(({ counted }) => counted?.source === 6);
    assert.ok(read.length > 0.9 * shown.length, `${read.length} of ${shown.length} pictures are read`);
    const energy = await player.audioEnergy();
    await waitFor("sound goes on", async () => (await player.audioEnergy()) > energy + toneAmplitude ** 2 / 4);
    await player.stop();
    await publisher.stop();
    await waitFor("the publisher is gone", async () => (await mediamtx.paths()).every(({ online }) => !online));
  } finally {
    await browser.stop();
    await mediamtx.stop();
  }
});
