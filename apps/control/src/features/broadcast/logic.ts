import { trace } from "@opentelemetry/api";
import type { Broadcast, ResponseOf, StreamStatus, operations } from "@trax/contract";
import type { Queryable } from "@trax/foundation/database";
import { makeRoom, requestLive, requestOffline } from "@trax/media-protocol";
import { ApiError, noCapacity, notFound } from "../../kernel/errors.ts";
import { pageOf } from "../../kernel/pagination.ts";
import type { Cursors } from "../../kernel/pagination.ts";
import type { Recordings } from "./recording.ts";
import { destinationStatusOf, streamStatusOf } from "./status.ts";
import { readStatus } from "./status-sql.ts";
import { findBroadcast, listBroadcasts, readReadiness } from "./sql.ts";
import { holdStudio, requireStudio } from "./studio-row.ts";
import type { BroadcastRow } from "./sql.ts";

/** What is on air, and how it fares. */
export async function getStreamStatus(db: Queryable, accountId: string, studioId: string): Promise<StreamStatus> {
  const row = await readStatus(db, accountId, studioId);
  if (row === undefined) throw notFound("studio");
  return streamStatusOf(row);
}

/** W3C Trace Context of the request, so that the agent's work joins its trace. */
function traceparent(): string | null {
  const span = trace.getActiveSpan()?.spanContext();
  if (span === undefined) return null;
  return `00-${span.traceId}-${span.spanId}-${span.traceFlags.toString(16).padStart(2, "0")}`;
}

/**
 * Asks for the studio to be live and answers its status. Going live again while
 * it is asked for changes nothing, whatever became of its destinations since.
 */
export async function goLive(
  db: Queryable,
  accountId: string,
  studioId: string,
  options: { readonly allowNoDestinations: boolean },
): Promise<StreamStatus> {
  await holdStudio(db, accountId, studioId);
  const { asked, enabledDestinations } = await readReadiness(db, accountId, studioId);
  if (!asked) {
    if (!enabledDestinations && !options.allowNoDestinations) throw new ApiError("no_enabled_destination");
    if (!(await makeRoom(db, studioId))) throw noCapacity();
    await requestLive(db, { accountId, studioId }, { startedBy: "request", traceparent: traceparent() });
  }
  return getStreamStatus(db, accountId, studioId);
}

/** Asks for the studio to be offline and answers its status. */
export async function goOffline(db: Queryable, accountId: string, studioId: string): Promise<StreamStatus> {
  await holdStudio(db, accountId, studioId);
  await requestOffline(db, { accountId, studioId }, "requested");
  return getStreamStatus(db, accountId, studioId);
}

function broadcastOf(row: BroadcastRow, recordings: Recordings): Broadcast {
  return {
    id: row.id,
    studioId: row.studioId,
    startedAt: row.startedAt?.toISOString() ?? null,
    endedAt: row.endedAt?.toISOString() ?? null,
    endReason: row.endReason,
    destinations: row.destinations.map(destinationStatusOf),
    recordings: row.recordings.map((one) => recordings.shown(one, { studioId: row.studioId, broadcastId: row.id })),
  };
}

export async function listOfBroadcasts(
  db: Queryable,
  accountId: string,
  studioId: string,
  { cursors, recordings }: { readonly cursors: Cursors; readonly recordings: Recordings },
  query: { readonly cursor?: string | undefined; readonly limit: number },
): Promise<ResponseOf<(typeof operations)["listBroadcasts"]>> {
  const list = { list: "broadcasts", accountId, parentId: studioId };
  const below = cursors.read(list, query.cursor);
  const rows = await listBroadcasts(db, accountId, studioId, { below, limit: query.limit + 1 });
  if (rows.length === 0) await requireStudio(db, accountId, studioId);
  return pageOf(
    rows,
    query.limit,
    (id) => cursors.write(list, id),
    (row) => broadcastOf(row, recordings),
  );
}

export async function getBroadcast(
  db: Queryable,
  accountId: string,
  studioId: string,
  broadcastId: string,
  recordings: Recordings,
): Promise<Broadcast> {
  const row = await findBroadcast(db, accountId, studioId, broadcastId);
  if (row === undefined) throw notFound("broadcast");
  return broadcastOf(row, recordings);
}
