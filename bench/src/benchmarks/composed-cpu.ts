import { ensureNewerFfmpeg } from "@trax/peers/newer-ffmpeg";
import { startPublishing } from "@trax/peers/ffmpeg-publisher";
import type { Benchmark, Outcome, Series, Setting } from "../benchmark.ts";
import { ComposedStudio, workersOf } from "../composed-studio.ts";
import type { ComposedSource } from "../composed-studio.ts";
import { composeArguments, pictureInPicture } from "../composition.ts";
import { costDuring } from "../cost-window.ts";
import type { WindowCost } from "../cost-window.ts";
import { startNginx } from "../nginx.ts";
import type { Nginx } from "../nginx.ts";
import { Owned } from "../owned.ts";
import { openGauges } from "../program-gauges.ts";
import type { GaugeReader } from "../program-gauges.ts";
import { startPublisher } from "../publisher.ts";
import { untilAllGrow, watchEvenness } from "../sink.ts";
import { median, ratios } from "../statistics.ts";
import { makeStream } from "../test-stream.ts";
import { startTrax } from "../trax.ts";
import type { Trax } from "../trax.ts";

const canvas = { width: 1280, height: 720, frameRate: 30, videoBitrate: 4_500_000, audioBitrate: 160_000 };
const destinations = 3;

