import { startMediaMtxPlain, waitFor } from "@trax/peers";
import { startBrowser } from "@trax/peers/browser/browser";
import type { Browser } from "@trax/peers/browser/browser";
import { openSession } from "@trax/peers/browser/signalling";
import { z } from "zod";
import type { Benchmark, Outcome, Series, Setting } from "../benchmark.ts";
import { ComposedStudio } from "../composed-studio.ts";
import { whole } from "../composition.ts";
import { glassScript } from "../glass-page.ts";
import { Owned } from "../owned.ts";
import { openGauges } from "../program-gauges.ts";
import { median, percentile } from "../statistics.ts";
import { startTrax } from "../trax.ts";

const canvas = { width: 640, height: 360, frameRate: 30, videoBitrate: 1_500_000, audioBitrate: 96_000 };
/** What the program holds a source back by, so that its packets may come unevenly (apps/media/src/program/source-clock.ts). */
const jitterBufferMs = 120;

/** From a picture that is drawn, by WHIP through the program, to the same picture shown by WHEP. */
export const glassToGlass: Benchmark = {
  name: "glass-to-glass",
  title: "From drawn to shown: WHIP, program, WHEP, against MediaMTX's plain WHIP to WHEP",
  run: async (setting) => {
    const owned = new Owned();
    try {
      return await measure(setting, owned);
    } finally {
      await owned.stop();
    }
  },
};

type Page = Awaited<ReturnType<Browser["page"]>>;
type Way = "TRaX" | "MediaMTX";
const Offered = z.object({ index: z.number(), sdp: z.string() });

async function measure({ directory, quick, say }: Setting, owned: Owned): Promise<Outcome> {
  const trax = owned.add(await startTrax(directory));
  const router = owned.add(await startMediaMtxPlain());
  const browser = owned.add(await startBrowser());
  const page = await browser.page();
  await page.evaluate(glassScript);

  await connect(page, "publish()", router.whipUrl("plain"), "", owned);
  await connect(page, 'play("MediaMTX")', router.whepUrl("plain"), "", owned);

  const studio = await ComposedStudio.create(await trax.newAccount(), canvas);
  const source = await studio.addSource();
  const { whip } = source.ingest;
  await connect(page, "publish()", whip.url, whip.bearerToken, owned);
  await studio.untilOnline(1);
  await studio.take(await studio.scene([source], [whole]));
  const { whep } = await studio.playback();
  const gauges = owned.add(openGauges(trax));
  await connect(page, 'play("TRaX")', whep.url, whep.bearerToken, owned);

  const windows: { readonly ours: number[]; readonly theirs: number[] }[] = [];
  await untilSeen(page, "TRaX", 30);
  await untilSeen(page, "MediaMTX", 30);
  if (!quick) await gauges.untilAtEase(studio.id);
  // What has just begun holds back more than it will: players shorten their buffers over the first seconds.
  if (!quick) await untilSeen(page, "TRaX", 450);
  for (let window = 0; window < (quick ? 1 : 6); window++) {
    for (const way of ["TRaX", "MediaMTX"]) await page.evaluate(`glass.clear(${JSON.stringify(way)})`);
    await untilSeen(page, "TRaX", quick ? 30 : 240);
    await untilSeen(page, "MediaMTX", quick ? 30 : 240);
    windows.push({ ours: await delaysOf(page, "TRaX"), theirs: await delaysOf(page, "MediaMTX") });
    const last = windows.at(-1);
    say(`TRaX ${median(last?.ours ?? []).toFixed(0)} ms, MediaMTX ${median(last?.theirs ?? []).toFixed(0)} ms`);
  }
  return {
    method:
      "One page of a Chromium draws the number of each frame on a canvas of 640x360, 30 times a second, and publishes it, with a tone, by WHIP twice at once: to a plain MediaMTX and to a composed studio of the same size, whose scene is that source alone. " +
      "The same page plays both by WHEP, MediaMTX's path and TRaX's program, and reads the number in every picture shown: the delay is from drawing it to the picture's expected display time, by the page's one clock. " +
      "H.264 both ways. Windows of 240 pictures each, both in the same seconds; a sample is a window's median.",
    series: seriesOf(windows),
    notes: [
      `The goal is 1.5 times MediaMTX's delay after one jitter buffer of ${jitterBufferMs} ms, which a program needs and a router does not, is taken off TRaX's.`,
      "In the delay of both: the canvas' capture, Chromium's encoder, its jitter buffer and its decoder.",
    ],
  };
}

/** Has the page make an offer, and connects it; the session ends with the benchmark. */
async function connect(page: Page, call: string, url: string, bearer: string, owned: Owned): Promise<void> {
  const { index, sdp } = Offered.parse(await page.evaluate(`glass.${call}`));
  const session = await openSession(url, bearer, sdp);
  owned.add({
    stop: async () => {
      await session.remove();
    },
  });
  await page.evaluate(`glass.answer(${index}, ${JSON.stringify(session.answer)})`);
  await waitFor(`${call} is connected`, async () => (await page.evaluate(`glass.state(${index})`)) === "connected");
}

async function untilSeen(page: Page, way: Way, pictures: number): Promise<void> {
  const count = `glass.count(${JSON.stringify(way)})`;
  await waitFor(
    `${pictures} pictures are seen through ${way}`,
    async () => Number(await page.evaluate(count)) >= pictures,
    60_000,
  );
}

async function delaysOf(page: Page, way: Way): Promise<number[]> {
  return z.array(z.number()).parse(await page.evaluate(`glass.delays(${JSON.stringify(way)})`));
}

function seriesOf(
  windows: readonly { readonly ours: readonly number[]; readonly theirs: readonly number[] }[],
): Series[] {
  const [ours, theirs] = [windows.map((window) => median(window.ours)), windows.map((window) => median(window.theirs))];
  const late = (samples: readonly number[]): number => percentile(samples, 0.99);
  return [
    { name: "TRaX: drawn to shown", unit: "ms", samples: ours, goal: { atMost: 500 } },
    { name: "MediaMTX: drawn to shown", unit: "ms", samples: theirs },
    {
      name: `(TRaX - ${jitterBufferMs} ms) / MediaMTX`,
      unit: "ratio",
      samples: ours.map((ms, index) => (ms - jitterBufferMs) / (theirs[index] ?? Number.NaN)),
      goal: { atMost: 1.5 },
    },
    { name: "TRaX: drawn to shown, p99", unit: "ms", samples: windows.map((window) => late(window.ours)) },
    { name: "MediaMTX: drawn to shown, p99", unit: "ms", samples: windows.map((window) => late(window.theirs)) },
    { name: "TRaX / MediaMTX", unit: "ratio", samples: ours.map((ms, index) => ms / (theirs[index] ?? Number.NaN)) },
  ];
}
