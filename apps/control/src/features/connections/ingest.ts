import { randomUUID } from "node:crypto";
import { DestinationUrl } from "@trax/contract";
import type { Database } from "@trax/foundation/database";
import type { Logger } from "@trax/foundation/log";
import { Secret } from "@trax/foundation/secret";
import type { Vault } from "@trax/foundation/vault";
import { holdStudio, notifyDesired, recordDestination } from "../broadcast/index.ts";
import {
  claimIngests,
  forgetIngest,
  isInAnotherShow,
  isOnAirByAnother,
  isWaiting,
  keepClaim,
  putOff,
  storeIngest,
  waitForOther,
} from "./ingest-sql.ts";
import type { IngestJob } from "./ingest-sql.ts";
import { PlatformError } from "./platform.ts";
import type { PlatformErrorKind } from "./platform.ts";
import type { OpenSession } from "./sessions.ts";

export type IngestParts = {
  readonly database: Database;
  readonly vault: Vault;
  readonly log: Logger;
  readonly openSession: (connectionId: string) => Promise<OpenSession>;
  /** This node stops: what fails then is nobody's fault, and another's to go on with. */
  readonly isStopping: () => boolean;
};

/** Taken by a node for so long; kept up while it is at it, so that one that is killed is soon followed. */
const claimMs = 15_000;
const claimAgainMs = 5_000;
const mostAtOnce = 20;
const longestBackOffMs = 60_000;
const goodByes = 3;
/** Hints get lost: so often it is looked without one whether the account's other show is over. */
const otherShowMs = 5_000;

/**
 * Asks platforms where a broadcast is to be sent to, for every destination made
 * from a connection, and tells them when it is over. It compares rows: whatever
 * begins a broadcast, and whoever is killed, what is missing is found again.
 * Answers the jobs it has begun; `again` is told of what there may be more to do for.
 * @param studios to look at; null: all
 */
export async function beginIngests(
  parts: IngestParts,
  studios: readonly string[] | null,
  again: (inMs: number, studios: readonly string[] | null) => void,
): Promise<Promise<void>[]> {
  const taking = { claim: randomUUID(), forMs: claimMs, limit: mostAtOnce, studios };
  const jobs = await claimIngests(parts.database, taking);
  if (jobs.length === mostAtOnce) again(0, studios);
  return jobs.map(async (job) => {
    const keepUp = setInterval(() => {
      keepClaim(parts.database, job, claimMs).catch((error: unknown) =>
        parts.log.warn({ err: error }, "a go-live's claim was not kept up"),
      );
    }, claimAgainMs);
    try {
      const againInMs = await work(parts, job);
      clearInterval(keepUp);
      if (againInMs !== null) await putOff(parts.database, job, againInMs);
      // Where it is done, another broadcast may have begun and waited for that.
      again(againInMs ?? 0, [job.studioId]);
    } finally {
      clearInterval(keepUp);
    }
  });
}

/** Answers in how many ms it is to be tried again; null: it is done. */
async function work(parts: IngestParts, job: IngestJob): Promise<number | null> {
  if (job.before !== null) {
    // What goes on by another destination must not be ended for this one.
    const isSettled = (await isOnAirByAnother(parts.database, job)) || (await sayGoodBye(parts, job));
    if (!isSettled && job.broadcastId === null && job.attempts < goodByes) return 5_000;
    if (job.broadcastId === null) {
      for (const studioId of await forgetIngest(parts.database, job)) await notifyDesired(parts.database, studioId);
      return null;
    }
  }
  if (await isInAnotherShow(parts.database, job)) {
    await recordFailed(
      parts,
      job,
      "name_in_use",
      "This account is on air in another studio, or by another destination of this one: it makes one show at a time.",
    );
    await waitForOther(parts.database, job, otherShowMs);
    return otherShowMs;
  }
  if (job.attempts === 1) await record(parts, job, "connecting", null);
  try {
    return (await ask(parts, job)) ? null : 0;
  } catch (error) {
    if (!(error instanceof PlatformError)) throw error;
    if (parts.isStopping()) return 0;
    await recordFailed(parts, job, codes[error.kind], error.message);
    parts.log.info({ destinationId: job.destinationId, kind: error.kind }, "a platform did not tell where to send to");
    const backOff =
      Math.min(longestBackOffMs, 1_000 * 2 ** Math.min(job.attempts - 1, 20)) * (0.75 + Math.random() / 2);
    return Math.round(Math.max(error.retryAfterMs ?? 0, backOff));
  }
}

const codes = {
  unauthorized: "auth_refused",
  rate_limited: "platform_refused",
  quota_exhausted: "platform_refused",
  refused: "platform_refused",
  unavailable: "connect_failed",
} as const satisfies Record<PlatformErrorKind, string>;

/** Answers whether it still is what was asked for. */
async function ask(parts: IngestParts, job: IngestJob): Promise<boolean> {
  const { session, client, platform } = await parts.openSession(job.connectionId);
  if (client.ingest === undefined) throw new PlatformError("refused", `${platform.title} cannot be streamed to.`);
  const told = await client.ingest(session, { title: job.title, privacy: job.privacy });
  const url = DestinationUrl.safeParse(told.url);
  if (!url.success || told.streamKey === "")
    throw new PlatformError("unavailable", `${platform.title} gave no address to send to.`);
  const { accountId, studioId, destinationId } = job;
  return parts.database.transaction(async (tx) => {
    await holdStudio(tx, accountId, studioId);
    const sealedKey = parts.vault.encrypt(new Secret(told.streamKey), { accountId, row: destinationId });
    const isStored = await storeIngest(tx, job, { url: url.data, sealedKey });
    if (isStored) await notifyDesired(tx, studioId);
    return isStored;
  });
}

/** Answers whether the platform knows that the broadcast before is over, or need not. */
async function sayGoodBye(parts: IngestParts, job: IngestJob): Promise<boolean> {
  try {
    const { session, client } = await parts.openSession(job.connectionId);
    await client.ended?.(session);
    return true;
  } catch (error) {
    if (!(error instanceof PlatformError)) throw error;
    return !parts.isStopping() && (error.kind === "unauthorized" || error.kind === "refused");
  }
}

/** Says so where that broadcast still waits for it. */
async function recordFailed(parts: IngestParts, job: IngestJob, code: string, message: string): Promise<void> {
  if (await isWaiting(parts.database, job))
    await record(parts, job, "failed", { code, message, at: new Date().toISOString() });
}

async function record(
  { database }: IngestParts,
  { destinationId, broadcastId }: IngestJob,
  status: "connecting" | "failed",
  lastError: { readonly code: string; readonly message: string; readonly at: string } | null,
): Promise<void> {
  await recordDestination(database, {
    destinationId,
    broadcastId,
    status,
    connectedAt: null,
    reconnects: null,
    lastError,
  });
}
