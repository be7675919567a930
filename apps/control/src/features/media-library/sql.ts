import sql from "sql-template-tag";
import type { AssetKind, AssetStatus } from "@trax/contract";
import type { Queryable } from "@trax/foundation/database";

export type AssetRow = {
  readonly id: string;
  readonly accountId: string;
  readonly name: string;
  readonly kind: AssetKind;
  readonly origin: "upload" | "recording";
  readonly broadcastId: string | null;
  readonly contentType: string;
  readonly sizeBytes: number;
  readonly sha256: string | null;
  readonly status: AssetStatus;
  readonly progress: number;
  readonly failureReason: string | null;
  readonly durationMs: number | null;
  readonly width: number | null;
  readonly height: number | null;
  readonly objectKey: string;
  readonly renditionKey: string | null;
  readonly thumbnailKey: string | null;
  readonly waveformKey: string | null;
  readonly uploadId: string | null;
  readonly uploadExpiresAt: Date | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
};

const columns = sql`
  id, account_id as "accountId", name, kind, origin, broadcast_id as "broadcastId", content_type as "contentType",
  size_bytes as "sizeBytes", sha256, status, progress, failure_reason as "failureReason", duration_ms as "durationMs",
  width, height, object_key as "objectKey", rendition_key as "renditionKey", thumbnail_key as "thumbnailKey",
  waveform_key as "waveformKey", upload_id as "uploadId", upload_expires_at as "uploadExpiresAt",
  created_at as "createdAt", updated_at as "updatedAt"`;

/** The account's assets below an id, newest first. */
export async function listAssets(
  db: Queryable,
  accountId: string,
  page: { readonly below: string | null; readonly limit: number; readonly kind: AssetKind | null },
): Promise<AssetRow[]> {
  const below = page.below === null ? sql`` : sql`and id < ${page.below}`;
  const kind = page.kind === null ? sql`` : sql`and kind = ${page.kind}`;
  return db.query<AssetRow>(sql`
    select ${columns} from assets where account_id = ${accountId} ${below} ${kind} order by id desc limit ${page.limit}`);
}

export async function findAsset(db: Queryable, accountId: string, assetId: string): Promise<AssetRow | undefined> {
  const [row] = await db.query<AssetRow>(
    sql`select ${columns} from assets where account_id = ${accountId} and id = ${assetId}`,
  );
  return row;
}

/** Whose the asset of a signed URL is. */
export async function findSignedAccount(db: Queryable, assetId: string): Promise<string | undefined> {
  const [row] = await db.query<{ accountId: string }>(
    sql`select account_id as "accountId" from assets where id = ${assetId}`,
  );
  return row?.accountId;
}

/** The asset of a signed URL, which stands for whose it is. */
export async function findSignedUpload(db: Queryable, assetId: string): Promise<AssetRow | undefined> {
  const [row] = await db.query<AssetRow>(sql`select ${columns} from assets where id = ${assetId}`);
  return row;
}

/** An asset of the account, held until the transaction ends: nothing begins to name it meanwhile. */
export async function holdAsset(tx: Queryable, accountId: string, assetId: string): Promise<AssetRow | undefined> {
  const [row] = await tx.query<AssetRow>(
    sql`select ${columns} from assets where account_id = ${accountId} and id = ${assetId} for update`,
  );
  return row;
}

/** Bytes that the account has and may have. Held, so that uploads are begun one after the other. */
export async function holdUsage(
  tx: Queryable,
  accountId: string,
  usualQuota: number,
): Promise<{ readonly used: number; readonly quota: number }> {
  const [account] = await tx.query<{ quota: number | null }>(
    sql`select media_quota_bytes as quota from accounts where id = ${accountId} for no key update`,
  );
  // In a statement of its own: the one above may have waited for what this one must see.
  const [sum] = await tx.query<{ used: number }>(
    sql`select coalesce(sum(size_bytes), 0)::int8 as used from assets where account_id = ${accountId}`,
  );
  return { used: sum?.used ?? 0, quota: account?.quota ?? usualQuota };
}

export async function insertAsset(
  tx: Queryable,
  accountId: string,
  given: Pick<AssetRow, "id" | "name" | "kind" | "contentType" | "sizeBytes" | "sha256" | "objectKey"> & {
    readonly uploadSeconds: number;
  },
): Promise<AssetRow | undefined> {
  const [row] = await tx.query<AssetRow>(sql`
    insert into assets (id, account_id, name, kind, content_type, size_bytes, sha256, object_key, upload_expires_at)
    values (${given.id}, ${accountId}, ${given.name}, ${given.kind}, ${given.contentType}, ${given.sizeBytes},
      ${given.sha256}, ${given.objectKey}, now() + ${given.uploadSeconds} * interval '1 second')
    returning ${columns}`);
  return row;
}

