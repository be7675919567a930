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
  /** The same for takes: calls `wake` after one was shown. */
  watchProgram(studioId: string, wake: () => void): () => void;
  close(): Promise<void>;
};

const events = "trax_events";
const program = "trax_program";

export function openEventFeed(options: { readonly url: Secret; readonly log: Logger }): EventFeed {
  const watchers = new Map<string, Set<() => void>>();
  const nameOf = (channel: string, studioId: string): string => `${channel} ${studioId}`;
  const listener = listen({
    url: options.url,
    channels: [events, program],
    onNotification: (channel, studioId) => {
      for (const wake of watchers.get(nameOf(channel, studioId)) ?? []) wake();
    },
    onReconnected: () => {
      for (const those of watchers.values()) for (const wake of those) wake();
    },
    onError: (error) => options.log.warn({ err: error }, "the listener for events lost its connection"),
  });
  const watch = (name: string, wake: () => void): (() => void) => {
    const those = watchers.get(name) ?? new Set();
    watchers.set(name, those.add(wake));
    return () => {
      those.delete(wake);
      if (those.size === 0 && watchers.get(name) === those) watchers.delete(name);
    };
  };
  return {
    watch: (studioId, wake) => watch(nameOf(events, studioId), wake),
    watchProgram: (studioId, wake) => watch(nameOf(program, studioId), wake),
    close: () => listener.close(),
  };
}
