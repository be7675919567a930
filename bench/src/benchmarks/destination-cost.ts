import { startChild } from "@trax/peers";
import type { Benchmark, Outcome, Series, Setting } from "../benchmark.ts";
import { costDuring } from "../cost-window.ts";
import type { WindowCost } from "../cost-window.ts";
import { startNginx } from "../nginx.ts";
import type { Nginx } from "../nginx.ts";
import { Owned } from "../owned.ts";
import { startPublisher } from "../publisher.ts";
import type { Publisher } from "../publisher.ts";
import { median, ratios } from "../statistics.ts";
import { BenchStudio } from "../studio.ts";
import { makeStream } from "../test-stream.ts";
import { startTrax } from "../trax.ts";
import type { Trax } from "../trax.ts";
import { untilAllGrow, watchEvenness } from "../sink.ts";

const counts = [1, 4, 8] as const;

/** What a passthrough destination costs, against nginx-rtmp's push, an ffmpeg a destination and one ffmpeg with a tee to all. */
export const destinationCost: Benchmark = {
  name: "destination-cost",
  title: "What a passthrough destination costs, against nginx-rtmp, ffmpeg and ffmpeg's tee",
  run: async (setting) => {
    const owned = new Owned();
    try {
      return await measure(setting, owned);
    } finally {
      await owned.stop();
    }
  },
};

const groups = ["relay", "agent", "router", "nginx", "ffmpeg", "tee"] as const;
type Group = (typeof groups)[number];
type Window = ReadonlyMap<Group, WindowCost>;
type Scene = {
  readonly setting: Setting;
  readonly trax: Trax;
  readonly studio: BenchStudio;
  readonly destinations: readonly string[];
  readonly publisher: Publisher;
  readonly sink: Nginx;
  readonly pusher: Nginx;
};

async function measure(setting: Setting, owned: Owned): Promise<Outcome> {
  const { directory } = setting;
  const stream = await makeStream(directory, 6, 2_500_000);
  const trax = owned.add(await startTrax(directory));
  const sink = owned.add(await startNginx(directory, [{ name: "live", pushes: [] }]));
  const applications = counts.map((count) => ({
    name: `to${count}`,
    pushes: namesOf(`nginx${count}`, count).map((name) => `${sink.url("live")}/${name}`),
  }));
  const pusher = owned.add(await startNginx(directory, applications));
  const publisher = owned.add(await startPublisher(stream));
  await publisher.publish(sink.url("live"), "source");
  const studio = await BenchStudio.create(await trax.newAccount(), publisher, trax.rtmpUrl);
  await studio.untilOnline();

  const most = Math.max(...counts);
  const destinations: string[] = [];
  for (const name of namesOf("trax", most)) destinations.push(await studio.addDestination(sink.url("live"), name));
  const scene = { setting, trax, studio, destinations, publisher, sink, pusher };
  const results = new Map<number, readonly Window[]>();
  // Code that has just begun to run is slow for a while.
  await measureWith(most, 1, scene);
  for (let turn = 0; turn < (setting.quick ? 1 : 2); turn++)
    for (const count of counts)
      results.set(count, [...(results.get(count) ?? []), ...(await measureWith(count, 2, scene))]);
  return {
    method:
      `${stream.description}, sent by one process to TRaX, to an nginx-rtmp that pushes it on and to an nginx-rtmp that ffmpeg plays it from (\`-c copy\`: one process a destination, and one whose tee muxer sends to all). ` +
      "Every destination is the same third nginx. All of them copy at the same time and are measured over the same windows, so that each sees the same stream on the same machine. The counts take turns, after a turn that does not count. CPU is what the scheduler counted for the processes.",
    series: [...counts.flatMap((count) => seriesOf(count, results.get(count) ?? [])), ...marginal(results)],
    notes: [
      "nginx's process takes the stream in and pushes it on. TRaX's relay worker plays it from MediaMTX, which takes it in: its share, and the agent's, are listed beside the worker's, and the goal is held against the worker.",
      "The agent's share is that of one node, whatever number of studios it has.",
      "What the tee sends goes through one process and one thread: a destination that blocks holds up all of it, which neither TRaX nor nginx does.",
      "Each ffmpeg's memory counts the libraries that they all share.",
    ],
  };
}

