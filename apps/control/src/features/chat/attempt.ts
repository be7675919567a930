import type { ChatError, ChatErrorCode } from "@trax/contract";
import type { Database } from "@trax/foundation/database";
import type { Logger } from "@trax/foundation/log";
import { appendEvents } from "../../kernel/events.ts";
import { NotDone, NotLinked, PlatformError } from "../connections/index.ts";
import { cleanId, cleanText } from "./clean.ts";
import type { ChatConnections } from "./connections.ts";
import { beginPart, dropEcho, writePartSent } from "./delivery-sql.ts";
import type { Claim, Outcome } from "./delivery-sql.ts";
import { holdReader } from "./intake-sql.ts";
import { splitText } from "./split.ts";
import { removedEvents } from "./taking-back.ts";
import { Expired, within } from "./within.ts";

/** How long a platform may take to answer, ms. */
const deadlineMs = 15_000;
const openingMs = 10_000;

/** What came of an attempt. `later`: the platform has certainly not got it. `lost`: somebody else settled it meanwhile. */
export type Result =
  | { readonly kind: "done"; readonly outcome: Outcome }
  | { readonly kind: "later"; readonly afterMs: number }
  | { readonly kind: "lost" };

export function errorOf(code: ChatErrorCode, message: string): ChatError {
  return { code, message: cleanText(message, 300), at: new Date().toISOString() };
}

const failed = (code: ChatErrorCode, message: string): Result => ({
  kind: "done",
  outcome: { status: "failed", error: errorOf(code, message) },
});
const refused = (code: ChatErrorCode, message: string): Result => ({
  kind: "done",
  outcome: { status: "refused", error: errorOf(code, message) },
});

/** Hands a message to its platform, part by part, never throws. A part whose answer is lost is not sent again. */
export async function attempt(
  services: {
    readonly database: Database;
    readonly connections: ChatConnections;
    readonly holder: string;
    readonly log: Logger;
    readonly signal: AbortSignal;
  },
  claim: Claim,
): Promise<Result> {
  const { database, connections, holder, log, signal } = services;
  const can = connections.capabilities(claim.platform);
  const parts = can === null ? null : splitText(claim.text, can);
  if (parts === null) return refused("too_long", "This platform does not take it.");
  let asked = false;
  try {
    const { client, session } = await within(openingMs, signal, () => connections.open(claim.connectionId));
    if (client.sendChat === undefined) return refused("refused", "Chat cannot be sent to this platform.");
    const sendChat = client.sendChat.bind(client);
    for (const [part, text] of parts.entries()) {
      if (part < claim.partsSent) continue;
      if (!(await beginPart(database, holder, claim, part, text))) return { kind: "lost" };
      asked = true;
      const replyTo = part === 0 ? claim.replyTo : null;
      const { platformMessageId } = await within(deadlineMs, signal, (ends) =>
        sendChat(session, { text, replyTo, signal: ends }),
      );
      await notePart(database, claim, part, platformMessageId === null ? null : cleanId(platformMessageId));
      asked = false;
    }
    return { kind: "done", outcome: { status: "sent", error: null } };
  } catch (error) {
    if (!(error instanceof PlatformError) && !(error instanceof Expired))
      log.warn({ err: error, connectionId: claim.connectionId }, "a chat message could not be sent");
    return resultOf(error, asked && !(error instanceof NotDone), claim.attempts);
  }
}

/** The platform took a part. Its echo may have come before this answer, unrecognised: then it is taken back. */
async function notePart(
  database: Database,
  claim: Claim,
  part: number,
  platformMessageId: string | null,
): Promise<void> {
  await database.transaction(async (tx) => {
    // As whoever stores what is read does, so that neither misses what the other writes.
    await holdReader(tx, claim.connectionId);
    await writePartSent(tx, claim, part, platformMessageId);
    if (platformMessageId === null) return;
    await appendEvents(tx, removedEvents(claim, await dropEcho(tx, claim, platformMessageId)));
  });
}

/** @param asked The platform may have it, unless it answered that it has not. */
function resultOf(error: unknown, asked: boolean, attempts: number): Result {
  const later = (afterMs: number): Result => ({ kind: "later", afterMs });
  const backOff = Math.min(30_000, 500 * 2 ** attempts);
  if (error instanceof PlatformError) {
    // It answered that it did not do it.
    if (error.kind === "rate_limited") return later(error.retryAfterMs ?? Math.max(5_000, backOff));
    if (error.kind === "refused") return refused("refused", error.message);
    if (error instanceof NotLinked) return failed("unlinked", error.message);
    if (error.kind !== "unavailable") return failed(error.kind, error.message);
    if (!asked) return later(error.retryAfterMs ?? backOff);
    return failed("unavailable", `${error.message} It may have arrived.`);
  }
  if (!asked) return later(backOff);
  if (error instanceof Expired && error.why === "deadline")
    return failed("timed_out", "The platform did not answer in time: it may have arrived.");
  if (error instanceof Expired)
    return failed("interrupted", "TRaX was stopped while it was sent: it may have arrived.");
  return failed("unavailable", "The platform did not take it: it may have arrived.");
}
