import { setTimeout as delay } from "node:timers/promises";
import { startCountedPublisher, waitFor } from "@trax/peers";
import type { FfmpegPublisher, NginxRtmp } from "@trax/peers";
import type { ComposedSource, ComposedStudio } from "../composed-studio.ts";

/** One source, its number, and who publishes it now. */
export type Camera = { readonly source: ComposedSource; readonly number: number; publisher: FfmpegPublisher | null };

export type Tally = { takes: number; unanswered: number; fades: number; kills: number; freezes: number };

const takeEveryMs = 10_000;
const killEveryMs = 120_000;
const freezeEveryMs = 300_000;
const freezeMs = 20_000;
const awayMs = 4_000;

export async function publish(camera: Camera): Promise<void> {
  const { url, streamKey } = camera.source.ingest.rtmp;
  camera.publisher = await startCountedPublisher(`${url}/${streamKey}`, { source: camera.number });
}

/**
 * Disturbs a show until `until` (`performance.now()`): a take every ten
 * seconds, every third a fade; a camera killed every two minutes, in turns, and
 * back four seconds later; and a destination frozen for twenty seconds every
 * five minutes. Everything is scheduled by the clock from the beginning on.
 */
export async function disturb(
  studio: ComposedStudio,
  scenes: readonly string[],
  cameras: readonly Camera[],
  second: NginxRtmp,
  until: number,
  tally: Tally,
): Promise<void> {
  const start = performance.now();
  const every = async (ms: number, firstMs: number, work: (count: number) => Promise<void>): Promise<void> => {
    for (let count = 0; ; count++) {
      const at = start + firstMs + count * ms;
      await delay(Math.max(0, Math.min(at, until) - performance.now()));
      if (at >= until) return;
      await work(count);
    }
  };
  await Promise.all([
    every(takeEveryMs, takeEveryMs, async (count) => {
      const fadeMs = count % 3 === 2 ? 500 : 0;
      const at = await studio.take(scenes[(count + 1) % scenes.length] ?? "", fadeMs);
      tally.takes += 1;
      if (fadeMs > 0) tally.fades += 1;
      if (at === null) tally.unanswered += 1;
    }),
    every(killEveryMs, 45_000, async (count) => {
      const camera = cameras[count % cameras.length];
      if (camera === undefined) return;
      camera.publisher?.signal("SIGKILL");
      await camera.publisher?.exited;
      camera.publisher = null;
      tally.kills += 1;
      await delay(awayMs);
      await untilOffline(studio, camera.source.id);
      await publish(camera);
    }),
    every(freezeEveryMs, 75_000, async () => {
      second.process.signal("SIGSTOP");
      tally.freezes += 1;
      await delay(freezeMs);
      second.process.signal("SIGCONT");
    }),
  ]);
}

async function untilOffline(studio: ComposedStudio, sourceId: string): Promise<void> {
  await waitFor(
    "a killed source is offline",
    async () => (await studio.status()).sources.find((one) => one.sourceId === sourceId)?.status === "offline",
    60_000,
  );
}
