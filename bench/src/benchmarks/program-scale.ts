import { startPublishing } from "@trax/peers/ffmpeg-publisher";
import { ensureNewerFfmpeg } from "@trax/peers/newer-ffmpeg";
import type { ApiClient } from "../api-client.ts";
import type { Benchmark, Outcome, Series, Setting } from "../benchmark.ts";
import { ComposedStudio, workersOf } from "../composed-studio.ts";
import type { ComposedSource } from "../composed-studio.ts";
import { composeArguments, grid, whole } from "../composition.ts";
import type { Box, Canvas } from "../composition.ts";
import { costDuring } from "../cost-window.ts";
import type { WindowCost } from "../cost-window.ts";
import { startNginx } from "../nginx.ts";
import type { Nginx } from "../nginx.ts";
import { Owned } from "../owned.ts";
import { openGauges } from "../program-gauges.ts";
import type { GaugeReader } from "../program-gauges.ts";
import { startPublisher } from "../publisher.ts";
import type { Publisher } from "../publisher.ts";
import { untilAllGrow } from "../sink.ts";
import { median, ratios } from "../statistics.ts";
import { makeStream } from "../test-stream.ts";
import { startTrax } from "../trax.ts";
import type { Trax } from "../trax.ts";

const small: Canvas = { width: 320, height: 180, frameRate: 30, videoBitrate: 600_000, audioBitrate: 96_000 };
const middle: Canvas = { width: 640, height: 360, frameRate: 30, videoBitrate: 1_500_000, audioBitrate: 96_000 };
const large: Canvas = { width: 1280, height: 720, frameRate: 30, videoBitrate: 4_500_000, audioBitrate: 160_000 };
const studioCounts = [1, 2, 4] as const;
const grids: readonly (readonly Box[])[] = [[whole], grid(2, 1), grid(2, 2), grid(4, 2)];

/** What composed studios cost as there are more of them, and as each has more sources, beside an ffmpeg for each. */
export const programScale: Benchmark = {
  name: "program-scale",
  title: "What composed studios cost: 1, 2 and 4 of them, and 1, 2, 4 and 8 sources in one",
  run: async (setting) => {
    const owned = new Owned();
    try {
      return await measure(setting, owned);
    } finally {
      await owned.stop();
    }
  },
};

type Group = "program" | "relay" | "agent" | "router" | "ffmpeg";
type Window = ReadonlyMap<Group, WindowCost>;
type Scene = {
  readonly setting: Setting;
  readonly trax: Trax;
  readonly account: ApiClient;
  readonly gauges: GaugeReader;
  readonly publisher: Publisher;
  readonly sink: Nginx;
  readonly ffmpeg: string;
};
/** One studio on air, and the ffmpeg that does the same. */
type Pair = { readonly studio: ComposedStudio; readonly ffmpegPid: number; readonly stop: () => Promise<void> };
type Step = { readonly name: string; readonly studios: number; readonly windows: readonly Window[] };

async function measure(setting: Setting, owned: Owned): Promise<Outcome> {
  const { directory } = setting;
  const stream = await makeStream(directory, 6, 800_000, "640x360");
  const trax = owned.add(await startTrax(directory));
  const sink = owned.add(
    await startNginx(directory, [
      { name: "in", pushes: [] },
      { name: "live", pushes: [] },
    ]),
  );
  const publisher = owned.add(await startPublisher(stream));
  await publisher.publish(sink.url("in"), "source");
  const scene: Scene = {
    setting,
    trax,
    account: await trax.newAccount(),
    gauges: owned.add(openGauges(trax)),
    publisher,
    sink,
    ffmpeg: await ensureNewerFfmpeg(),
  };
  const steps = [...(await moreStudios(scene)), ...(await moreSources(scene))];
  publisher.check();
  return {
    method:
      `${stream.description}, published to every source by one process of ours. Each studio sends to a name at nginx-rtmp, and beside it runs one ffmpeg 9.0.2 with the same graph, encoder settings (veryfast, zerolatency, one thread) and output, from the same stream. ` +
      "First 1, 2 and 4 studios of 320x180 with one source each, then one of 1280x720, then one of 640x360 with 1, 2, 4 and 8 sources in a grid, all at 30 frames a second. " +
      "Studios are the program workers and the relay workers together; CPU is what the scheduler counted for the processes, memory is theirs at the end of each window.",
    series: steps.flatMap(seriesOf),
    notes: [
      "Every program also encodes Opus and publishes itself to MediaMTX twice, for those who watch, which ffmpeg does not.",
      "One more program worker is kept ready for the next studio, whatever the number: it is not in these figures.",
      "Relay workers are shared by studios, program workers are not.",
    ],
  };
}

async function moreStudios(scene: Scene): Promise<Step[]> {
  const owned = new Owned();
  const pairs: Pair[] = [];
  const steps: Step[] = [];
  try {
    for (const count of scene.setting.quick ? [1, 2] : studioCounts) {
      while (pairs.length < count) pairs.push(owned.add(await startPair(scene, small, [whole])));
      const name = `${count} studio${count === 1 ? "" : "s"} of 320x180`;
      steps.push({ name, studios: count, windows: await costOf(scene, name, pairs) });
    }
  } finally {
    await owned.stop();
  }
  return [...steps, await alone(scene, "1 studio of 1280x720", large, [whole])];
}

