import { execFile } from "node:child_process";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { startChild, waitFor } from "@trax/peers";
import { startRtmpServer } from "@trax/peers/rtmp-server/server";
import type { RtmpServer } from "@trax/peers/rtmp-server/server";
import { changeTo, readArrivals } from "../arrivals.ts";
import type { Benchmark, Outcome, Series, Setting } from "../benchmark.ts";
import { ComposedStudio } from "../composed-studio.ts";
import type { ComposedSource } from "../composed-studio.ts";
import { encoderArguments, liveInputs, soundArguments, whole } from "../composition.ts";
import { makeCountedStream } from "../counted-stream.ts";
import { startNginx } from "../nginx.ts";
import { Owned } from "../owned.ts";
import { openGauges } from "../program-gauges.ts";
import { startPublisher } from "../publisher.ts";
import { median, percentile } from "../statistics.ts";
import type { StreamFile } from "../test-stream.ts";
import { startTrax } from "../trax.ts";

const run = promisify(execFile);
const canvas = { width: 1280, height: 720, frameRate: 30, videoBitrate: 4_500_000, audioBitrate: 160_000 };
const frameMs = 1_000 / canvas.frameRate;
/** Counted, so that a picture says which is on. */
const cameras = [3, 12] as const;
/** Takes that do not count: code that has just begun to run is slow for a while. */
const warmUps = 4;
/** From one take to the next: spread evenly over some frame times, so that no phase of the frame clock is preferred. */
const pauseMs = (count: number): number => 450 + ((count * 37) % 97);

/** From a take's request to its answer, and to the first picture of the new scene at a destination. */
export const takeLatency: Benchmark = {
  name: "take-latency",
  title: "From a take to the first changed frame at a destination, against ffmpeg's streamselect",
  run: async (setting) => {
    const owned = new Owned();
    try {
      return await measure(setting, owned);
    } finally {
      await owned.stop();
    }
  },
};

type Take = {
  /** From the request, ms; null where nobody answers. */
  readonly answeredMs: number | null;
  readonly changedMs: number;
};

async function measure(setting: Setting, owned: Owned): Promise<Outcome> {
  const { directory, say, quick } = setting;
  const takes = quick ? 8 : 120;
  const trax = owned.add(await startTrax(directory));
  const origin = owned.add(await startNginx(directory, [{ name: "in", pushes: [] }]));
  const studio = await ComposedStudio.create(await trax.newAccount(), canvas);
  const sources: ComposedSource[] = [];
  const streams: StreamFile[] = [];
  for (const camera of cameras) {
    const stream = await makeCountedStream(directory, camera, 20);
    streams.push(stream);
    const publisher = owned.add(await startPublisher(stream));
    const source = await studio.addSource(`Camera ${camera}`);
    sources.push(source);
    await publisher.publish(trax.rtmpUrl, source.ingest.rtmp.streamKey);
    await publisher.publish(origin.url("in"), String(camera));
  }
  await studio.untilOnline(cameras.length);
  const encodeMs = await encodeTimes(streams, quick);
  const ours = await takesByTrax(studio, sources, setting, { takes, gauges: owned.add(openGauges(trax)) });
  say(`TRaX: ${describe(ours)}`);
  const inputs = cameras.map((camera) => `${origin.url("in")}/${camera}`);
  const theirs = await takesByFfmpeg(inputs, setting, Math.ceil(takes / 2));
  say(`ffmpeg: ${describe(theirs)}`);
  return {
    method:
      "Two counted pictures of 640x360p30 are published to a studio of 1280x720 at 30 frames a second with a scene for each, and a destination in the measuring process takes the program and notes when each picture was there whole. " +
      `${takes} takes, one after the other, some half a second between them; afterwards all pictures are decoded, and the first of the new scene after each request is looked for. ` +
      "The same is then asked of one ffmpeg 5.1 with streamselect in its graph and the same encoder, told on its standard input. " +
      "The encoder's delay is how long ffmpeg takes to decode, scale and encode one such picture with these settings when nothing else runs in it: x264's zerolatency holds none back.",
    series: [
      ...seriesOf("TRaX", ours, encodeMs),
      ...seriesOf("ffmpeg, streamselect", theirs, null),
      encoderSeries(encodeMs),
    ],
    notes: [
      `Waiting for the next tick of the frame clock is half a frame on average, ${(frameMs / 2).toFixed(0)} ms.`,
      "ffmpeg looks at its standard input ten times a second at the most: that is what its takes wait for. It answers nothing, and nothing tells who asked when it happened.",
    ],
  };
}

async function takesByTrax(
  studio: ComposedStudio,
  sources: readonly ComposedSource[],
  { quick, directory }: Setting,
  { takes, gauges }: { readonly takes: number; readonly gauges: ReturnType<typeof openGauges> },
): Promise<Take[]> {
  const server = await startRtmpServer();
  try {
    const scenes: string[] = [];
    for (const source of sources) scenes.push(await studio.scene([source], [whole]));
    await studio.addDestination(server.url, "takes");
    await studio.take(scenes[0] ?? "");
    await studio.goLive();
    await studio.untilLive(1);
    if (!quick) await gauges.untilAtEase(studio.id);
    const asked: { readonly from: number; readonly answeredMs: number; readonly camera: number }[] = [];
    for (let count = 1; count <= takes + warmUps; count++) {
      await delay(pauseMs(count));
      const from = performance.now();
      if ((await studio.take(scenes[count % 2] ?? "")) === null) throw new Error("no program runs");
      asked.push({ from, answeredMs: performance.now() - from, camera: cameras[count % 2] ?? 0 });
    }
    await delay(1_000);
    await studio.goOffline();
    const arrivals = await readArrivals(server, join(directory, "trax.flv"));
    return asked
      .slice(warmUps)
      .map(({ from, answeredMs, camera }) => ({ answeredMs, changedMs: changeTo(camera, from, arrivals) }));
  } finally {
    await server.stop();
  }
}

