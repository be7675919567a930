import { setTimeout as delay } from "node:timers/promises";
import { startChild, startMediaMtxPlain } from "@trax/peers";
import type { RtmpServer } from "@trax/peers/rtmp-server/server";
import type { Benchmark, Outcome, Setting } from "../benchmark.ts";
import { untilFirstFrame, withDestination } from "../first-frame.ts";
import { Owned } from "../owned.ts";
import { startPublisher } from "../publisher.ts";
import type { Publisher } from "../publisher.ts";
import { median, ratios } from "../statistics.ts";
import { BenchStudio } from "../studio.ts";
import { makeStream } from "../test-stream.ts";
import { startTrax } from "../trax.ts";

const keyframeEveryMs = 1_000;

/** From the call to the first frame at the destination, against ffmpeg started cold on the same source. */
export const goLive: Benchmark = {
  name: "go-live",
  title: "From go-live to the first frame at the destination, against a cold ffmpeg",
  run: async (setting) => {
    const owned = new Owned();
    try {
      return await measure(setting, owned);
    } finally {
      await owned.stop();
    }
  },
};

type Take = { readonly firstFrameMs: number; readonly answeredMs: number };

async function measure({ quick, say, directory }: Setting, owned: Owned): Promise<Outcome> {
  const repetitions = quick ? 3 : 20;
  const stream = await makeStream(directory, 6, 2_500_000);
  const trax = owned.add(await startTrax(directory));
  const router = owned.add(await startMediaMtxPlain());
  const publisher = owned.add(await startPublisher(stream));
  await publisher.publish(router.rtmpUrl, "source");
  const studio = await BenchStudio.create(await trax.newAccount(), publisher, trax.rtmpUrl);
  const destinationId = await studio.addDestination("rtmp://127.0.0.1:9/live", "stream");
  await studio.untilOnline();
  await router.waitForPath("live/source");

  const byTrax = (server: RtmpServer): Promise<Take> => takeByTrax(studio, server);
  const byFfmpeg =
    (options: readonly string[]) =>
    async (server: RtmpServer): Promise<Take> =>
      takeByFfmpeg(`${router.rtmpUrl}/source`, options, server);
  const at = (phase: number, take: (server: RtmpServer) => Promise<Take>): Promise<Take> =>
    withDestination(async (server) => {
      await untilPhase(publisher, phase);
      return take(server);
    });

  const ours: Take[] = [];
  const plain: Take[] = [];
  const hasty: Take[] = [];
  for (let repetition = 0; repetition < repetitions; repetition++) {
    // Evenly over the time between two keyframes, the same for all three.
    const phase = ((repetition + 0.5) / repetitions) * keyframeEveryMs;
    ours.push(
      await withDestination(async (server) => {
        await studio.moveDestination(destinationId, server.url);
        await untilPhase(publisher, phase);
        const take = await byTrax(server);
        await studio.goOffline();
        return take;
      }),
    );
    plain.push(await at(phase, byFfmpeg([])));
    hasty.push(await at(phase, byFfmpeg(["-fflags", "nobuffer", "-probesize", "4096", "-analyzeduration", "0"])));
    publisher.check();
    say(
      `${repetition + 1} of ${repetitions}: ${[ours, plain, hasty].map((takes) => takes.at(-1)?.firstFrameMs.toFixed(0)).join(", ")} ms`,
    );
  }
  const first = (takes: readonly Take[]): number[] => takes.map(({ firstFrameMs }) => firstFrameMs);
  return {
    method:
      `${stream.description}, published to TRaX and to a plain MediaMTX by one process in step. In turns, each begun at the same place between two keyframes ` +
      `(spread evenly over ${repetitions} repetitions): POST go-live, and ffmpeg started with \`-i rtmp://MediaMTX/... -c copy -f flv rtmp://destination\`, once as it comes and once with ` +
      "its probing all but switched off. Time is from sending the request, or starting the process, to the first coded frame being whole at the destination, a server in the measuring process. " +
      "The median is the p50.",
    series: [
      { name: "TRaX, go-live to first frame", unit: "ms", samples: first(ours), goal: { atMost: 100 } },
      { name: "ffmpeg -c copy, cold", unit: "ms", samples: first(plain) },
      { name: "ffmpeg -c copy, cold, hardly probing", unit: "ms", samples: first(hasty) },
      { name: "TRaX / ffmpeg", unit: "ratio", samples: ratios(first(ours), first(plain)) },
      { name: "TRaX / ffmpeg, hardly probing", unit: "ratio", samples: ratios(first(ours), first(hasty)) },
      {
        name: "TRaX, POST go-live answered",
        unit: "ms",
        samples: ours.map(({ answeredMs }) => answeredMs),
        goal: { atMost: 100 },
      },
    ],
    notes: [
      `TRaX was already playing the source, which is how it is built: its destination starts at the last keyframe, on average ${keyframeEveryMs / 2} ms old.`,
      `The p50 of ffmpeg is ${median(first(plain)).toFixed(0)} ms, of which its start is a part and waiting for a keyframe another.`,
    ],
  };
}

/** Waits until so many ms have passed since a keyframe was published. */
async function untilPhase(publisher: Publisher, phase: number): Promise<void> {
  const since = await publisher.sinceKeyframe();
  await delay((phase - since + 2 * keyframeEveryMs) % keyframeEveryMs);
}

async function takeByTrax(studio: BenchStudio, server: RtmpServer): Promise<Take> {
  const start = performance.now();
  await studio.goLive();
  const answeredMs = performance.now() - start;
  return { firstFrameMs: (await untilFirstFrame(server)) - start, answeredMs };
}

async function takeByFfmpeg(source: string, options: readonly string[], server: RtmpServer): Promise<Take> {
  const quiet = ["-hide_banner", "-loglevel", "error", "-nostdin"];
  const start = performance.now();
  const ffmpeg = await startChild("ffmpeg", [
    ...quiet,
    ...options,
    "-i",
    source,
    "-c",
    "copy",
    "-f",
    "flv",
    `${server.url}/stream`,
  ]);
  try {
    return { firstFrameMs: (await untilFirstFrame(server)) - start, answeredMs: Number.NaN };
  } finally {
    await ffmpeg.stop();
  }
}
