import { listen } from "@trax/foundation/listen";
import type { Logger } from "@trax/foundation/log";
import type { Secret } from "@trax/foundation/secret";

/**
 * Wakes those who follow a studio's events. A wake-up is only a hint to read the
 * outbox again; after a lost connection everybody is woken, since notifications
 * may have been missed.
 */
export type EventFeed = {
  /** Calls `wake` after something was appended for the studio, until the returned function is called. */
  watch(studioId: string, wake: () => void): () => void;
  close(): Promise<void>;
};

export function openEventFeed(options: { readonly url: Secret; readonly log: Logger }): EventFeed {
  const watchers = new Map<string, Set<() => void>>();
  const wakeAll = (): void => {
    for (const studio of watchers.values()) for (const wake of studio) wake();
  };
  const listener = listen({
    url: options.url,
    channels: ["trax_events"],
    onNotification: (_channel, studioId) => {
      for (const wake of watchers.get(studioId) ?? []) wake();
    },
    onReconnected: wakeAll,
    onError: (error) => options.log.warn({ err: error }, "the listener for events lost its connection"),
  });
  return {
    watch(studioId, wake) {
      const studio = watchers.get(studioId) ?? new Set();
      watchers.set(studioId, studio.add(wake));
      return () => {
        studio.delete(wake);
        if (studio.size === 0 && watchers.get(studioId) === studio) watchers.delete(studioId);
      };
    },
    close: () => listener.close(),
  };
}
