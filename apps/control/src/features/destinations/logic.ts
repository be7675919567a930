import type { Destination, DestinationCreate, DestinationUpdate, ResponseOf, operations } from "@trax/contract";
import type { Queryable } from "@trax/foundation/database";
import { newId } from "@trax/foundation/ids";
import { notFound } from "../../kernel/errors.ts";
import { pageOf } from "../../kernel/pagination.ts";
import type { Cursors } from "../../kernel/pagination.ts";
import { holdStudio, notifyDesired, requireStudio } from "../broadcast/index.ts";
import { checkUrl, protocolOf } from "./address.ts";
import type { AddressRules } from "./address.ts";
import * as rows from "./sql.ts";
import type { DestinationRow, Target } from "./sql.ts";
import type { StreamKeys } from "./stream-key.ts";

function destinationOf(row: DestinationRow): Destination {
  return {
    ...row,
    protocol: protocolOf(row.url),
    createdAt: row.createdAt.toISOString(),
    updatedAt: row.updatedAt.toISOString(),
  };
}

export async function listOfDestinations(
  db: Queryable,
  accountId: string,
  studioId: string,
  cursors: Cursors,
  query: { readonly cursor?: string | undefined; readonly limit: number },
): Promise<ResponseOf<(typeof operations)["listDestinations"]>> {
  const list = { list: "destinations", accountId, parentId: studioId };
  const below = cursors.read(list, query.cursor);
  const found = await rows.listDestinations(db, accountId, studioId, { below, limit: query.limit + 1 });
  if (found.length === 0) await requireStudio(db, accountId, studioId);
  return pageOf(found, query.limit, (id) => cursors.write(list, id), destinationOf);
}

export async function getDestination(
  db: Queryable,
  accountId: string,
  studioId: string,
  destinationId: string,
): Promise<Destination> {
  const row = await rows.findDestination(db, accountId, studioId, destinationId);
  if (row === undefined) throw notFound("destination");
  return destinationOf(row);
}

/** Before the transaction, since DNS takes its time. What is not there is refused first. */
export async function checkCreate(
  db: Queryable,
  accountId: string,
  studioId: string,
  rules: AddressRules,
  given: DestinationCreate,
): Promise<void> {
  await requireStudio(db, accountId, studioId);
  await checkUrl(given.url, rules);
}

export async function createDestination(
  db: Queryable,
  accountId: string,
  studioId: string,
  keys: StreamKeys,
  { streamKey, ...given }: DestinationCreate,
): Promise<Destination> {
  await holdStudio(db, accountId, studioId);
  const id = newId("destination");
  const sealedKey = keys.seal(streamKey ?? null, { accountId, row: id });
  await rows.insertDestination(db, accountId, studioId, { ...given, id, sealedKey });
  await notifyDesired(db, studioId);
  return getDestination(db, accountId, studioId, id);
}

/** Before the transaction, as `checkCreate`. */
export async function checkUpdate(
  db: Queryable,
  accountId: string,
  studioId: string,
  destinationId: string,
  rules: AddressRules,
  { url }: DestinationUpdate,
): Promise<void> {
  if (url === undefined) return;
  await getDestination(db, accountId, studioId, destinationId);
  await checkUrl(url, rules);
}

export async function updateDestination(
  db: Queryable,
  accountId: string,
  studioId: string,
  destinationId: string,
  keys: StreamKeys,
  { url, streamKey, delayMs, ...patch }: DestinationUpdate,
): Promise<Destination> {
  await holdStudio(db, accountId, studioId);
  const target = await rows.findTarget(db, accountId, studioId, destinationId);
  if (target === undefined) throw notFound("destination");
  const context = { accountId, row: destinationId };
  const newKey = streamKey !== undefined && !keys.isSame(target.sealedKey, streamKey, context);
  const newUrl = url !== undefined && url !== target.url;
  const newTarget: Target | null =
    newKey || newUrl || (delayMs !== undefined && delayMs !== target.delayMs)
      ? {
          url: url ?? target.url,
          sealedKey: newKey ? keys.seal(streamKey, context) : target.sealedKey,
          delayMs: delayMs ?? target.delayMs,
        }
      : null;
  const { name, platform, enabled } = patch;
  await rows.updateDestination(db, accountId, studioId, destinationId, { name, platform, enabled, newTarget });
  if (newTarget !== null || enabled !== undefined) await notifyDesired(db, studioId);
  return getDestination(db, accountId, studioId, destinationId);
}

/** Removes a destination; while the studio is live it is disconnected. */
export async function deleteDestination(
  db: Queryable,
  accountId: string,
  studioId: string,
  destinationId: string,
): Promise<void> {
  await holdStudio(db, accountId, studioId);
  if (!(await rows.deleteDestination(db, accountId, studioId, destinationId))) throw notFound("destination");
  await notifyDesired(db, studioId);
}
