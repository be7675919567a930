import sql from "sql-template-tag";
import type { IngestProtocol, Source, SourceAudio, SourceStatus, SourceUpdate, SourceVideo } from "@trax/contract";
import type { Queryable } from "@trax/foundation/database";
import { newId } from "@trax/foundation/ids";

export type SourceRow = {
  readonly id: string;
  readonly studioId: string;
  readonly name: string;
  readonly kind: Source["kind"];
  readonly onConflict: Source["onConflict"];
  readonly status: SourceStatus;
  readonly protocol: IngestProtocol | null;
  /** As the agent saw them. */
  readonly video: SourceVideo | null;
  readonly audio: SourceAudio | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  /** bit/s of all that arrives, at this moment; null when it is not known. */
  readonly bitrateNow: number | null;
};

const columns = sql`
  s.id, s.studio_id as "studioId", s.name, s.kind, s.on_conflict as "onConflict", s.status, s.protocol, s.video, s.audio,
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
  { name, kind, onConflict }: Pick<Source, "name" | "kind" | "onConflict">,
): Promise<SourceRow | undefined> {
  const [row] = await db.query<SourceRow>(sql`
    insert into sources as s (id, account_id, studio_id, name, kind, on_conflict)
    values (${newId("source")}, ${accountId}, ${studioId}, ${name}, ${kind}, ${onConflict})
    returning ${columns}`);
  return row;
}

/** Merges what is given; undefined when the studio has no such source. */
export async function updateSource(
  db: Queryable,
  accountId: string,
  studioId: string,
  sourceId: string,
  { name, onConflict }: SourceUpdate,
): Promise<SourceRow | undefined> {
  const [row] = await db.query<SourceRow>(sql`
    update sources s set name = coalesce(${name}, s.name), on_conflict = coalesce(${onConflict}, s.on_conflict), updated_at = now()
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
  await db.query(sql`
    update studios set program_source_id = nullif(program_source_id, ${sourceId}),
      fallback_source_ids = array_remove(fallback_source_ids, ${sourceId}::text), updated_at = now()
    where account_id = ${accountId} and id = ${studioId}
      and (program_source_id = ${sourceId} or ${sourceId} = any(fallback_source_ids))`);
  return true;
}
