import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { startNginxRtmp } from "@trax/peers";
import { readSound, soundBehindPicture } from "@trax/peers/counted/reading";
import { toneDb, toneLevelDb } from "@trax/peers/counted/tone";
import { forFrames, openComposedShow } from "./composed-show.ts";
import { median, readProgram, runsOf, sourcesOf } from "./counted-program.ts";
import { fileOwned } from "./owned.ts";
import { assertWholeRecording } from "./received.ts";

// What a destination hears: every source has a tone of its own.

const nginx = fileOwned(() => startNginxRtmp());
const silence = Number.NEGATIVE_INFINITY;

describe("the sound of a program", { concurrency: 2 }, () => {
  test("gain, mute, solo, and sound that follows the picture or stays", async (context) => {
    const live = await openComposedShow(context, await nginx());
    const [one, other] = [await live.camera({ source: 3 }), await live.camera({ source: 8 })];
    // The picture alternates, so that the recording says which of them is on: what is seen, and how loud each is to be.
    const phases = [
      { solo: one, audio: [], follows: false, levels: [0, 0] },
      { solo: other, audio: [{ sourceId: other.sourceId, gain: -12 }], follows: false, levels: [0, -12] },
      { solo: one, audio: [{ sourceId: other.sourceId, mute: true }], follows: false, levels: [0, silence] },
      { solo: other, audio: [{ sourceId: other.sourceId, solo: true, gain: 6 }], follows: false, levels: [silence, 6] },
      { solo: one, audio: [], follows: true, levels: [0, silence] },
      { solo: other, audio: [{ sourceId: one.sourceId, gain: 10 }], follows: true, levels: [silence, 0] },
    ] as const;
    const scenes: string[] = [];
    for (const { solo, audio, follows } of phases)
      scenes.push(
        await live.scene({
          preset: "solo",
          slots: [{ sourceId: solo.sourceId }],
          audio,
          audioFollowsVideo: follows,
        }),
      );
    await live.beginWith(scenes[0] ?? "");
    await live.goLive();
    for (const [index, scene] of scenes.entries()) {
      if (index > 0) await live.take(scene);
      await forFrames(one, 45);
    }
    const file = await live.finish();
    const frames = await readProgram(file);
    const runs = runsOf(frames);
    assert.deepEqual(sourcesOf(runs), [3, 8, 3, 8, 3, 8]);
    const sound = await readSound(file);
    for (const [index, { levels }] of phases.entries()) {
      const run = runs[index];
      const [from, to] = [(run?.frames[0]?.ms ?? 0) + 400, (run?.frames.at(-1)?.ms ?? 0) - 150];
      for (const [at, source] of [3, 8].entries()) {
        const [level, wanted] = [toneDb(sound, source, from, to), levels[at] ?? 0];
        const said = `phase ${index}: source ${source} at ${level.toFixed(1)} dB`;
        if (wanted === silence) assert.ok(level < -60, said);
        else assert.ok(Math.abs(level - (toneLevelDb + wanted)) <= 1.5, said);
      }
    }
  });

  test("a delay moves the sound and nothing else", async (context) => {
    const live = await openComposedShow(context, await nginx());
    const camera = await live.camera({ source: 6 });
    const solo = { preset: "solo", slots: [{ sourceId: camera.sourceId }] };
    await live.beginWith(await live.scene({ ...solo, audio: [{ sourceId: camera.sourceId, delayMs: 400 }] }));
    await live.goLive();
    await forFrames(camera, 120);
    const file = await live.finish();
    const frames = await readProgram(file);
    const offsets = soundBehindPicture(frames, await readSound(file), 6, 30);
    assert.ok(offsets.length >= 2);
    assert.ok(Math.abs(median(offsets) - 400) <= 40, `behind by ${offsets.join(", ")} ms`);
  });

  test("silence where there is none: a destination always has both tracks", async (context) => {
    const live = await openComposedShow(context, await nginx());
    const mute = await live.camera({ source: 11, audio: false });
    await live.goLive();
    await forFrames(mute, 60);
    await mute.publisher().stop();
    await live.show.until("on slate", ({ program }) => program.onSlate);
    const file = await live.finish();
    await assertWholeRecording(file, { frames: 60 });
    const frames = await readProgram(file);
    assert.ok(frames.some(({ counted }) => counted?.source === 11));
    const { samples } = await readSound(file);
    const loudest = samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
    assert.ok(loudest < 0.001, `silence: ${loudest}`);
  });
});
