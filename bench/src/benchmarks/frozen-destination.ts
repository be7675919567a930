import { setTimeout as delay } from "node:timers/promises";
import { waitFor } from "@trax/peers";
import { startRtmpServer } from "@trax/peers/rtmp-server/server";
import type { RtmpServer } from "@trax/peers/rtmp-server/server";
import type { Benchmark, Outcome, Setting } from "../benchmark.ts";
import { Owned } from "../owned.ts";
import { startPublisher } from "../publisher.ts";
import { median, ratios } from "../statistics.ts";
import { BenchStudio } from "../studio.ts";
import { makeStream } from "../test-stream.ts";
import { throughputOf } from "../throughput.ts";
import type { Throughput } from "../throughput.ts";
import { startTrax } from "../trax.ts";

const destinations = 8;

/** Eight destinations, all well against one of them frozen: what the other seven receive. */
export const frozenDestination: Benchmark = {
  name: "frozen-destination",
  title: "One destination of eight frozen: what the other seven receive",
  run: async (setting) => {
    const owned = new Owned();
    try {
      return await measure(setting, owned);
    } finally {
      await owned.stop();
    }
  },
};

async function measure({ quick, say, directory }: Setting, owned: Owned): Promise<Outcome> {
  const seconds = quick ? 8 : 16;
  const repetitions = quick ? 1 : 4;
  const stream = await makeStream(directory, 6, 2_500_000);
  const trax = owned.add(await startTrax(directory));
  const publisher = owned.add(await startPublisher(stream));
  const studio = await BenchStudio.create(await trax.newAccount(), publisher, trax.rtmpUrl);
  const servers: RtmpServer[] = [];
  let eighth = "";
  for (let index = 0; index < destinations; index++) {
    const server = owned.add(await startRtmpServer());
    servers.push(server);
    eighth = await studio.addDestination(server.url, "stream");
  }
  const seven = servers.slice(0, -1);
  const [well] = servers.slice(-1);
  if (well === undefined) throw new Error("there is no eighth destination");
  const frozen = owned.add(
    await startRtmpServer({ behaviour: { afterStart: { ms: 1_000, action: "stopReading" } }, keepPayloads: false }),
  );
  await studio.untilOnline();
  await studio.goLive();
  await studio.untilLive(destinations);

  const window = async (): Promise<Throughput> => {
    const from = performance.now();
    // The window itself: there is no condition to wait for.
    await delay(seconds * 1000);
    const all = seven.map((server) => throughputOf(server.connections, from, performance.now(), stream.seconds));
    for (const { connections } of servers) for (const { media } of connections) media.length = 0;
    publisher.check();
    return worstOf(all);
  };

  const allWell: Throughput[] = [];
  const oneFrozen: Throughput[] = [];
  const dropped: number[] = [];
  for (let repetition = 1; repetition <= repetitions; repetition++) {
    await studio.moveDestination(eighth, well.url);
    await studio.untilLive(destinations);
    allWell.push(await window());
    const before = frozen.connections.length;
    await studio.moveDestination(eighth, frozen.url);
    await waitFor("the eighth destination publishes to who freezes", () =>
      frozen.connections.slice(before).some(({ publishing }) => publishing),
    );
    oneFrozen.push(await window());
    const status = (await studio.status()).destinations;
    dropped.push(
      status
        .filter(({ destinationId }) => destinationId !== eighth)
        .reduce((total, { droppedFrames }) => total + droppedFrames, 0),
    );
    say(
      `${repetition} of ${repetitions}: ${describe(allWell.at(-1))} against ${describe(oneFrozen.at(-1))}; the eighth is ${status.find(({ destinationId }) => destinationId === eighth)?.status}`,
    );
  }
  const rate = (list: readonly Throughput[]): number[] => list.map(({ bytesPerSecond }) => (bytesPerSecond * 8) / 1e6);
  const frames = (list: readonly Throughput[]): number[] => list.map(({ framesPerSecond }) => framesPerSecond);
  const gap = (list: readonly Throughput[]): number[] => list.map(({ longestGapMs }) => longestGapMs);
  const share = ratios(rate(oneFrozen), rate(allWell));
  await studio.goOffline();
  return {
    method:
      `${stream.description}, to ${destinations} destinations of one studio, which stays live throughout. In turns, ${seconds} s each: all well; and the eighth moved to a server that takes the stream for a second and then ` +
      "never reads again, nor does it after each new attempt. The figures are those of the worst of the other seven, counted as they arrive, over whole rounds of the stream.",
    series: [
      { name: "all eight well", unit: "Mbit/s", samples: rate(allWell) },
      { name: "one frozen, the other seven", unit: "Mbit/s", samples: rate(oneFrozen) },
      { name: "one frozen / all well", unit: "ratio", samples: share, goal: { atLeast: 0.99 } },
      { name: "all eight well, pictures", unit: "1/s", samples: frames(allWell) },
      { name: "one frozen, pictures", unit: "1/s", samples: frames(oneFrozen) },
      { name: "all eight well, longest gap", unit: "ms", samples: gap(allWell) },
      { name: "one frozen, longest gap", unit: "ms", samples: gap(oneFrozen) },
      { name: "frames dropped for the other seven", unit: "frames", samples: dropped, goal: { atMost: 0 } },
    ],
    notes: [
      `The frozen destination was connected to ${frozen.connections.length} times in ${repetitions} turns: it is noticed, closed and tried again, all beside the others.`,
      `The median share is ${(median(share) * 100).toFixed(2)} %.`,
    ],
  };
}

/** The least, and the longest gap, of any. */
function worstOf(all: readonly Throughput[]): Throughput {
  return {
    bytesPerSecond: Math.min(...all.map(({ bytesPerSecond }) => bytesPerSecond)),
    framesPerSecond: Math.min(...all.map(({ framesPerSecond }) => framesPerSecond)),
    longestGapMs: Math.max(...all.map(({ longestGapMs }) => longestGapMs)),
  };
}

function describe(throughput: Throughput | undefined): string {
  return `${(((throughput?.bytesPerSecond ?? 0) * 8) / 1e6).toFixed(3)} Mbit/s`;
}
