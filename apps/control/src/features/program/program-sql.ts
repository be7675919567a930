import sql from "sql-template-tag";
import type { Program } from "@trax/contract";
import type { Queryable } from "@trax/foundation/database";
import type { ProgramOverlay } from "@trax/media-protocol";
import { notFound } from "../../kernel/errors.ts";

export type ProgramRow = {
  readonly mode: Program["mode"];
  readonly sceneId: string | null;
  readonly previewSceneId: string | null;
  readonly onSlate: boolean;
  readonly overlays: readonly ProgramOverlay[];
  readonly transition: "cut" | "fade";
  readonly transitionMs: number;
  /** A composed program is asked for: on air, or watched. */
  readonly running: boolean;
};

/** The program of a studio, as it is before anybody has written to it too. Refuses what is not the account's studio. */
export async function readProgram(db: Queryable, accountId: string, studioId: string): Promise<ProgramRow> {
  const [row] = await db.query<ProgramRow>(sql`
    select s.program_mode as mode, p.scene_id as "sceneId", p.preview_scene_id as "previewSceneId",
      running, running and coalesce(p.on_slate, false) as "onSlate", coalesce(p.overlays, '[]') as overlays,
      coalesce(p.transition, 'cut') as transition, coalesce(p.transition_ms, 0) as "transitionMs"
    from studios s left join programs p on p.studio_id = s.id
      cross join lateral (select s.program_mode = 'composed' and (
          coalesce(greatest(p.watched_until, p.preview_watched_until) > now(), false)
          or exists (select from broadcasts where studio_id = s.id and desired = 'live' and ended_at is null)
        ) as running) state
    where s.account_id = ${accountId} and s.id = ${studioId}`);
  if (row === undefined) throw notFound("studio");
  return row;
}

/** The account's programs row, made where there was none; the caller holds the studio. */
async function ensureProgram(tx: Queryable, accountId: string, studioId: string): Promise<void> {
  await tx.query(sql`
    insert into programs (studio_id, account_id)
    select id, account_id from studios where account_id = ${accountId} and id = ${studioId}
    on conflict (studio_id) do nothing`);
}

/** Answers the number of the take. The caller holds the studio, so that takes come one after the other. */
export async function writeTake(
  tx: Queryable,
  accountId: string,
  studioId: string,
  taken: {
    readonly sceneId: string | null;
    readonly transition: "cut" | "fade";
    readonly durationMs: number;
  },
): Promise<number> {
  await ensureProgram(tx, accountId, studioId);
  const [row] = await tx.query<{ take: number }>(sql`
    update programs set scene_id = ${taken.sceneId}, take = take + 1, transition = ${taken.transition},
      transition_ms = ${taken.durationMs}, updated_at = now()
    where account_id = ${accountId} and studio_id = ${studioId}
    returning take`);
  if (row === undefined) throw notFound("studio");
  return row.take;
}

export async function writePreview(
  tx: Queryable,
  accountId: string,
  studioId: string,
  sceneId: string | null,
): Promise<void> {
  await ensureProgram(tx, accountId, studioId);
  await tx.query(sql`
    update programs set preview_scene_id = ${sceneId}, updated_at = now()
    where account_id = ${accountId} and studio_id = ${studioId}`);
}

export async function writeOverlays(
  tx: Queryable,
  accountId: string,
  studioId: string,
  overlays: readonly ProgramOverlay[],
): Promise<void> {
  await ensureProgram(tx, accountId, studioId);
  await tx.query(sql`
    update programs set overlays = ${JSON.stringify(overlays)}::jsonb, updated_at = now()
    where account_id = ${accountId} and studio_id = ${studioId}`);
}

/** What the media agent saw of the studio's takes; null when it has shown none. */
export async function readShown(
  db: Queryable,
  accountId: string,
  studioId: string,
): Promise<{ readonly take: number; readonly at: Date } | null> {
  const [row] = await db.query<{ take: number; at: Date }>(sql`
    select shown_take as take, shown_at as at from programs
    where account_id = ${accountId} and studio_id = ${studioId} and shown_take is not null and shown_at is not null`);
  return row ?? null;
}
