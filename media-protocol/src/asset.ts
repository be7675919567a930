import sql, { empty } from "sql-template-tag";
import { newId } from "@trax/foundation/ids";
import type { Database, Queryable } from "@trax/foundation/database";
import { channels } from "./channel.ts";
import { appendMediaEvent } from "./event.ts";

/** Work on assets of the media library: who does it, how far it is, and what came of it. */

export type AssetKind = "video" | "audio" | "image";

/** An asset that this node is to process, until its lease ends. */
export type ClaimedAsset = {
  readonly assetId: string;
  readonly accountId: string;
  readonly kind: AssetKind;
  readonly contentType: string;
  readonly sizeBytes: number;
  /** Hex, as the client told it. */
  readonly sha256: string | null;
  /** Key in the object store, of a recording of where it is to be. */
  readonly objectKey: string;
  /** Of a recording: its file, below the data directory of this node; null where its studio is gone, and it with it, or where another node has it. */
  readonly recordingPath: string | null;
  /** Of a recording that is another node's, which has fallen silent: how long it is so, ms. Null: it is nobody else's. */
  readonly silentMs: number | null;
  readonly origin: "upload" | "recording";
  readonly durationMs: number | null;
  /** This one included. */
  readonly attempts: number;
};

/** How long an asset stays a node's own without word from it. */
export const assetLeaseMs = 30_000;
export const mostAssetAttempts = 3;

/** A node that has said nothing for so long may be gone for good: others look whether its recordings are in storage. */
const nodeGoneMs = 60_000;
/** Of a node that never was there: a year. */
const longSilence = 365 * 24 * 3_600_000;

const lease = sql`now() + ${assetLeaseMs} * interval '1 millisecond'`;

/**
 * Takes an asset of these kinds that is to be processed and that nobody works
 * on; none of more than `mostBytes`. Accounts take turns, whatever node asks:
 * the oldest asset of the one that has waited longest since it was last given a
 * place that takes these kinds and sizes. Recordings are taken by the node that
 * has them on its disk; by others where that node has fallen silent.
 */
export async function claimAsset(
  db: Queryable,
  nodeId: string,
  kinds: readonly AssetKind[],
  mostBytes: number | null = null,
): Promise<ClaimedAsset | null> {
  const lane = `${kinds.join()} ${mostBytes ?? ""}`;
  const [row] = await db.query<ClaimedAsset>(sql`
    with claimed as (
    update assets a set node_id = ${nodeId}, lease_expires_at = ${lease}, attempts = attempts + 1, progress = 0
    where a.id = (
      select w.id from assets w left join recordings r on r.id = w.recording_id
        left join asset_turns t on t.account_id = w.account_id and t.lane = ${lane}
      where w.status = 'processing' and w.kind = any(${[...kinds]}) and w.attempts < ${mostAssetAttempts}
        and (w.lease_expires_at is null or w.lease_expires_at < now())
        and (${mostBytes}::int8 is null or w.size_bytes <= ${mostBytes})
        and (w.origin = 'upload' or r.id is null or r.node_id = ${nodeId} or not exists (select from media_nodes n
          where n.id = r.node_id and n.heartbeat_at > now() - ${nodeGoneMs} * interval '1 millisecond'))
      order by t.begun_at nulls first, w.id limit 1 for update of w skip locked)
    returning a.id as "assetId", a.account_id as "accountId", a.kind, a.content_type as "contentType",
      a.size_bytes as "sizeBytes", a.sha256, a.object_key as "objectKey", a.origin, a.duration_ms as "durationMs",
      (select path from recordings r where r.id = a.recording_id and r.node_id = ${nodeId}) as "recordingPath",
      (select coalesce((select extract(epoch from now() - n.heartbeat_at) * 1000 from media_nodes n where n.id = r.node_id),
          ${longSilence})::int8
        from recordings r where r.id = a.recording_id and r.node_id <> ${nodeId}) as "silentMs", a.attempts),
    turn as (
      insert into asset_turns (account_id, lane, begun_at) select "accountId", ${lane}, now() from claimed
      on conflict (account_id, lane) do update set begun_at = excluded.begun_at)
    select * from claimed`);
  return row ?? null;
}

/** Assets that were begun as often as that and never came to an end: the ids of those that have failed with it. */
export async function failAbandonedAssets(db: Database, reason: string): Promise<string[]> {
  const rows = await db.query<{ id: string }>(sql`
    select id from assets where status = 'processing' and attempts >= ${mostAssetAttempts} and lease_expires_at < now()`);
  for (const { id } of rows) await failAsset(db, { assetId: id, nodeId: null, sha256: null, reason });
  return rows.map((row) => row.id);
}

/** Says how far it is (0 to 100), waiting for nothing, and renews the lease; false where it is this node's no longer. */
export async function progressAsset(
  db: Queryable,
  { assetId, nodeId, progress }: { readonly assetId: string; readonly nodeId: string; readonly progress: number },
): Promise<boolean> {
  const rows = await db.query(sql`
    update assets set progress = greatest(progress, ${progress}), failure_reason = null, lease_expires_at = ${lease}, updated_at = now()
    where id = ${assetId} and node_id = ${nodeId} and status = 'processing' returning id`);
  return rows.length > 0;
}

/**
 * Gives an asset back, to be taken by anybody in `afterMs`. `counts`: it was
 * begun; not where it was no fault of the file that it came to no end. `reason`,
 * for people, says what it waits for.
 */