async function takesByFfmpeg(inputs: readonly string[], { directory }: Setting, takes: number): Promise<Take[]> {
  const server = await startRtmpServer();
  const ffmpeg = await startChild("ffmpeg", selectArguments(inputs, `${server.url}/takes`));
  try {
    await waitFor(
      "ffmpeg sends pictures",
      () => {
        if (ffmpeg.hasExited()) throw new Error(`ffmpeg ended: ${ffmpeg.output().slice(-800)}`);
        return picturesAt(server) > 60;
      },
      30_000,
    );
    const asked: { readonly from: number; readonly camera: number }[] = [];
    for (let count = 1; count <= takes; count++) {
      await delay(pauseMs(count));
      asked.push({ from: performance.now(), camera: cameras[count % 2] ?? 0 });
      const command = `all -1 map ${count % 2}`;
      // The key that asks for a command comes first.
      ffmpeg.write(`c${command}\n`);
    }
    await delay(1_000);
    await ffmpeg.stop();
    const arrivals = await readArrivals(server, join(directory, "ffmpeg.flv"));
    return asked.map(({ from, camera }) => ({ answeredMs: null, changedMs: changeTo(camera, from, arrivals) }));
  } finally {
    await ffmpeg.stop();
    await server.stop();
  }
}

function picturesAt(server: RtmpServer): number {
  return server.connections.flatMap(({ media }) => media).filter(({ kind }) => kind === "video").length;
}

function selectArguments(inputs: readonly string[], output: string): string[] {
  const { width, height, frameRate } = canvas;
  const scaled = inputs.map((_, index) => `[${index}:v]scale=${width}:${height}:flags=bicubic,setsar=1[p${index}]`);
  const pictures = inputs.map((_, index) => `[p${index}]`).join("");
  return [
    ..."-hide_banner -loglevel error".split(" "),
    ...liveInputs(inputs),
    "-filter_complex",
    [...scaled, `${pictures}streamselect=inputs=${inputs.length}:map=0,fps=${frameRate},format=yuv420p[v]`].join(";"),
    ..."-map [v] -map 0:a".split(" "),
    ...encoderArguments(canvas),
    ...soundArguments(canvas),
    ..."-flush_packets 1 -f flv".split(" "),
    output,
  ];
}

/** What one picture takes to be made, ms, by making many as fast as they can be made. */
async function encodeTimes(streams: readonly StreamFile[], quick: boolean): Promise<number[]> {
  const scale = `scale=${canvas.width}:${canvas.height}:flags=bicubic`;
  const times: number[] = [];
  for (const { path, seconds } of quick ? streams.slice(0, 1) : streams) {
    const args = ["-threads", "1", "-i", path, "-an", "-vf", scale, ...encoderArguments(canvas), "-f", "null", "-"];
    const start = performance.now();
    await run("ffmpeg", ["-hide_banner", "-loglevel", "error", "-nostdin", ...args]);
    times.push((performance.now() - start) / (seconds * canvas.frameRate));
  }
  return times;
}

function seriesOf(who: string, takes: readonly Take[], encodeMs: readonly number[] | null): Series[] {
  const changed = takes.map(({ changedMs }) => changedMs);
  const answered = takes.flatMap(({ answeredMs }) => answeredMs ?? []);
  const goal = encodeMs === null ? {} : { goal: { atMost: round(2 * frameMs + median(encodeMs)) } };
  const inFrames = encodeMs === null ? {} : { goal: { atMost: round(2 + median(encodeMs) / frameMs) } };
  const p99 = percentile(changed, 0.99);
  return [
    { name: `${who}: request to first changed frame`, unit: "ms", samples: changed },
    { name: `${who}: request to first changed frame, p99`, unit: "ms", samples: [p99], ...goal },
    { name: `${who}: request to first changed frame, p99`, unit: "frames", samples: [p99 / frameMs], ...inFrames },
    ...(answered.length === 0
      ? []
      : [
          { name: `${who}: request to answer`, unit: "ms", samples: answered },
          { name: `${who}: request to answer, p99`, unit: "ms", samples: [percentile(answered, 0.99)] },
        ]),
  ];
}

function encoderSeries(encodeMs: readonly number[]): Series {
  return { name: "the encoder's delay", unit: "ms", samples: encodeMs };
}

function round(value: number): number {
  return Number(value.toFixed(1));
}

function describe(takes: readonly Take[]): string {
  const changed = takes.map(({ changedMs }) => changedMs);
  const answered = takes.flatMap(({ answeredMs }) => answeredMs ?? []);
  return `changed after ${median(changed).toFixed(0)} ms, p99 ${percentile(changed, 0.99).toFixed(0)}; answered after ${median(answered).toFixed(0)} ms`;
}
