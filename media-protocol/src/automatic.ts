import sql from "sql-template-tag";
import type { Queryable } from "@trax/foundation/database";
import { makeRoom } from "./admission.ts";
import { lockStudio, requestLive, requestOffline } from "./desired.ts";
import type { StudioName } from "./desired.ts";

/*
 * What an agent decides from rows it read a moment ago is decided once more
 * with the studio held: a person who went live or offline meanwhile is right.
 * Only what comes in counts: what a program itself opens is there while it runs.
 */

/**
 * `autoGoLive` with the first source, once the nodes can carry it: until then
 * `held_back_at` tells when that was last tried. Answers whether the studio was
 * taken live by this call.
 */
export async function goLiveWithSource(tx: Queryable, studio: StudioName): Promise<boolean> {
  await lockStudio(tx, studio);
  const wanted = await tx.query(sql`
    select from studios where id = ${studio.studioId} and auto_go_live and auto_armed
      and exists (select from sources where studio_id = ${studio.studioId} and kind = 'ingest' and status <> 'offline')`);
  if (wanted.length === 0) return false;
  if (!(await makeRoom(tx, studio.studioId))) {
    await tx.query(sql`
      update studios set held_back_at = now()
      where id = ${studio.studioId} and (held_back_at is null or held_back_at < now() - interval '5 seconds')`);
    return false;
  }
  return (await requestLive(tx, studio, { startedBy: "source", traceparent: null })).created;
}

/** `autoGoLive` after the last source of this broadcast. Answers whether it was ended by this call. */
export async function goOfflineWithoutSource(tx: Queryable, studio: StudioName, broadcastId: string): Promise<boolean> {
  await lockStudio(tx, studio);
  const wanted = await tx.query(sql`
    select from studios where id = ${studio.studioId} and auto_go_live
      and exists (select from broadcasts where id = ${broadcastId} and desired = 'live')
      and not exists (select from sources where studio_id = ${studio.studioId} and kind = 'ingest' and status <> 'offline')`);
  return wanted.length > 0 && (await requestOffline(tx, studio, "source_gone"));
}
