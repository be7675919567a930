import type { ResponseOf, Source, SourceCreate, SourceCreated, SourceUpdate, operations } from "@trax/contract";
import type { Queryable } from "@trax/foundation/database";
import { newId } from "@trax/foundation/ids";
import type { Vault } from "@trax/foundation/vault";
import { notifyDesired, notifySessions } from "@trax/media-protocol";
import { invalidRequest, notFound } from "../../kernel/errors.ts";
import { pageOf } from "../../kernel/pagination.ts";
import type { Cursors } from "../../kernel/pagination.ts";
import { holdStudio, requireStudio } from "../broadcast/index.ts";
import { wrongAssets } from "../media-library/index.ts";
import type { MediaAddress } from "./media-address.ts";
import { createPublishSession } from "./sessions.ts";
import { checkUrls, openUrls, sealUrls, urlsFor, urlsOfNew, withoutMasks } from "./source-url.ts";
import type { AddressRules } from "./source-url.ts";
import { sourceOf } from "./source-view.ts";
import * as rows from "./sql.ts";

/** A source's first session lasts as long as one may: an encoder is set up once. */
const firstSessionSeconds = 365 * 86_400;

export async function listOfSources(
  db: Queryable,
  accountId: string,
  studioId: string,
  vault: Vault,
  cursors: Cursors,
  query: { readonly cursor?: string | undefined; readonly limit: number },
): Promise<ResponseOf<(typeof operations)["listSources"]>> {
  const list = { list: "sources", accountId, parentId: studioId };
  const below = cursors.read(list, query.cursor);
  const found = await rows.listSources(db, accountId, studioId, { below, limit: query.limit + 1 });
  if (found.length === 0) await requireStudio(db, accountId, studioId);
  return pageOf(
    found,
    query.limit,
    (id) => cursors.write(list, id),
    (row) => sourceOf(row, vault),
  );
}

export async function getSource(
  db: Queryable,
  accountId: string,
  studioId: string,
  sourceId: string,
  vault: Vault,
): Promise<Source> {
  const row = await rows.findSource(db, accountId, studioId, sourceId);
  if (row === undefined) throw notFound("source");
  return sourceOf(row, vault);
}

/** Before the transaction, since DNS takes its time. What is not there is refused before addresses are. */
export async function checkCreate(
  db: Queryable,
  accountId: string,
  studioId: string,
  rules: AddressRules,
  given: SourceCreate,
): Promise<void> {
  const urls = urlsOfNew(given.kind, given) ?? [];
  withoutMasks(given, urls, []);
  await requireStudio(db, accountId, studioId);
  await checkUrls(urls, rules);
}

/** Makes a source; one that is published to comes with its first publish session, the only time that its token is shown. */
export async function createSource(
  db: Queryable,
  accountId: string,
  studioId: string,
  vault: Vault,
  address: MediaAddress,
  given: SourceCreate,
): Promise<SourceCreated> {
  await holdStudio(db, accountId, studioId);
  const { name, kind, onConflict, loop, silenceMs, assetId = null } = given;
  await requirePlayable(db, accountId, assetId, null);
  const id = newId("source");
  const urls = urlsOfNew(kind, given);
  const sealedUrls = urls === null ? null : sealUrls(vault, urls, { accountId, id });
  const row = await rows.insertSource(db, accountId, studioId, {
    id,
    name,
    kind,
    onConflict,
    sealedUrls,
    assetId,
    loop,
    silenceMs,
  });
  if (row === undefined) throw new Error("a source that was inserted is not there");
  await notifyDesired(db, studioId);
  if (kind !== "ingest") return { ...sourceOf(row, vault), session: null };
  const session = await createPublishSession(db, accountId, studioId, address, {
    sourceId: id,
    expiresInSeconds: firstSessionSeconds,
  });
  return { ...sourceOf(row, vault), session };
}

/** Before the transaction, as `checkCreate`. */
export async function checkUpdate(
  db: Queryable,
  accountId: string,
  studioId: string,
  sourceId: string,
  rules: AddressRules,
  patch: SourceUpdate,
): Promise<void> {
  if ((patch.url ?? patch.playlist) === undefined) return;
  const row = await rows.findSource(db, accountId, studioId, sourceId);
  if (row === undefined) throw notFound("source");
  await checkUrls(urlsFor(row.kind, patch) ?? [], rules);
}

export async function updateSource(
  db: Queryable,
  accountId: string,
  studioId: string,
  sourceId: string,
  vault: Vault,
  { url, playlist, assetId, ...patch }: SourceUpdate,
): Promise<Source> {
  await holdStudio(db, accountId, studioId);
  const before = await rows.findSource(db, accountId, studioId, sourceId);
  if (before === undefined) throw notFound("source");
  const media = { url, playlist, assetId };
  const given = urlsFor(before.kind, media);
  await requirePlayable(db, accountId, assetId ?? null, before.assetId);
  const known = before.sealedUrls === null ? [] : (openUrls(vault, before.sealedUrls, before) ?? []);
  const sealedUrls = given === null ? null : sealUrls(vault, withoutMasks(media, given, known), before);
  const newMedia = given === null && assetId === undefined ? null : { sealedUrls, assetId: assetId ?? null };
  const { name, onConflict, loop, silenceMs } = patch;
  const row = await rows.updateSource(db, accountId, studioId, sourceId, {
    name,
    onConflict,
    loop,
    silenceMs,
    newMedia,
  });
  if (row === undefined) throw notFound("source");
  if (newMedia !== null || (loop ?? silenceMs) !== undefined) await notifyDesired(db, studioId);
  return sourceOf(row, vault);
}

/** Anything of the library can be played: what has no picture is heard. */
async function requirePlayable(
  db: Queryable,
  accountId: string,
  assetId: string | null,
  before: string | null,
): Promise<void> {
  const named = assetId === null ? [] : [{ path: "body.assetId", assetId, kinds: null }];
  const details = await wrongAssets(db, accountId, named, new Set([before ?? ""]));
  if (details.length > 0) throw invalidRequest("The asset cannot be played.", details);
}

/** Deletes a source; its sessions end with it, and whoever publishes is disconnected. */
export async function deleteSource(
  db: Queryable,
  accountId: string,
  studioId: string,
  sourceId: string,
): Promise<void> {
  await holdStudio(db, accountId, studioId);
  if (!(await rows.deleteSource(db, accountId, studioId, sourceId))) throw notFound("source");
  await notifySessions(db);
  await notifyDesired(db, studioId);
}
