import type { Database } from "@trax/foundation/database";
import { isDatabaseAway } from "@trax/foundation/database";
import type { Logger } from "@trax/foundation/log";
import { openDoorbell } from "../../kernel/doorbell.ts";
import { appendEvents } from "../../kernel/events.ts";
import { attempt, errorOf } from "./attempt.ts";
import type { Result } from "./attempt.ts";
import type { ChatConnections } from "./connections.ts";
import { settle } from "./delivery.ts";
import { claimDeliveries, overdueDeliveries, putBack } from "./delivery-sql.ts";
import type { Claim, Overdue, Outcome } from "./delivery-sql.ts";

/** Messages this node has under way at once, one a connection: a platform that stalls holds up nobody else. */
const mostAtOnce = 500;
/** Hints get lost: so often it is looked without one, ms. */
const everyMs = 1_000;
/** How long those under way may take once it stops, ms. */
const farewellMs = 3_000;

export type Sender = {
  /** There may be something to send. */
  wake(): void;
  /** Lets those under way finish for a moment; what had no answer by then is told as failed. */
  close(): Promise<void>;
};

/**
 * Sends what waits. Whoever claims a delivery sends it, once: what was in the
 * hands of a node that died is told as failed rather than sent again.
 */
export function startSending(options: {
  readonly database: Database;
  readonly connections: ChatConnections;
  readonly holder: string;
  readonly log: Logger;
}): Sender {
  const { database, connections, holder, log } = options;
  const bell = openDoorbell();
  const closing = new AbortController();
  const impatient = new AbortController();
  const underWay = new Set<Promise<void>>();

  const finish = async (claim: Claim, result: Result): Promise<void> => {
    if (result.kind === "lost") return;
    if (result.kind === "later") return putBack(database, holder, claim, result.afterMs);
    await write(claim, result.outcome, holder);
  };

  const write = (delivery: Pick<Claim, "messageId" | "connectionId">, outcome: Outcome, by: string) =>
    database.transaction(async (tx) => appendEvents(tx, await settle(tx, delivery, outcome, by)));

  const send = async (claim: Claim): Promise<void> => {
    const result = await attempt({ database, connections, holder, log, signal: impatient.signal }, claim);
    // While the database is away the answer is kept; without it, the delivery would count as interrupted.
    for (;;) {
      try {
        await finish(claim, result);
        return;
      } catch (error) {
        if (!isDatabaseAway(error) || closing.signal.aborted) throw error;
        await openDoorbell().wait(500, closing.signal);
      }
    }
  };

  const begin = (claim: Claim): void => {
    const task = send(claim)
      .catch((error: unknown) =>
        log.error({ err: error, connectionId: claim.connectionId }, "a delivery was not settled"),
      )
      .finally(() => {
        underWay.delete(task);
        bell.ring();
      });
    underWay.add(task);
  };

  const settleOverdue = async (overdue: Overdue): Promise<void> => {
    const interrupted = errorOf("interrupted", "TRaX was stopped while it was sent: it may have arrived.");
    const tooLate = errorOf("too_late", "It could not be sent in time.");
    const outcome: Outcome = overdue.echoed
      ? { status: "sent", error: null }
      : { status: "failed", error: overdue.holder === "" ? tooLate : interrupted };
    await write(overdue, outcome, overdue.holder);
  };

  const run = async (): Promise<void> => {
    while (!closing.signal.aborted) {
      try {
        for (const overdue of await overdueDeliveries(database)) await settleOverdue(overdue);
        const room = mostAtOnce - underWay.size;
        const claims = room > 0 ? await claimDeliveries(database, holder, room) : [];
        for (const claim of claims) begin(claim);
      } catch (error) {
        if (!isDatabaseAway(error)) log.error({ err: error }, "chat could not be sent for now");
      }
      await bell.wait(everyMs, closing.signal);
    }
  };
  const running = run();

  return {
    wake: bell.ring,
    async close() {
      closing.abort();
      await running;
      const timer = setTimeout(() => impatient.abort(), farewellMs);
      await Promise.all(underWay);
      clearTimeout(timer);
    },
  };
}
