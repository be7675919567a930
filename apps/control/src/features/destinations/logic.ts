import type { Destination, DestinationCreate, DestinationUpdate, ResponseOf, operations } from "@trax/contract";
import type { Queryable } from "@trax/foundation/database";
import { newId } from "@trax/foundation/ids";
import { ApiError, invalidRequest, notFound } from "../../kernel/errors.ts";
import { pageOf } from "../../kernel/pagination.ts";
import type { Cursors } from "../../kernel/pagination.ts";
import { holdStudio, notifyDesired, requireStudio } from "../broadcast/index.ts";
import { destinationOf as madeFromConnection } from "../connections/index.ts";
import type { Connections } from "../connections/index.ts";
import { checkUrl, protocolOf } from "./address.ts";
import type { AddressRules } from "./address.ts";
import * as rows from "./sql.ts";
import type { DestinationRow, Target } from "./sql.ts";
import type { StreamKeys } from "./stream-key.ts";
import { keptUrl, shownUrl, unmasked, wholeUrl } from "./target-url.ts";

function destinationOf(row: DestinationRow): Destination {
  return {
    ...row,
    url: shownUrl(row.url),
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
  const { url, streamKey } = given;
  const isConnected = isGiven(given.connectionId);
  if (isConnected && (url !== undefined || isGiven(streamKey))) throw eitherOr();
  if (!isConnected && url === undefined)
    throw invalidRequest("A destination has a url or a connectionId.", [{ path: "body.url", message: "is missing" }]);
  if (url !== undefined) await checkUrl(unmasked(url, null), rules);
}

function isGiven(value: string | null | undefined): value is string {
  return value !== null && value !== undefined;
}

function eitherOr(): ApiError {
  const message = "goes with no url and no streamKey: the platform tells both";
  return invalidRequest("The body is not valid.", [{ path: "body.connectionId", message }]);
}

/** What destinations are made with. */
export type Making = { readonly keys: StreamKeys; readonly registry: Connections["registry"] };

export async function createDestination(
  db: Queryable,
  accountId: string,
  studioId: string,
  { keys, registry }: Making,
  { streamKey, url = "", connectionId = null, ...given }: DestinationCreate,
): Promise<Destination> {
  await holdStudio(db, accountId, studioId);
  const id = newId("destination");
  const context = { accountId, row: id };
  const sealedKey = keys.seal(streamKey ?? null, context);
  const made =
    connectionId === null
      ? { platform: given.platform, url }
      : await madeFromConnection(db, accountId, connectionId, registry);
  if (connectionId !== null && given.enabled) await refuseTwice(db, accountId, studioId, { id, connectionId });
  const kept = keptUrl(made.url, keys, context);
  await rows.insertDestination(db, accountId, studioId, { ...given, ...made, ...kept, connectionId, id, sealedKey });
  await notifyDesired(db, studioId);
  return getDestination(db, accountId, studioId, id);
}

/** Two of one connection are told the same address and key: the platform would end one for the other. */
async function refuseTwice(
  db: Queryable,
  accountId: string,
  studioId: string,
  one: Pick<Destination, "id" | "connectionId">,
): Promise<void> {
  if (await rows.isEnabledByAnother(db, accountId, studioId, one))
    throw new ApiError(
      "conflict",
      "Another enabled destination of this studio is made from this connection, and a platform takes one stream of an account: disable that one first.",
    );
}

/** Before the transaction, as `checkCreate`. */
export async function checkUpdate(
  db: Queryable,
  accountId: string,
  studioId: string,
  destinationId: string,
  rules: AddressRules,
  { url, streamKey, connectionId }: DestinationUpdate,
): Promise<void> {
  if (isGiven(connectionId) && (url !== undefined || isGiven(streamKey))) throw eitherOr();
  if (url === undefined) return;
  await getDestination(db, accountId, studioId, destinationId);
  await checkUrl(url, rules);
}

export async function updateDestination(
  db: Queryable,
  accountId: string,
  studioId: string,
  destinationId: string,
  { keys, registry }: Making,
  { url, streamKey, delayMs, connectionId, ...patch }: DestinationUpdate,
): Promise<Destination> {
  await holdStudio(db, accountId, studioId);
  const target = await rows.findTarget(db, accountId, studioId, destinationId);
  if (target === undefined) throw notFound("destination");
  const isConnected = target.connectionId !== null && connectionId === undefined;
  if (isConnected && (url !== undefined || isGiven(streamKey)))
    throw new ApiError(
      "conflict",
      "Its platform tells where it is sent to: set connectionId to null to give an address.",
    );
  const context = { accountId, row: destinationId };
  const newConnection = connectionId !== undefined && connectionId !== target.connectionId;
  const made =
    newConnection && connectionId !== null ? await madeFromConnection(db, accountId, connectionId, registry) : null;
  const newKey = streamKey !== undefined && !keys.isSame(target.sealedKey, streamKey, context);
  const urlBefore = wholeUrl(target, keys, context);
  const nextUrl = made?.url ?? (url === undefined ? urlBefore : unmasked(url, urlBefore));
  // What was sealed stays as it is, be it that it cannot be opened any more.
  const isKept = nextUrl === urlBefore && target.sealedPassphrase !== null;
  const next: Target = {
    ...(isKept ? target : keptUrl(nextUrl, keys, context)),
    // One that a platform told is nobody's to use on.
    sealedKey: newKey ? keys.seal(streamKey, context) : newConnection ? null : target.sealedKey,
    delayMs: delayMs ?? target.delayMs,
    connectionId: newConnection ? connectionId : target.connectionId,
  };
  const isNew = newKey || newConnection || nextUrl !== urlBefore || next.delayMs !== target.delayMs;
  const newTarget = isNew ? next : null;
  const { name, enabled, privacy } = patch;
  const isEnabled = enabled ?? target.enabled;
  if (next.connectionId !== null && isEnabled && (newConnection || !target.enabled))
    await refuseTwice(db, accountId, studioId, { id: destinationId, connectionId: next.connectionId });
  const platform = made?.platform ?? patch.platform;
  const changes = { name, platform, enabled, privacy, newTarget, newConnection };
  await rows.updateDestination(db, accountId, studioId, destinationId, changes);
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