async function measureWith(count: number, repetitions: number, scene: Scene): Promise<Window[]> {
  const { setting, trax, studio, destinations, publisher, sink, pusher } = scene;
  const owned = new Owned();
  try {
    for (const [index, id] of destinations.entries()) await studio.enableDestination(id, index < count);
    await studio.goLive();
    await studio.untilLive(count);
    owned.add(await publisher.publish(pusher.url(`to${count}`), `s${count}`));
    const ffmpegs: number[] = [];
    for (const name of namesOf(`ffmpeg${count}`, count)) {
      const ffmpeg = owned.add(await startChild("ffmpeg", copyArguments(sink, "flv", `${sink.url("live")}/${name}`)));
      ffmpegs.push(ffmpeg.pid);
    }
    const slaves = namesOf(`tee${count}`, count).map((name) => `[f=flv]${sink.url("live")}/${name}`);
    const tee = owned.add(await startChild("ffmpeg", copyArguments(sink, "tee", slaves.join("|"))));
    const names = ["trax", `nginx${count}`, `ffmpeg${count}`, `tee${count}`].flatMap((kind) => namesOf(kind, count));
    await untilAllGrow(sink, names);
    const relays = (await trax.processes()).filter(({ studioIds }) => studioIds?.includes(studio.id) === true);
    const pids: Record<Group, readonly number[]> = {
      relay: relays.map(({ pid }) => pid),
      agent: [await trax.pidOf("media-agent")],
      router: [await trax.pidOf("mediamtx")],
      nginx: [pusher.pid],
      ffmpeg: ffmpegs,
      tee: [tee.pid],
    };
    const windows: Window[] = [];
    const checkEvenness = await watchEvenness(sink, names);
    for (let window = 0; window < repetitions; window++)
      windows.push(await costDuring(setting.quick ? 2_000 : 8_000, pids));
    await checkEvenness();
    publisher.check();
    setting.say(`${count} destinations: ${describe(windows)}`);
    return windows;
  } finally {
    await owned.stop();
    await studio.goOffline();
  }
}

function copyArguments(sink: Nginx, ...output: readonly string[]): string[] {
  const quiet = ["-hide_banner", "-loglevel", "error", "-nostdin"];
  return [...quiet, "-i", `${sink.url("live")}/source`, "-map", "0", "-c", "copy", "-f", ...output];
}

function namesOf(kind: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${kind}-${index}`);
}

function cpu(windows: readonly Window[], group: Group): number[] {
  return windows.map((window) => window.get(group)?.cpuPercent ?? Number.NaN);
}

function memory(windows: readonly Window[], group: Group): number[] {
  return windows.map((window) => window.get(group)?.rssMb ?? Number.NaN);
}

function seriesOf(count: number, windows: readonly Window[]): Series[] {
  const unit = "% of a core";
  const of = `${count} destination${count === 1 ? "" : "s"}`;
  return [
    { name: `${of}: TRaX, relay worker`, unit, samples: cpu(windows, "relay") },
    { name: `${of}: TRaX, media agent`, unit, samples: cpu(windows, "agent") },
    { name: `${of}: TRaX, MediaMTX`, unit, samples: cpu(windows, "router") },
    { name: `${of}: nginx-rtmp push`, unit, samples: cpu(windows, "nginx") },
    { name: `${of}: ffmpeg -c copy each`, unit, samples: cpu(windows, "ffmpeg") },
    { name: `${of}: one ffmpeg -c copy with a tee`, unit, samples: cpu(windows, "tee") },
    {
      name: `${of}: relay worker / nginx-rtmp`,
      unit: "ratio",
      samples: ratios(cpu(windows, "relay"), cpu(windows, "nginx")),
      goal: { atMost: 1.5 },
    },
    {
      name: `${of}: relay worker / ffmpeg`,
      unit: "ratio",
      samples: ratios(cpu(windows, "relay"), cpu(windows, "ffmpeg")),
    },
    {
      name: `${of}: relay worker / ffmpeg with a tee`,
      unit: "ratio",
      samples: ratios(cpu(windows, "relay"), cpu(windows, "tee")),
    },
    { name: `${of}: TRaX, relay worker, memory`, unit: "MB", samples: memory(windows, "relay") },
    { name: `${of}: nginx-rtmp, memory`, unit: "MB", samples: memory(windows, "nginx") },
    { name: `${of}: ffmpeg, memory of all`, unit: "MB", samples: memory(windows, "ffmpeg") },
    { name: `${of}: ffmpeg with a tee, memory`, unit: "MB", samples: memory(windows, "tee") },
  ];
}

/** What one more destination costs, from the first to the last count. */
function marginal(results: ReadonlyMap<number, readonly Window[]>): Series[] {
  const [fewest, most] = [counts[0], counts[counts.length - 1] ?? counts[0]];
  const oneMore = (group: Group): number[] => {
    const last = cpu(results.get(most) ?? [], group);
    return cpu(results.get(fewest) ?? [], group).map(
      (first, index) => ((last[index] ?? Number.NaN) - first) / (most - fewest),
    );
  };
  const unit = "% of a core";
  return [
    { name: "one more destination: TRaX, relay worker", unit, samples: oneMore("relay") },
    { name: "one more destination: nginx-rtmp push", unit, samples: oneMore("nginx") },
    { name: "one more destination: ffmpeg -c copy", unit, samples: oneMore("ffmpeg") },
    { name: "one more destination: ffmpeg's tee", unit, samples: oneMore("tee") },
    {
      name: "one more destination: relay worker / nginx-rtmp",
      unit: "ratio",
      samples: [median(oneMore("relay")) / median(oneMore("nginx"))],
    },
  ];
}

function describe(windows: readonly Window[]): string {
  return groups.map((group) => `${group} ${median(cpu(windows, group)).toFixed(2)} %`).join(", ");
}
