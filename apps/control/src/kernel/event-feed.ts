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
  /** The same for pictures: calls `wake` after one of `program:std_…` or `source:src_…` was taken. */
  watchSnapshot(of: string, wake: () => void): () => void;
  /** Gives every meter of the studio, as JSON with its `studioId`: what is missed is gone. */
  watchMeters(studioId: string, take: (meters: string) => void): () => void;
  /** The same for the work of chat: which connections are to be read, what is to be sent, and taken back. */
  watchChat(what: "readers" | "deliveries" | "clearings", wake: () => void): () => void;
  close(): Promise<void>;
};

const events = "trax_events";
const program = "trax_program";
const snapshots = "trax_snapshot_ready";
const meters = "trax_meters";
const chat = "trax_chat";

type Watchers = Map<string, Set<(payload: string) => void>>;

export function openEventFeed(options: { readonly url: Secret; readonly log: Logger }): EventFeed {
  const watchers: Watchers = new Map();
  const listeners: Watchers = new Map();
  const nameOf = (channel: string, studioId: string): string => `${channel} ${studioId}`;
  const listener = listen({
    url: options.url,
    channels: [events, program, snapshots, meters, chat],
    onNotification: (channel, payload) => {
      if (channel === meters) {
        const studioId = listeners.size === 0 ? undefined : /"studioId":"(\w+)"/.exec(payload)?.[1];
        for (const take of listeners.get(studioId ?? "") ?? []) take(payload);
      } else {
        for (const wake of watchers.get(nameOf(channel, payload)) ?? []) wake("");
      }
    },
    onReconnected: () => {
      for (const those of watchers.values()) for (const wake of those) wake("");
    },
    onError: (error) => options.log.warn({ err: error }, "the listener for events lost its connection"),
  });
  return {
    watch: (studioId, wake) => add(watchers, nameOf(events, studioId), wake),
    watchProgram: (studioId, wake) => add(watchers, nameOf(program, studioId), wake),
    watchSnapshot: (of, wake) => add(watchers, nameOf(snapshots, of), wake),
    watchChat: (what, wake) => add(watchers, nameOf(chat, what), wake),
    watchMeters: (studioId, take) => add(listeners, studioId, take),
    close: () => listener.close(),
  };
}

function add(watchers: Watchers, name: string, call: (payload: string) => void): () => void {
  const those = watchers.get(name) ?? new Set();
  watchers.set(name, those.add(call));
  return () => {
    those.delete(call);
    if (those.size === 0 && watchers.get(name) === those) watchers.delete(name);
  };
}