/** A composed picture-in-picture to three destinations, against one ffmpeg that does the same. */
export const composedCpu: Benchmark = {
  name: "composed-cpu",
  title: "A composed 720p30 picture-in-picture to three destinations, against one ffmpeg given the same graph",
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
/** What one window saw: costs, and how much of a frame rate and a bitrate was really made. */
type Window = {
  readonly preset: string | undefined;
  readonly cost: ReadonlyMap<Group, WindowCost>;
  readonly fps: { readonly trax: number; readonly ffmpeg: number };
  readonly megabits: { readonly trax: number; readonly ffmpeg: number };
};
type Peer = { readonly name: string; readonly program: string };
type Scene = {
  readonly setting: Setting;
  readonly trax: Trax;
  readonly gauges: GaugeReader;
  readonly studio: ComposedStudio;
  readonly sink: Nginx;
};

async function measure(setting: Setting, owned: Owned): Promise<Outcome> {
  const { directory } = setting;
  const stream = await makeStream(directory, 6, 2_500_000);
  const trax = owned.add(await startTrax(directory));
  const sink = owned.add(
    await startNginx(directory, [
      { name: "in", pushes: [] },
      { name: "live", pushes: [] },
    ]),
  );
  const publisher = owned.add(await startPublisher(stream));
  const studio = await ComposedStudio.create(await trax.newAccount(), canvas);
  const sources: ComposedSource[] = [];
  for (const name of ["a", "b"]) {
    const source = await studio.addSource(name);
    sources.push(source);
    await publisher.publish(trax.rtmpUrl, source.ingest.rtmp.streamKey);
    await publisher.publish(sink.url("in"), name);
  }
  for (const name of namesOf("trax")) await studio.addDestination(sink.url("live"), name);
  await studio.untilOnline(sources.length);
  await studio.take(await studio.scene(sources, pictureInPicture));
  await studio.goLive();
  await studio.untilLive(destinations);

  const scene = { setting, trax, studio, sink, gauges: owned.add(openGauges(trax)) };
  const newer = await measureBeside({ name: "ffmpeg 9.0.2", program: await ensureNewerFfmpeg() }, scene);
  const debian = await measureBeside({ name: "ffmpeg 5.1", program: "ffmpeg" }, scene);
  publisher.check();
  const gauges = await scene.gauges.read(studio.id);
  await studio.goOffline();
  return {
    method:
      `Twice the same ${stream.description}, sent by one process to TRaX and to an nginx-rtmp that ffmpeg plays it from. Both make of them 1280x720 at 30 frames a second: one source on the whole canvas, the other at three tenths of it in a corner, sound mixed and limited; ` +
      `both encode with x264's veryfast, zerolatency, High, crf 23 capped at ${canvas.videoBitrate / 1e6} Mbit/s, one thread, a keyframe every two seconds, and AAC at ${canvas.audioBitrate / 1e3} kbit/s, and send it to ${destinations} names at one nginx-rtmp: TRaX by its relay worker, ffmpeg by its tee muxer. ` +
      "ffmpeg decodes with one thread an input and filters with one. The two run at the same time and are measured over the same windows; first beside PyPI's imageio-ffmpeg (9.0.2), then beside Debian's (5.1).",
    series: [...seriesOf("ffmpeg 9.0.2", newer), ...seriesOf("ffmpeg 5.1", debian)],
    notes: [
      "TRaX's side is the program worker and the relay worker. The worker also publishes the program to MediaMTX, for those who watch by RTMP, SRT or HLS, which ffmpeg does not; nobody watches by WebRTC, for which it would encode Opus too.",
      "Versions differ: the program worker uses the FFmpeg 8.1 that node-av carries.",
      `The program skipped ${gauges?.skippedFrames ?? "an unknown number of"} frames in all, and ended with the preset ${gauges?.preset ?? "unknown"}.`,
    ],
  };
}

async function measureBeside(peer: Peer, { setting, trax, gauges, studio, sink }: Scene): Promise<Window[]> {
  const outputs = namesOf(peer.name.replaceAll(/\W/g, ""));
  const inputs = ["a", "b"].map((name) => `${sink.url("in")}/${name}`);
  const urls = outputs.map((name) => `${sink.url("live")}/${name}`);
  const ffmpeg = await startPublishing(composeArguments(inputs, pictureInPicture, canvas, urls), peer.program);
  try {
    await ffmpeg.waitForFrames(30);
    await untilAllGrow(sink, [...namesOf("trax"), ...outputs]);
    if (!setting.quick) await gauges.untilAtEase(studio.id);
    const groups = {
      ...(await workersOf(trax, studio.id)),
      agent: [await trax.pidOf("media-agent")],
      router: [await trax.pidOf("mediamtx")],
      ffmpeg: [ffmpeg.pid],
    };
    // Code that has just begun to run is slow for a while.
    await costDuring(setting.quick ? 1_000 : 6_000, groups);
    const checks = [await watchEvenness(sink, namesOf("trax")), await watchEvenness(sink, outputs)];
    const windows: Window[] = [];
    for (let window = 0; window < (setting.quick ? 1 : 5); window++) {
      const before = { frames: ffmpeg.frames(), bytes: await sink.received(), at: performance.now() };
      const cost = await costDuring(setting.quick ? 3_000 : 8_000, groups);
      const seconds = (performance.now() - before.at) / 1000;
      const bytes = await sink.received();
      const megabits = (name = ""): number =>
        ((bytes.get(`live/${name}`) ?? 0) - (before.bytes.get(`live/${name}`) ?? 0)) / seconds / 125_000;
      const gauge = await gauges.read(studio.id);
      windows.push({
        preset: gauge?.preset,
        cost,
        fps: {
          trax: gauge?.frameRate ?? Number.NaN,
          ffmpeg: (ffmpeg.frames() - before.frames) / seconds,
        },
        megabits: { trax: megabits(namesOf("trax")[0]), ffmpeg: megabits(outputs[0]) },
      });
    }
    for (const check of checks) await check();
    if (!setting.quick) assertSameWork(windows);
    setting.say(`${peer.name}: TRaX ${median(ours(windows)).toFixed(1)} %, ${median(theirs(windows)).toFixed(1)} %`);
    return windows;
  } finally {
    await ffmpeg.stop();
  }
}

/** Whoever makes fewer pictures, or encodes them with less effort, costs less. */
function assertSameWork(windows: readonly Window[]): void {
  for (const { fps, preset } of windows)
    if (preset !== "veryfast" || Math.min(fps.trax, fps.ffmpeg) < 29 || Math.max(fps.trax, fps.ffmpeg) > 31)
      throw new Error(`not the same work: ${fps.trax} pictures a second with ${preset}, ffmpeg ${fps.ffmpeg}`);
}

function seriesOf(peer: string, windows: readonly Window[]): Series[] {
  const unit = "% of a core";
  const beside = `beside ${peer}`;
  return [
    { name: `${beside}: TRaX, program worker`, unit, samples: cpu(windows, "program") },
    { name: `${beside}: TRaX, relay worker`, unit, samples: cpu(windows, "relay") },
    { name: `${beside}: TRaX, media agent`, unit, samples: cpu(windows, "agent") },
    { name: `${beside}: TRaX, MediaMTX`, unit, samples: cpu(windows, "router") },
    { name: peer, unit, samples: theirs(windows) },
    {
      name: `program and relay worker / ${peer}`,
      unit: "ratio",
      samples: ratios(ours(windows), theirs(windows)),
      goal: { atMost: 1.15 },
    },
    { name: `${beside}: TRaX, program worker, memory`, unit: "MB", samples: memory(windows, "program") },
    { name: `${peer}, memory`, unit: "MB", samples: memory(windows, "ffmpeg") },
    { name: `${beside}: TRaX, pictures made`, unit: "1/s", samples: windows.map(({ fps }) => fps.trax) },
    { name: `${peer}, pictures made`, unit: "1/s", samples: windows.map(({ fps }) => fps.ffmpeg) },
    { name: `${beside}: TRaX, sent`, unit: "Mbit/s", samples: windows.map(({ megabits }) => megabits.trax) },
    { name: `${peer}, sent`, unit: "Mbit/s", samples: windows.map(({ megabits }) => megabits.ffmpeg) },
  ];
}

function namesOf(kind: string): string[] {
  return Array.from({ length: destinations }, (_, index) => `${kind}-${index}`);
}

function cpu(windows: readonly Window[], group: Group): number[] {
  return windows.map(({ cost }) => cost.get(group)?.cpuPercent ?? Number.NaN);
}

function memory(windows: readonly Window[], group: Group): number[] {
  return windows.map(({ cost }) => cost.get(group)?.rssMb ?? Number.NaN);
}

function ours(windows: readonly Window[]): number[] {
  const relay = cpu(windows, "relay");
  return cpu(windows, "program").map((program, index) => program + (relay[index] ?? Number.NaN));
}

function theirs(windows: readonly Window[]): number[] {
  return cpu(windows, "ffmpeg");
}
