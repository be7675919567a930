import { waitFor } from "@trax/peers";
import { startPublishing } from "@trax/peers/ffmpeg-publisher";
import { ensureNewerFfmpeg } from "@trax/peers/newer-ffmpeg";
import type { ApiClient } from "../api-client.ts";
import type { Benchmark, Outcome, Setting } from "../benchmark.ts";
import { ComposedStudio } from "../composed-studio.ts";
import { composeArguments, whole } from "../composition.ts";
import { costDuring } from "../cost-window.ts";
import { untilFirstFrame, withDestination } from "../first-frame.ts";
import { startNginx } from "../nginx.ts";
import { Owned } from "../owned.ts";
import { startPublisher } from "../publisher.ts";
import type { Publisher } from "../publisher.ts";
import { median, ratios } from "../statistics.ts";
import { makeStream } from "../test-stream.ts";
import { startTrax } from "../trax.ts";
import type { Trax } from "../trax.ts";

const canvas = { width: 1280, height: 720, frameRate: 30, videoBitrate: 4_500_000, audioBitrate: 160_000 };
/** Nobody tells when the worker kept ready has loaded its code: it has when it does nothing any more, % of a core. */
const idlePercent = 2;

/** From asking for a program that does not run to its first frame. */
export const programStart: Benchmark = {
  name: "program-start",
  title: "From asking for a composed program to its first frame, against a cold ffmpeg that composes",
  run: async (setting) => {
    const owned = new Owned();
    try {
      return await measure(setting, owned);
    } finally {
      await owned.stop();
    }
  },
};

type Scene = { readonly trax: Trax; readonly account: ApiClient; readonly publisher: Publisher };

async function measure({ directory, quick, say }: Setting, owned: Owned): Promise<Outcome> {
  const repetitions = quick ? 1 : 6;
  const stream = await makeStream(directory, 6, 2_500_000);
  const ffmpeg = await ensureNewerFfmpeg();
  const trax = owned.add(await startTrax(directory));
  const origin = owned.add(await startNginx(directory, [{ name: "in", pushes: [] }]));
  const publisher = owned.add(await startPublisher(stream));
  await publisher.publish(origin.url("in"), "source");
  const scene: Scene = { trax, account: await trax.newAccount(), publisher };
  const live: number[] = [];
  const watched: number[] = [];
  const cold: number[] = [];
  for (let repetition = 1; repetition <= repetitions; repetition++) {
    live.push(await byGoLive(scene));
    watched.push(await byLooking(scene));
    cold.push(await byFfmpeg(ffmpeg, `${origin.url("in")}/source`));
    publisher.check();
    const last = [live, watched, cold].map((list) => list.at(-1)?.toFixed(0)).join(", ");
    say(`${repetition} of ${repetitions}: ${last} ms`);
  }
  return {
    method:
      `${stream.description}, published to a source of a new studio of 1280x720 at 30 frames a second, whose program does not run yet, and no other program does. In turns: POST go-live until the first coded frame is whole at its destination, a server in the measuring process; ` +
      "GET the program's snapshot of another such studio, which makes it run, until the JPEG is there; and one ffmpeg 9.0.2 started with the same graph and encoder settings on the same stream, until its first frame is whole at such a destination.",
    series: [
      { name: "TRaX, go-live to first frame at the destination", unit: "ms", samples: live, goal: { atMost: 500 } },
      { name: "TRaX, asking for a picture to having it", unit: "ms", samples: watched },
      { name: "ffmpeg, cold, first frame at the destination", unit: "ms", samples: cold },
      { name: "TRaX, go-live / ffmpeg, cold", unit: "ratio", samples: ratios(live, cold) },
    ],
    notes: [
      "TRaX keeps one program worker ready, and the measuring waits until it is; a second start in the same second would find none and take longer by a process's start.",
      "A program's first frames may be of the slate: a source that it begins to play is shown from its next keyframe on, which is up to a second away here. ffmpeg has nothing to show until then, and after that analyses what it reads.",
      `The median of go-live is ${median(live).toFixed(0)} ms, of which connecting the destination is a part.`,
    ],
  };
}

/** A studio with a source online whose program does not run, when no other program runs and a worker is ready. */
async function withStudio<T>({ trax, account, publisher }: Scene, work: (studio: ComposedStudio) => Promise<T>) {
  const studio = await ComposedStudio.create(account, canvas);
  const source = await studio.addSource();
  const publication = await publisher.publish(trax.rtmpUrl, source.ingest.rtmp.streamKey);
  try {
    await studio.untilOnline(1);
    await waitFor("no program runs and a worker is kept ready", () => isReady(trax), 90_000);
    return await work(studio);
  } finally {
    await publication.stop();
  }
}

async function isReady(trax: Trax): Promise<boolean> {
  const [spare, ...more] = (await trax.processes()).filter(({ name }) => name === "program");
  if (spare === undefined || spare.studioId !== undefined || more.length > 0) return false;
  const cost = await costDuring(1_000, { spare: [spare.pid] });
  return (cost.get("spare")?.cpuPercent ?? 100) < idlePercent;
}

function byGoLive(scene: Scene): Promise<number> {
  return withDestination((server) =>
    withStudio(scene, async (studio) => {
      await studio.addDestination(server.url, "stream");
      const start = performance.now();
      await studio.goLive();
      const first = await untilFirstFrame(server);
      await studio.goOffline();
      return first - start;
    }),
  );
}

function byLooking(scene: Scene): Promise<number> {
  return withStudio(scene, async (studio) => {
    const start = performance.now();
    const size = await studio.snapshotSize();
    if (size < 1_000) throw new Error(`a picture of ${size} bytes`);
    return performance.now() - start;
  });
}

function byFfmpeg(program: string, source: string): Promise<number> {
  return withDestination(async (server) => {
    const start = performance.now();
    const ffmpeg = await startPublishing(
      composeArguments([source], [whole], canvas, [`${server.url}/stream`]),
      program,
    );
    try {
      return (await untilFirstFrame(server)) - start;
    } finally {
      await ffmpeg.stop();
    }
  });
}