export async function releaseAsset(
  db: Queryable,
  asset: {
    readonly assetId: string;
    readonly nodeId: string;
    readonly afterMs: number;
    readonly counts: boolean;
    readonly reason: string | null;
  },
): Promise<void> {
  const { assetId, nodeId, afterMs, counts, reason } = asset;
  await db.query(sql`
    update assets set node_id = null, attempts = greatest(0, attempts - ${counts ? 0 : 1}), failure_reason = ${reason},
      updated_at = now(), lease_expires_at = now() + ${afterMs} * interval '1 millisecond'
    where id = ${assetId} and node_id = ${nodeId} and status = 'processing'`);
}

/** What an agent of this node before this one worked on may be taken at once; it counts as begun. */
export async function releaseAssetsOf(db: Queryable, nodeId: string): Promise<void> {
  await db.query(sql`
    update assets set lease_expires_at = now() - interval '1 second' where node_id = ${nodeId} and status = 'processing'`);
}

export type ReadyAsset = {
  readonly assetId: string;
  readonly nodeId: string;
  /** Hex, as found. */
  readonly sha256: string;
  readonly durationMs: number | null;
  readonly width: number | null;
  readonly height: number | null;
  /** Keys in the object store. No rendition: the file plays as it is. */
  readonly renditionKey: string | null;
  readonly thumbnailKey: string | null;
  readonly waveformKey: string | null;
};

/** It can be used from now on, with its event. False where it is this node's no longer, or gone. */
export async function readyAsset(db: Database, asset: ReadyAsset): Promise<boolean> {
  return db.transaction(async (tx) => {
    const [row] = await tx.query<Ended>(sql`
      update assets set status = 'ready', progress = 100, failure_reason = null, sha256 = ${asset.sha256},
        duration_ms = ${asset.durationMs}, width = ${asset.width}, height = ${asset.height},
        rendition_key = ${asset.renditionKey}, thumbnail_key = ${asset.thumbnailKey},
        waveform_key = ${asset.waveformKey}, node_id = null, lease_expires_at = null, updated_at = now()
      where id = ${asset.assetId} and node_id = ${asset.nodeId} and status = 'processing'
      returning account_id as "accountId", name, kind`);
    if (row === undefined) return false;
    const { accountId, name, kind } = row;
    await appendMediaEvent(tx, {
      accountId,
      studioId: null,
      type: "media.ready",
      data: { assetId: asset.assetId, name, kind },
    });
    await notifyAsset(tx, asset.assetId);
    return true;
  });
}

/** It cannot be used, with its event; `reason` is for people. `nodeId` null: whoever had it. False where it is another's, or gone. */
export async function failAsset(
  db: Database,
  asset: {
    readonly assetId: string;
    readonly nodeId: string | null;
    readonly sha256: string | null;
    readonly reason: string;
  },
): Promise<boolean> {
  const { assetId, nodeId, sha256, reason } = asset;
  return db.transaction(async (tx) => {
    const [row] = await tx.query<Ended>(sql`
      update assets set status = 'failed', failure_reason = ${reason}, sha256 = coalesce(${sha256}, sha256),
        node_id = null, lease_expires_at = null, updated_at = now()
      where id = ${assetId} and status = 'processing' ${nodeId === null ? empty : sql`and node_id = ${nodeId}`}
      returning account_id as "accountId", name, kind`);
    if (row === undefined) return false;
    const { accountId, name, kind } = row;
    await appendMediaEvent(tx, {
      accountId,
      studioId: null,
      type: "media.failed",
      data: { assetId, name, kind, failureReason: reason },
    });
    await notifyAsset(tx, assetId);
    return true;
  });
}

type Ended = { readonly accountId: string; readonly name: string; readonly kind: AssetKind };

/** Whether there still is such an asset, whatever its state. */
export async function isAssetThere(db: Queryable, assetId: string): Promise<boolean> {
  return (await db.query(sql`select id from assets where id = ${assetId}`)).length > 0;
}

/** Tells agents that an asset is to be looked at. In the transaction that changes it. */
export async function notifyAsset(tx: Queryable, assetId: string): Promise<void> {
  await tx.query(sql`select pg_notify(${channels.assets}, ${assetId})`);
}

/**
 * Puts a finished recording of this node, that never was in it, into the
 * library, to be processed; null where there is none. `recordings.asset_id`
 * stays when the asset is deleted, so that it does not come back.
 */
export async function adoptRecording(db: Database, nodeId: string): Promise<string | null> {
  return db.transaction(async (tx) => {
    const assetId = newId("asset");
    const [taken] = await tx.query<{ id: string }>(sql`
      update recordings set asset_id = ${assetId} where id = (
        select id from recordings where status = 'ready' and asset_id is null and node_id = ${nodeId}
        order by id limit 1 for update skip locked)
      returning id`);
    if (taken === undefined) return null;
    await tx.query(sql`
      insert into assets (id, account_id, name, kind, origin, broadcast_id, recording_id, content_type, size_bytes,
        status, duration_ms, object_key)
      select ${assetId}, r.account_id,
        left(s.name, 80) || to_char(r.created_at at time zone 'utc', ' YYYY-MM-DD HH24:MI'),
        'video', 'recording', r.broadcast_id, r.id, 'video/mp4', r.size_bytes, 'processing', r.duration_ms,
        ${`assets/${assetId}/original`}
      from recordings r join studios s on s.id = r.studio_id where r.id = ${taken.id}`);
    await notifyAsset(tx, assetId);
    return assetId;
  });
}
