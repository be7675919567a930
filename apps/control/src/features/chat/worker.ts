import { randomUUID } from "node:crypto";
import type { Database } from "@trax/foundation/database";
import type { Logger } from "@trax/foundation/log";
import type { EventFeed } from "../../kernel/event-feed.ts";
import type { ChatConnections } from "./connections.ts";
import { startClearing } from "./clearing.ts";
import { startReading } from "./readers.ts";
import { startSending } from "./sender.ts";
import { startSweepingChat } from "./sweep.ts";

/** Reads, sends, clears and sweeps chat on this node until closed; any number of nodes may do so side by side. */
export function startChat(options: {
  readonly database: Database;
  readonly eventFeed: EventFeed;
  readonly connections: ChatConnections;
  readonly log: Logger;
}): { close(): Promise<void> } {
  const { database, eventFeed, log } = options;
  const holder = randomUUID();
  const readers = startReading({ ...options, holder });
  const sender = startSending({ ...options, holder });
  const clearer = startClearing({ database, log });
  const sweeping = startSweepingChat(database, log);
  const unwatch = [
    eventFeed.watchChat("readers", () => readers.wake()),
    eventFeed.watchChat("deliveries", () => sender.wake()),
    eventFeed.watchChat("clearings", () => clearer.wake()),
  ];
  return {
    async close() {
      for (const one of unwatch) one();
      await Promise.all([readers.close(), sender.close(), clearer.close(), sweeping.close()]);
    },
  };
}