async function moreSources(scene: Scene): Promise<Step[]> {
  const steps: Step[] = [];
  for (const boxes of scene.setting.quick ? grids.slice(-1) : grids) {
    const name = `1 studio of 640x360 with ${boxes.length} source${boxes.length === 1 ? "" : "s"}`;
    steps.push(await alone(scene, name, middle, boxes));
  }
  return steps;
}

async function alone(scene: Scene, name: string, canvas: Canvas, boxes: readonly Box[]): Promise<Step> {
  const pair = await startPair(scene, canvas, boxes);
  try {
    return { name, studios: 1, windows: await costOf(scene, name, [pair]) };
  } finally {
    await pair.stop();
  }
}

let pairs = 0;

async function startPair(scene: Scene, canvas: Canvas, boxes: readonly Box[]): Promise<Pair> {
  const { account, trax, publisher, sink, ffmpeg } = scene;
  const owned = new Owned();
  pairs += 1;
  const names = [`trax-${pairs}`, `ffmpeg-${pairs}`] as const;
  try {
    const studio = await ComposedStudio.create(account, canvas);
    owned.add({ stop: () => studio.goOffline() });
    const sources: ComposedSource[] = [];
    for (const _ of boxes) {
      const source = await studio.addSource();
      sources.push(source);
      owned.add(await publisher.publish(trax.rtmpUrl, source.ingest.rtmp.streamKey));
    }
    await studio.untilOnline(sources.length);
    await studio.addDestination(sink.url("live"), names[0]);
    await studio.take(await studio.scene(sources, boxes));
    await studio.goLive();
    await studio.untilLive(1);
    const inputs = boxes.map(() => `${sink.url("in")}/source`);
    const args = composeArguments(inputs, boxes, canvas, [`${sink.url("live")}/${names[1]}`]);
    const peer = owned.add(await startPublishing(args, ffmpeg));
    await peer.waitForFrames(30, 60_000);
    await untilAllGrow(sink, names);
    return { studio, ffmpegPid: peer.pid, stop: () => owned.stop() };
  } catch (error) {
    await owned.stop();
    throw error;
  }
}

async function costOf({ setting, trax, gauges }: Scene, name: string, on: readonly Pair[]): Promise<Window[]> {
  if (!setting.quick) for (const { studio } of on) await gauges.untilAtEase(studio.id);
  const workers = await Promise.all(on.map(({ studio }) => workersOf(trax, studio.id)));
  const groups = {
    program: workers.flatMap(({ program }) => program),
    relay: [...new Set(workers.flatMap(({ relay }) => relay))],
    agent: [await trax.pidOf("media-agent")],
    router: [await trax.pidOf("mediamtx")],
    ffmpeg: on.map(({ ffmpegPid }) => ffmpegPid),
  };
  // Code that has just begun to run is slow for a while.
  await costDuring(setting.quick ? 500 : 4_000, groups);
  const windows: Window[] = [];
  for (let window = 0; window < (setting.quick ? 1 : 3); window++)
    windows.push(await costDuring(setting.quick ? 1_500 : 5_000, groups));
  const seen = await Promise.all(on.map(({ studio }) => gauges.read(studio.id)));
  const made = seen.map((gauge) => `${gauge?.frameRate.toFixed(1)} 1/s ${gauge?.preset}`).join(", ");
  setting.say(
    `${name}: ${median(ours(windows)).toFixed(1)} %, ${median(cpu(windows, "ffmpeg")).toFixed(1)} % (${made})`,
  );
  const lazy = seen.filter((gauge) => gauge === null || gauge.preset !== "veryfast" || gauge.frameRate < 29);
  if (lazy.length > 0 && !setting.quick) throw new Error(`${name}: not the same work as ffmpeg: ${made}`);
  return windows;
}

function seriesOf({ name, studios, windows }: Step): Series[] {
  const unit = "% of a core";
  const each = (samples: readonly number[]): number[] => samples.map((sample) => sample / studios);
  return [
    { name: `${name}: CPU a studio`, unit, samples: each(ours(windows)) },
    { name: `${name}: CPU an ffmpeg`, unit, samples: each(cpu(windows, "ffmpeg")) },
    { name: `${name}: studio / ffmpeg`, unit: "ratio", samples: ratios(ours(windows), cpu(windows, "ffmpeg")) },
    { name: `${name}: memory, a program worker`, unit: "MB", samples: each(memory(windows, "program")) },
    { name: `${name}: memory, an ffmpeg`, unit: "MB", samples: each(memory(windows, "ffmpeg")) },
    { name: `${name}: media agent`, unit, samples: cpu(windows, "agent") },
    { name: `${name}: MediaMTX`, unit, samples: cpu(windows, "router") },
  ];
}

function cpu(windows: readonly Window[], group: Group): number[] {
  return windows.map((window) => window.get(group)?.cpuPercent ?? Number.NaN);
}

function memory(windows: readonly Window[], group: Group): number[] {
  return windows.map((window) => window.get(group)?.rssMb ?? Number.NaN);
}

function ours(windows: readonly Window[]): number[] {
  const relay = cpu(windows, "relay");
  return cpu(windows, "program").map((program, index) => program + (relay[index] ?? Number.NaN));
}
