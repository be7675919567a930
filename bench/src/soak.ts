import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { startNginxRtmp, tempDirectory, waitFor } from "@trax/peers";
import type { NginxRtmp } from "@trax/peers";
import { ComposedStudio } from "./composed-studio.ts";
import { pictureInPicture, whole } from "./composition.ts";
import { describeMachine, describeVersions, load } from "./machine.ts";
import { Owned } from "./owned.ts";
import { openGauges } from "./program-gauges.ts";
import { repository } from "./repository.ts";
import { disturb, publish } from "./soak/disturbances.ts";
import type { Camera, Tally } from "./soak/disturbances.ts";
import { growthOf, sampleMemory } from "./soak/memory.ts";
import type { MemorySample } from "./soak/memory.ts";
import { cadenceOf, syncOf } from "./soak/recording.ts";
import { soakMarkdown } from "./soak/report.ts";
import type { SoakReport, Verdict } from "./soak/report.ts";
import { startTrax } from "./trax.ts";

/** `node bench/src/soak.ts [--minutes N] [--out DIR]`: see bench/README.md. Ends by itself. */
const { values } = parseArgs({ options: { minutes: { type: "string", default: "60" }, out: { type: "string" } } });
const minutes = Number(values.minutes);
const canvas = { width: 320, height: 180, frameRate: 30, videoBitrate: 1_000_000, audioBitrate: 128_000 };
const numbers = [3, 12];
const frameMs = 1_000 / canvas.frameRate;
/** 1,024 samples of AAC at 48 kHz. */
const soundPacketMs = 1_024 / 48;
const say = (line: string): void => void process.stderr.write(`soak: ${line}\n`);

if (!(minutes >= 1 && minutes <= 600)) {
  process.stderr.write("--minutes is 1 to 600\n");
  process.exitCode = 2;
} else {
  const owned = new Owned();
  try {
    await report(await soak(owned));
  } catch (error) {
    process.exitCode = 1;
    say(`failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  } finally {
    await owned.stop();
  }
}

async function soak(owned: Owned): Promise<SoakReport> {
  const [startedAt, before] = [new Date(), load()];
  const temporary = await tempDirectory("soak");
  owned.add({ stop: () => temporary.remove() });
  const trax = owned.add(await startTrax(temporary.path));
  const [first, second] = [owned.add(await startNginxRtmp()), owned.add(await startNginxRtmp())];
  const gauges = owned.add(openGauges(trax));
  const studio = await ComposedStudio.create(await trax.newAccount(), canvas);
  const cameras: Camera[] = [];
  owned.add({
    stop: async () => {
      for (const { publisher } of cameras) await publisher?.stop();
    },
  });
  for (const number of numbers) {
    const camera: Camera = { source: await studio.addSource(`Camera ${number}`), number, publisher: null };
    cameras.push(camera);
    await publish(camera);
  }
  await studio.untilOnline(cameras.length);
  const sources = cameras.map(({ source }) => source);
  const scenes: string[] = [];
  for (const source of sources) scenes.push(await studio.scene([source], [whole]));
  scenes.push(await studio.scene(sources, pictureInPicture));
  const recorded = await studio.addDestination(first.liveUrl, "recorded");
  await studio.addDestination(second.liveUrl, "disturbed");
  await studio.take(scenes[0] ?? "");
  await studio.goLive();
  await studio.untilLive(2);

  say(`on air for ${minutes} minutes`);
  const tally: Tally = { takes: 0, unanswered: 0, fades: 0, kills: 0, freezes: 0 };
  const until = performance.now() + minutes * 60_000;
  const [memory] = await Promise.all([
    sampleMemory(trax, studio.id, until),
    disturb(studio, scenes, cameras, second, until, tally),
  ]);
  const { destinations } = await studio.status();
  const gauge = await gauges.read(studio.id);
  await studio.goOffline();
  say("reading the recording");
  const file = await recordingOf(first, "recorded");
  const picture = await cadenceOf(file, "v", frameMs);
  const sound = await cadenceOf(file, "a", soundPacketMs);
  const sync = await syncOf(file, temporary.path, numbers);
  const growth = Object.fromEntries(
    ["program", "relay", "media-agent", "mediamtx", "control"].map((name) => [name, growthOf(memory, name)]),
  );
  const healthy = destinations.find(({ destinationId }) => destinationId === recorded);
  const verdicts: Verdict[] = [
    atMost("pictures more than 1.5 frame times after the one before", picture.gaps, 0, ""),
    atMost("longest step between two pictures", picture.longestStepMs, 1.5 * frameMs + 1, " ms"),
    atMost("packets of sound more than 1.5 of their times after the one before", sound.gaps, 0, ""),
    atMost("sound from picture, 99th percentile", sync.settled.p99Off, 40, " ms"),
    atMost("the same at the most", Math.max(sync.settled.most, -sync.settled.least), 40, " ms"),
    atMost("program worker's memory, growth", growth["program"]?.percent ?? Number.NaN, 5, " %"),
    atMost("relay worker's memory, growth", growth["relay"]?.percent ?? Number.NaN, 5, " %"),
    atMost("program workers that it took", new Set(memory.map(({ programPid }) => programPid)).size, 1, ""),
    atMost("takes that no program answered", tally.unanswered, 0, ""),
    atMost("reconnects of the healthy destination", healthy?.reconnects ?? Number.NaN, 0, ""),
    atMost("frames dropped for the healthy destination", healthy?.droppedFrames ?? Number.NaN, 0, ""),
    atMost("time on air that is not in the recording", missingSeconds(picture.seconds), 5, " s"),
  ];
  return {
    name: `soak-${minutes}min`,
    minutes,
    startedAt: startedAt.toISOString(),
    machine: describeMachine(),
    versions: await describeVersions(),
    load: { before, after: load() },
    tally,
    verdicts,
    picture,
    sound,
    sync,
    growth,
    skippedFrames: gauge?.skippedFrames ?? null,
    preset: gauge?.preset ?? null,
    destinations,
    memory: thinned(memory),
  };
}

function missingSeconds(recorded: number): number {
  return Math.max(0, minutes * 60 - recorded);
}

function atMost(what: string, value: number, limit: number, unit: string): Verdict {
  const shown = (one: number): string => `${Number(one.toFixed(1))}${unit}`;
  return { what, goal: `${shown(limit)} or less`, seen: shown(value), met: value <= limit };
}

/** The one file that a destination wrote, once nobody publishes to it any more. */
async function recordingOf(nginx: NginxRtmp, name: string): Promise<string> {
  await waitFor("the destination's publisher is gone", async () =>
    (await nginx.streams()).every((stream) => stream.name !== name || !stream.publishing),
  );
  const [file, ...more] = await nginx.recordings(name);
  if (file === undefined || more.length > 0)
    throw new Error(`${more.length + 1} recordings: the destination reconnected`);
  return file;
}

/** A sample a minute is enough to be looked at. */
function thinned(samples: readonly MemorySample[]): MemorySample[] {
  const step = Math.max(1, Math.floor(samples.length / 60));
  return samples.filter((_, index) => index % step === 0 || index === samples.length - 1);
}

async function report(made: SoakReport): Promise<void> {
  const directory = values.out ?? join(repository, "bench/results");
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, `${made.name}.json`), `${JSON.stringify(made, null, 2)}\n`);
  await writeFile(join(directory, `${made.name}.md`), soakMarkdown(made));
  process.stdout.write(soakMarkdown(made));
}
