import type { Database } from "@trax/foundation/database";
import { isDatabaseAway } from "@trax/foundation/database";
import type { Logger } from "@trax/foundation/log";
import { openDoorbell } from "../../kernel/doorbell.ts";
import type { ChatConnections } from "./connections.ts";
import { readOn } from "./reader.ts";
import { releaseLeases, renewLeases, takeLeases, wantedConnections } from "./reader-sql.ts";

/** Leases are renewed, and those of others looked at, this often, ms. */
const everyMs = 1_000;

export type Readers = {
  /** What is to be read may have changed. */
  wake(): void;
  close(): Promise<void>;
};

type Running = { readonly controller: AbortController; readonly done: Promise<void> };

/**
 * Keeps one reader running for each connection whose chat is wanted and that no
 * other node reads. Level-triggered: compares what is wanted with what runs, once
 * a second and whenever it is woken.
 */
export function startReading(options: {
  readonly database: Database;
  readonly connections: ChatConnections;
  readonly holder: string;
  readonly log: Logger;
}): Readers {
  const { database, holder, log } = options;
  const running = new Map<string, Running>();
  const bell = openDoorbell();
  const closing = new AbortController();

  const start = (connectionId: string, cursor: string | null): void => {
    const controller = new AbortController();
    const done = readOn(options, { connectionId, cursor, signal: controller.signal })
      .catch((error: unknown) => log.error({ err: error, connectionId }, "a chat's reader broke"))
      .finally(() => {
        if (running.get(connectionId)?.controller === controller) running.delete(connectionId);
        bell.ring();
      });
    running.set(connectionId, { controller, done });
  };

  /** Ends readers; a lease is free for others once its reader has ended. */
  const stop = async (connectionIds: readonly string[]): Promise<void> => {
    const ended = connectionIds.map((id) => running.get(id));
    for (const one of ended) one?.controller.abort();
    await Promise.all(ended.map((one) => one?.done));
    if (connectionIds.length > 0) await releaseLeases(database, holder, connectionIds);
  };

  const reconcile = async (): Promise<void> => {
    const mine = [...running.keys()];
    const kept = mine.length === 0 ? new Set<string>() : await renewLeases(database, holder, mine);
    const wanted = await wantedConnections(database);
    const isWanted = new Set(wanted);
    await stop(mine.filter((id) => !kept.has(id) || !isWanted.has(id)));
    const missing = wanted.filter((id) => !running.has(id));
    if (missing.length === 0) return;
    for (const { connectionId, cursor } of await takeLeases(database, holder, missing)) start(connectionId, cursor);
  };

  const run = async (): Promise<void> => {
    while (!closing.signal.aborted) {
      try {
        await reconcile();
      } catch (error) {
        if (!isDatabaseAway(error)) log.error({ err: error }, "which chats are to be read could not be found out");
      }
      await bell.wait(everyMs, closing.signal);
    }
  };
  const loop = run();

  return {
    wake: bell.ring,
    async close() {
      closing.abort();
      await loop;
      await stop([...running.keys()]).catch((error: unknown) =>
        log.warn({ err: error }, "leases run out by themselves: they could not be given back"),
      );
    },
  };
}
