import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { describe, test } from "node:test";
import { promisify } from "node:util";
import { startFfmpegListener } from "../ffmpeg-listener.ts";
import { tempDirectory } from "../temp-directory.ts";
import { countedPicture, readCells, stripLevel } from "./picture.ts";
import { countedArguments, startCountedPublisher } from "./publisher.ts";
import { contained, fullCanvas, readPicture, readSound, soundBehindPicture } from "./reading.ts";
import { countedTone, silenceDb, toneDb, toneLevelDb, toneSteps } from "./tone.ts";

const run = promisify(execFile);
const quiet = "-hide_banner -nostdin -loglevel error -y".split(" ");

const mixed = [
  { source: 3, size: "320x180", frameRate: "30", seconds: 5 },
  { source: 14, size: "180x320", frameRate: "25", bFrames: 2, sampleRate: 44_100, channels: 1, seconds: 5 },
  { source: 9, size: "640x360", frameRate: "50", keyframeEvery: 100, seconds: 5 },
  { source: 1, size: "320x240", frameRate: "30000/1001", bFrames: 1, seconds: 5 },
] as const;

describe("counted sources", { concurrency: 2 }, () => {
  for (const options of mixed)
    test(`${options.size} at ${options.frameRate}: every frame and the sound beside it are read back`, async () => {
      const directory = await tempDirectory("counted");
      try {
        const file = join(directory.path, "counted.flv");
        await run("ffmpeg", [...quiet, ...countedArguments(options), file]);
        const frames = (await readPicture(file, { all: fullCanvas })).map(({ ms, seen }) => ({ ms, ...seen.all }));
        const [over = 0, under = 1] = options.frameRate.split("/").map(Number);
        const rate = over / under;
        assert.deepEqual(
          frames.map(({ counted }) => counted),
          Array.from({ length: Math.ceil(5 * rate) }, (_, frame) => ({ source: options.source, frame })),
        );
        for (const { strip } of frames) assert.ok(Math.abs(strip - stripLevel(options.source)) < 6, `strip ${strip}`);
        const sound = await readSound(file);
        const offsets = soundBehindPicture(frames, sound, options.source, rate);
        assert.equal(offsets.length, 4, "a step with each second");
        for (const offset of offsets) assert.ok(Math.abs(offset) < 8, `in step: ${offsets.join(", ")}`);
        assert.ok(Math.abs(toneDb(sound, options.source, 500, 4_500) - toneLevelDb) < 1, "as loud as it was");
        assert.ok(toneDb(sound, 7, 500, 4_500) < -50, "nobody else is heard");
      } finally {
        await directory.remove();
      }
    });

  test("two in halves of one picture are told apart, and so is sound that is late", async () => {
    const directory = await tempDirectory("counted");
    try {
      const file = join(directory.path, "halves.ts");
      const place = "scale=160:90,pad=160:180:0:45";
      const graph = `[0]${place}[a];[1]scale=102:180,pad=160:180:29:0,fps=30[b];[a][b]hstack[v];[2]adelay=100:all=1[s];[s][3]amix[o]`;
      const inputs = [
        countedPicture(2, "320x180", "30"),
        countedPicture(11, "180x320", "25"),
        countedTone(2, 48_000, 2),
        countedTone(11, 44_100, 1),
      ].flatMap((input) => ["-f", "lavfi", "-i", input]);
      const codecs = "-c:v libx264 -preset ultrafast -b:v 300k -c:a aac -t 5".split(" ");
      await run("ffmpeg", [
        ...quiet,
        ...inputs,
        "-filter_complex",
        graph,
        "-map",
        "[v]",
        "-map",
        "[o]",
        ...codecs,
        file,
      ]);
      const left = contained({ x: 0, y: 0, width: 0.5, height: 1 }, 16 / 9, 16 / 9);
      const right = contained({ x: 0.5, y: 0, width: 0.5, height: 1 }, 16 / 9, 9 / 16);
      const frames = await readPicture(file, { left, right });
      assert.equal(frames.length, 150);
      for (const [index, { seen }] of frames.entries()) {
        assert.deepEqual(seen.left.counted, { source: 2, frame: index });
        assert.equal(seen.right.counted?.source, 11);
        assert.ok(Math.abs(seen.right.counted.frame - (index * 25) / 30) <= 1);
      }
      const sound = await readSound(file);
      const offsets = soundBehindPicture(
        frames.map(({ ms, seen }) => ({ ms, counted: seen.left.counted })),
        sound,
        2,
        30,
      );
      assert.ok(offsets.length >= 3);
      for (const offset of offsets) assert.ok(Math.abs(offset - 100) < 8, `100 ms behind: ${offsets.join(", ")}`);
    } finally {
      await directory.remove();
    }
  });

  test("sound that comes back with the next tone, from a scene that is not heard, has not stepped", () => {
    const samples = Float32Array.from({ length: 6 * 48_000 }, (_, index) => {
      const second = index / 48_000;
      if (second >= 1.9 && second < 4.6) return 0;
      // Source 1 is at 800 Hz and the three that follow.
      const hz = 800 + 100 * (second < 1 ? 0 : second < 1.9 ? 1 : second < 5 ? 2 : 3);
      return 0.2 * Math.sin(2 * Math.PI * hz * second);
    });
    const steps = toneSteps({ startMs: 0, sampleRate: 48_000, samples }, 1);
    assert.deepEqual(
      steps.map(({ atMs, tone }) => [Math.round(atMs / 100), tone]),
      [
        [10, 1],
        [50, 3],
      ],
    );
  });

  test("what is no counted picture is not read as one", () => {
    assert.equal(readCells(Array(32).fill(128)), null);
    assert.equal(readCells(Array(32).fill(16)), null);
    assert.equal(readCells(Array(32).fill(235)), null);
    assert.ok(silenceDb < -90);
  });

  test("published in real time by SRT it arrives as it was made", async () => {
    const listener = await startFfmpegListener({ protocol: "srt" });
    try {
      const publisher = await startCountedPublisher(listener.url, {
        source: 5,
        frameRate: "25",
        bFrames: 2,
        seconds: 3,
      });
      assert.equal(await publisher.exited, 0, publisher.output());
      await listener.process.exited;
      const frames = (await readPicture(listener.file, { all: fullCanvas })).map(({ ms, seen }) => ({
        ms,
        ...seen.all,
      }));
      // ffmpeg lets go of SRT before the last are there, and they are sent in the order of decoding:
      // of the last group the picture after two B-frames may have come, and one of these not.
      const numbers = frames.map(({ counted }) => counted?.frame).slice(0, -2);
      assert.ok(numbers.length > 50, `${numbers.length} pictures`);
      assert.deepEqual(numbers, [...numbers.keys()]);
      const offsets = soundBehindPicture(frames, await readSound(listener.file), 5, 25);
      assert.ok(offsets.length > 0 && offsets.every((offset) => Math.abs(offset) < 8), offsets.join());
    } finally {
      await listener.stop();
    }
  });
});