export async function nameUpload(
  db: Queryable,
  accountId: string,
  assetId: string,
  uploadId: string | null,
): Promise<void> {
  await db.query(sql`update assets set upload_id = ${uploadId} where account_id = ${accountId} and id = ${assetId}`);
}

/** Gives an upload its whole time again; undefined where the asset awaits none. */
export async function prolongUpload(
  tx: Queryable,
  accountId: string,
  assetId: string,
  seconds: number,
): Promise<AssetRow | undefined> {
  const [row] = await tx.query<AssetRow>(sql`
    update assets set upload_expires_at = now() + ${seconds} * interval '1 second', updated_at = now()
    where account_id = ${accountId} and id = ${assetId} and status = 'awaiting_upload'
    returning ${columns}`);
  return row;
}

export async function renameAsset(
  tx: Queryable,
  accountId: string,
  assetId: string,
  name: string | undefined,
): Promise<AssetRow | undefined> {
  const [row] = await tx.query<AssetRow>(sql`
    update assets set name = coalesce(${name}, name), updated_at = now()
    where account_id = ${accountId} and id = ${assetId} returning ${columns}`);
  return row;
}

/** The bytes are there: the media side is told to look at them. Undefined where the asset awaits none. */
export async function beginProcessing(
  db: Queryable,
  accountId: string,
  assetId: string,
): Promise<AssetRow | undefined> {
  const [row] = await db.query<AssetRow>(sql`
    with begun as (
      update assets set status = 'processing', progress = 0, upload_id = null, updated_at = now()
      where account_id = ${accountId} and id = ${assetId} and status = 'awaiting_upload' returning *),
    told as (select pg_notify('trax_assets', '') from begun)
    select ${columns} from begun left join told on true`);
  return row;
}

/** Forgets an asset; what is stored of it is owed to be removed (by the table's own trigger). */
export async function forgetAsset(tx: Queryable, accountId: string, assetId: string): Promise<void> {
  await tx.query(sql`delete from assets where account_id = ${accountId} and id = ${assetId}`);
}

/** What was stored for an asset that is gone by now. */
export async function oweRemoval(db: Queryable, assetId: string): Promise<void> {
  await db.query(sql`
    insert into owed_removals (key) values (${`assets/${assetId}/`}) on conflict (key) do update set created_at = now()`);
}

/** What names an asset. */
export type Use = {
  readonly by: "scene" | "overlays" | "slate" | "source";
  readonly id: string;
  readonly studioId: string;
  readonly name: string;
};

export async function usesOf(tx: Queryable, accountId: string, assetId: string): Promise<Use[]> {
  const named = JSON.stringify([{ assetId }]);
  return tx.query<Use>(sql`
    select 'scene' as by, id, studio_id as "studioId", name from scenes
      where account_id = ${accountId} and content->'layers' @> ${named}::jsonb
    union all
    select 'overlays', s.id, s.id, s.name from programs p join studios s on s.id = p.studio_id
      where p.account_id = ${accountId} and p.overlays @> ${named}::jsonb
    union all
    select 'slate', id, id, name from studios where account_id = ${accountId} and slate->>'assetId' = ${assetId}
    union all
    select 'source', id, studio_id, name from sources where account_id = ${accountId} and asset_id = ${assetId}
    limit 50`);
}

/** Those of these assets that are the account's and have not failed. Held: none is deleted before the transaction ends. */
export async function usableAssets(
  tx: Queryable,
  accountId: string,
  ids: readonly string[],
): Promise<ReadonlyMap<string, AssetKind>> {
  const rows = await tx.query<{ id: string; kind: AssetKind }>(sql`
    select id, kind from assets where account_id = ${accountId} and id = any(${[...ids]}) and status <> 'failed'
    order by id for key share`);
  return new Map(rows.map(({ id, kind }) => [id, kind]));
}

export async function presentAssets(
  db: Queryable,
  accountId: string,
  ids: readonly string[],
): Promise<ReadonlySet<string>> {
  const rows = await db.query<{ id: string }>(
    sql`select id from assets where account_id = ${accountId} and id = any(${[...ids]})`,
  );
  return new Set(rows.map(({ id }) => id));
}
