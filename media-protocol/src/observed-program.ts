import sql from "sql-template-tag";
import type { Database, Queryable } from "@trax/foundation/database";
import { channels } from "./channel.ts";
import { appendMediaEvent } from "./event.ts";

/**
 * A frame with this take's scene is out. `at`: RFC 3339. Whoever waits for it
 * is told; a worker that says it again after a restart changes nothing.
 */
export async function recordShown(
  db: Queryable,
  seen: { readonly studioId: string; readonly take: number; readonly at: string },
): Promise<void> {
  await db.query(sql`
    with shown as (
      update programs set shown_take = ${seen.take}, shown_at = ${seen.at}
      where studio_id = ${seen.studioId} and shown_take is distinct from ${seen.take} and take >= ${seen.take}
      returning studio_id)
    select pg_notify(${channels.program}, studio_id) from shown`);
}

/** The slate came or went; the event is written only when that is a change. */
export async function recordSlate(
  db: Database,
  seen: { readonly studioId: string; readonly onSlate: boolean },
): Promise<void> {
  await db.transaction(async (tx) => {
    const [studio] = await tx.query<{ accountId: string }>(
      sql`select account_id as "accountId" from studios where id = ${seen.studioId} for no key update`,
    );
    if (studio === undefined) return;
    const changed = await tx.query(sql`
      insert into programs (studio_id, account_id, on_slate)
      select ${seen.studioId}, ${studio.accountId}, ${seen.onSlate}
      where ${seen.onSlate} or exists (select from programs where studio_id = ${seen.studioId})
      on conflict (studio_id) do update set on_slate = excluded.on_slate
      where programs.on_slate is distinct from excluded.on_slate
      returning studio_id`);
    if (changed.length === 0) return;
    const { accountId } = studio;
    const { studioId, onSlate } = seen;
    await appendMediaEvent(tx, { accountId, studioId, type: "program.slate", data: { onSlate } });
  });
}

/** The program runs no more: what it showed last is not what is shown. */
export async function recordProgramStopped(db: Queryable, studioId: string): Promise<void> {
  await db.query(sql`update programs set on_slate = false where studio_id = ${studioId} and on_slate`);
}

/** How loud something is, dBFS. */
type Meter = { readonly peak: number; readonly rms: number };

/** More do not fit into a notification, which holds 8,000 bytes. */
const mostMeters = 90;

/**
 * Tells those who watch what is heard ten times a second; nothing of it is kept.
 * Of very many sources it tells of the loudest.
 */
export async function tellMeters(
  db: Queryable,
  heard: {
    readonly studioId: string;
    readonly program: Meter;
    readonly sources: readonly (Meter & { readonly sourceId: string })[];
  },
): Promise<void> {
  const sources =
    heard.sources.length <= mostMeters
      ? heard.sources
      : heard.sources.toSorted((one, other) => other.peak - one.peak).slice(0, mostMeters);
  const payload = JSON.stringify({ ...heard, sources });
  // Not worth waiting for the disk.
  await db.query(sql`select set_config('synchronous_commit', 'off', true), pg_notify(${channels.meters}, ${payload})`);
}
