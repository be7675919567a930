import sql from "sql-template-tag";
import type { Source, SourceAudio, SourceError, SourceStatus, SourceVideo } from "@trax/contract";
import type { Queryable } from "@trax/foundation/database";

export type SourceRow = {
  readonly id: string;
  readonly accountId: string;
  readonly studioId: string;
  readonly name: string;
  readonly kind: Source["kind"];
  readonly onConflict: Source["onConflict"];
  /** One, or those of a playlist; null for what is published to us, and for an asset. */
  readonly sealedUrls: string | null;
  /** Played in place of a URL. */
  readonly assetId: string | null;
  /** That is not in the library any more. */
  readonly isAssetGone: boolean;
  readonly loop: boolean;
  readonly silenceMs: number;
  readonly status: SourceStatus;
  readonly protocol: string | null;
  /** As the agent saw them. */
  readonly video: SourceVideo | null;
  readonly audio: SourceAudio | null;
  readonly lastError: SourceError | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  /** bit/s of all that arrives, at this moment; null when it is not known. */
  readonly bitrateNow: number | null;
};

const columns = sql`
  s.id, s.account_id as "accountId", s.studio_id as "studioId", s.name, s.kind, s.on_conflict as "onConflict",
  s.url as "sealedUrls", s.asset_id as "assetId", s.loop, s.silence_ms as "silenceMs", s.status, s.protocol, s.video, s.audio, s.last_error as "lastError",
  s.asset_id is not null
    and not exists (select from assets a where a.account_id = s.account_id and a.id = s.asset_id) as "isAssetGone",
  s.created_at as "createdAt", s.updated_at as "updatedAt",
  (select g.bitrate from source_gauges g
   where g.source_id = s.id and g.updated_at > now() - interval '5 seconds') as "bitrateNow"`;

/** The studio's sources below an id, newest first. */
export async function listSources(
  db: Queryable,
  accountId: string,
  studioId: string,
  page: { readonly below: string | null; readonly limit: number },
): Promise<SourceRow[]> {
  const below = page.below === null ? sql`` : sql`and s.id < ${page.below}`;
  return db.query<SourceRow>(sql`
    select ${columns} from sources s where s.account_id = ${accountId} and s.studio_id = ${studioId} ${below}
    order by s.id desc limit ${page.limit}`);
}

export async function findSource(
  db: Queryable,
  accountId: string,
  studioId: string,
  sourceId: string,
): Promise<SourceRow | undefined> {
  const [row] = await db.query<SourceRow>(sql`
    select ${columns} from sources s where s.account_id = ${accountId} and s.studio_id = ${studioId} and s.id = ${sourceId}`);
  return row;
}

/** The caller holds the studio. */
export async function insertSource(
  db: Queryable,
  accountId: string,
  studioId: string,
  given: Pick<SourceRow, "id" | "name" | "kind" | "onConflict" | "sealedUrls" | "assetId" | "loop" | "silenceMs">,
): Promise<SourceRow | undefined> {
  const [row] = await db.query<SourceRow>(sql`
    insert into sources as s (id, account_id, studio_id, name, kind, on_conflict, url, asset_id, loop, silence_ms)
    values (${given.id}, ${accountId}, ${studioId}, ${given.name}, ${given.kind}, ${given.onConflict},
      ${given.sealedUrls}, ${given.assetId}, ${given.loop}, ${given.silenceMs})
    returning ${columns}`);
  return row;
}

/** Merges what is given, another address or asset with a new revision; undefined when the studio has no such source. */
export async function updateSource(
  db: Queryable,
  accountId: string,
  studioId: string,
  sourceId: string,
  patch: {
    readonly name: string | undefined;
    readonly onConflict: Source["onConflict"] | undefined;
    readonly loop: boolean | undefined;
    readonly silenceMs: number | undefined;
    /** What it plays from now on; null: what it did. */
    readonly newMedia: Pick<SourceRow, "sealedUrls" | "assetId"> | null;
  },
): Promise<SourceRow | undefined> {
  const media =
    patch.newMedia === null
      ? sql``
      : sql`, url = ${patch.newMedia.sealedUrls}, asset_id = ${patch.newMedia.assetId}, revision = s.revision + 1, last_error = null`;
  const [row] = await db.query<SourceRow>(sql`
    update sources s set name = coalesce(${patch.name}, s.name), on_conflict = coalesce(${patch.onConflict}, s.on_conflict),
      loop = coalesce(${patch.loop}, s.loop), silence_ms = coalesce(${patch.silenceMs}, s.silence_ms), updated_at = now() ${media}
    where s.account_id = ${accountId} and s.studio_id = ${studioId} and s.id = ${sourceId}
    returning ${columns}`);
  return row;
}

/** Deletes a source with its sessions, and the studio's choice of it; answers whether it was there. */
export async function deleteSource(
  db: Queryable,
  accountId: string,
  studioId: string,
  sourceId: string,
): Promise<boolean> {
  const gone = await db.query(sql`
    delete from sources where account_id = ${accountId} and studio_id = ${studioId} and id = ${sourceId} returning id`);
  if (gone.length === 0) return false;
  await db.query(sql`delete from source_gauges where source_id = ${sourceId}`);
  await db.query(sql`delete from snapshots where of = ${`source:${sourceId}`}`);
  await db.query(sql`
    update studios set program_source_id = nullif(program_source_id, ${sourceId}),
      fallback_source_ids = array_remove(fallback_source_ids, ${sourceId}::text), updated_at = now()
    where account_id = ${accountId} and id = ${studioId}
      and (program_source_id = ${sourceId} or ${sourceId} = any(fallback_source_ids))`);
  return true;
}

/** Those of these sources that are the studio's. */
export async function sourcesAmong(
  db: Queryable,
  accountId: string,
  studioId: string,
  ids: readonly string[],
): Promise<ReadonlySet<string>> {
  const found = await db.query<{ id: string }>(
    sql`select id from sources where account_id = ${accountId} and studio_id = ${studioId} and id = any(${[...ids]})`,
  );
  return new Set(found.map(({ id }) => id));
}
