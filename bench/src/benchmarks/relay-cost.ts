import type { ApiClient } from "../api-client.ts";
import type { Benchmark, Outcome, Series, Setting } from "../benchmark.ts";
import { costDuring } from "../cost-window.ts";
import type { WindowCost } from "../cost-window.ts";
import { startNginx } from "../nginx.ts";
import type { Nginx } from "../nginx.ts";
import { Owned } from "../owned.ts";
import { startPublisher } from "../publisher.ts";
import type { Publisher } from "../publisher.ts";
import { untilAllGrow, watchEvenness } from "../sink.ts";
import { median } from "../statistics.ts";
import { BenchStudio } from "../studio.ts";
import { makeStream } from "../test-stream.ts";
import { startTrax } from "../trax.ts";
import type { Trax } from "../trax.ts";

const counts = [1, 10, 50] as const;

/** What live studios with a source and a destination each cost, and MediaMTX beside them. */
export const relayCost: Benchmark = {
  name: "relay-cost",
  title: "What 1, 10 and 50 live relays cost, with a source and a destination each",
  run: async (setting) => {
    const owned = new Owned();
    try {
      return await measure(setting, owned);
    } finally {
      await owned.stop();
    }
  },
};

type Group = "relay" | "agent" | "router" | "control" | "database" | "publisher";
type Window = ReadonlyMap<Group, WindowCost>;
type Scene = { readonly trax: Trax; readonly publisher: Publisher; readonly sink: Nginx; readonly account: ApiClient };

async function measure(setting: Setting, owned: Owned): Promise<Outcome> {
  const { directory, say, quick } = setting;
  const stream = await makeStream(directory, 6, 1_000_000);
  const trax = owned.add(await startTrax(directory));
  const sink = owned.add(await startNginx(directory, [{ name: "live", pushes: [] }]));
  const publisher = owned.add(await startPublisher(stream));
  const scene = { trax, publisher, sink, account: await trax.newAccount() };
  const studios: BenchStudio[] = [];
  const results = new Map<number, readonly Window[]>();
  const idle = await measureWith(setting, scene, []);
  for (const count of counts) {
    const from = studios.length;
    await Promise.all(Array.from({ length: count - from }, (_, index) => addStudio(scene, from + index, studios)));
    const names = studios.map((_, index) => `relay-${index}`);
    await untilAllGrow(sink, names);
    const checkEvenness = await watchEvenness(sink, names);
    const windows = await measureWith(setting, scene, names);
    await checkEvenness();
    publisher.check();
    results.set(count, windows);
    say(
      `${count}: relay ${median(cpu(windows, "relay")).toFixed(2)} %, ${median(memory(windows, "relay")).toFixed(0)} MB`,
    );
    if (quick && count === 10) break;
  }
  for (const studio of studios) await studio.goOffline();
  const measured = counts.filter((count) => results.has(count));
  return {
    method:
      `${stream.description}, published to each studio's source by one process of ours that sends the same file to all, and relayed to nginx-rtmp. ` +
      "Studios are added, so that what is measured with 50 has been measured with 1 before. CPU is what the scheduler counted for the processes; memory is theirs at the end of each window.",
    series: [
      { name: "none live: relay worker (kept ready)", unit: "% of a core", samples: cpu(idle, "relay") },
      { name: "none live: relay worker, memory", unit: "MB", samples: memory(idle, "relay") },
      { name: "none live: media agent", unit: "% of a core", samples: cpu(idle, "agent") },
      ...measured.flatMap((count) => seriesOf(count, results.get(count) ?? [], idle)),
    ],
    notes: [
      "A relay is the relay worker's CPU divided by the number of relays; the worker, kept ready before the first go-live, is a whole Node process, so that a single relay carries all of its memory.",
      "MediaMTX's cost is that of taking in each source and giving it to the relay. Control's and the database's are of the whole instance.",
    ],
  };
}

async function addStudio(scene: Scene, index: number, studios: BenchStudio[]): Promise<void> {
  const { trax, publisher, sink, account } = scene;
  const studio = await BenchStudio.create(account, publisher, trax.rtmpUrl);
  studios.push(studio);
  await studio.addDestination(sink.url("live"), `relay-${index}`);
  await studio.untilOnline(120_000);
  await studio.goLive();
  await studio.untilLive(1, 120_000);
}

async function measureWith({ quick }: Setting, { trax, publisher }: Scene, live: readonly string[]): Promise<Window[]> {
  const processes = await trax.processes();
  const groups = {
    relay: processes.filter(({ name }) => name === "relay").map(({ pid }) => pid),
    agent: [await trax.pidOf("media-agent")],
    router: [await trax.pidOf("mediamtx")],
    control: [await trax.pidOf("control")],
    database: await trax.databasePids(),
    publisher: [publisher.pid],
  };
  // Code that has just begun to run is slow for a while.
  await costDuring(quick ? 1_000 : 8_000, groups);
  const windows: Window[] = [];
  const repetitions = live.length === 0 ? 2 : 5;
  for (let window = 0; window < (quick ? 2 : repetitions); window++)
    windows.push(await costDuring(quick ? 2_000 : 5_000, groups));
  return windows;
}

function cpu(windows: readonly Window[], group: Group): number[] {
  return windows.map((window) => window.get(group)?.cpuPercent ?? Number.NaN);
}

function memory(windows: readonly Window[], group: Group): number[] {
  return windows.map((window) => window.get(group)?.rssMb ?? Number.NaN);
}

function seriesOf(count: number, windows: readonly Window[], idle: readonly Window[]): Series[] {
  const of = `${count} live`;
  const unit = "% of a core";
  const spare = median(memory(idle, "relay"));
  const each = (samples: readonly number[]): number[] => samples.map((sample) => sample / count);
  return [
    { name: `${of}: CPU a relay`, unit, samples: each(cpu(windows, "relay")), goal: { atMost: 1 } },
    { name: `${of}: memory a relay`, unit: "MB", samples: each(memory(windows, "relay")), goal: { atMost: 10 } },
    {
      name: `${of}: memory a relay, beyond the idle worker`,
      unit: "MB",
      samples: each(memory(windows, "relay").map((total) => total - spare)),
    },
    { name: `${of}: MediaMTX, a source`, unit, samples: each(cpu(windows, "router")) },
    { name: `${of}: MediaMTX, memory`, unit: "MB", samples: memory(windows, "router") },
    { name: `${of}: media agent`, unit, samples: cpu(windows, "agent") },
    { name: `${of}: control`, unit, samples: cpu(windows, "control") },
    { name: `${of}: PostgreSQL`, unit, samples: cpu(windows, "database") },
  ];
}
