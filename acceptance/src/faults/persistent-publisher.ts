import { setTimeout as delay } from "node:timers/promises";
import { startFfmpegPublisher } from "@trax/peers";

const retryMs = 200;

/** An encoder that connects again whenever it is disconnected, as OBS does. */
export async function startPersistentPublisher(url: string): Promise<{ readonly stop: () => Promise<void> }> {
  const stopping = new AbortController();
  const { signal } = stopping;
  let current = await startFfmpegPublisher({ url });
  const keep = async (): Promise<void> => {
    for (;;) {
      await current.exited;
      await delay(retryMs, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return;
      current = await startFfmpegPublisher({ url });
      // A stop that came meanwhile did not see this one.
      if (signal.aborted) await current.stop();
    }
  };
  const kept = keep();
  return {
    stop: async () => {
      stopping.abort();
      await current.stop();
      await kept;
    },
  };
}
