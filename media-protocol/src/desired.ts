import sql, { empty } from "sql-template-tag";
import { newId } from "@trax/foundation/ids";
import type { Queryable } from "@trax/foundation/database";
import type { AssetKind } from "./asset.ts";
import { channels } from "./channel.ts";
import type { ProgramOverlay, SceneContent, Slate } from "./scene.ts";

/** Tells the agents that what a studio should be has changed. In the transaction that changes it. */
export async function notifyDesired(tx: Queryable, studioId: string): Promise<void> {
  await tx.query(sql`select pg_notify(${channels.desired}, ${studioId})`);
}

/** Tells the agents that media sessions were revoked. In the transaction that revokes them. */
export async function notifySessions(tx: Queryable): Promise<void> {
  await tx.query(sql`select pg_notify(${channels.sessions}, '')`);
}

export type StudioName = { readonly accountId: string; readonly studioId: string };

/** First of all the studio's rows, as everywhere (see `observed.ts`). */
export async function lockStudio(tx: Queryable, { accountId, studioId }: StudioName): Promise<void> {
  await tx.query(sql`select id from studios where account_id = ${accountId} and id = ${studioId} for no key update`);
}

/**
 * Asks for a studio to be live. Idempotent: a studio that is asked for already
 * keeps its broadcast. The caller has made sure that the studio exists.
 */
export async function requestLive(
  tx: Queryable,
  studio: StudioName,
  by: { readonly startedBy: "request" | "source"; readonly traceparent: string | null },
): Promise<{ readonly broadcastId: string; readonly created: boolean }> {
  const { accountId, studioId } = studio;
  await lockStudio(tx, studio);
  const [created] = await tx.query<{ id: string }>(sql`
    insert into broadcasts (id, account_id, studio_id, started_by, traceparent)
    values (${newId("broadcast")}, ${accountId}, ${studioId}, ${by.startedBy}, ${by.traceparent})
    on conflict (studio_id) where desired = 'live' do nothing
    returning id`);
  if (created === undefined) {
    const [running] = await tx.query<{ id: string }>(
      sql`select id from broadcasts where account_id = ${accountId} and studio_id = ${studioId} and desired = 'live'`,
    );
    if (running === undefined) throw new Error("a broadcast that conflicted is gone: run the request again");
    return { broadcastId: running.id, created: false };
  }
  await tx.query(sql`
    update studios set state = 'starting', auto_armed = false, updated_at = now()
    where account_id = ${accountId} and id = ${studioId}`);
  await tx.query(sql`
    update destinations set last_error = null, reconnects = 0, connected_at = null, ingest_attempts = 0,
      ingest_due_at = case when ingest_claim is null then null else ingest_due_at end
    where account_id = ${accountId} and studio_id = ${studioId}`);
  await notifyDesired(tx, studioId);
  return { broadcastId: created.id, created: true };
}

/** Asks for a studio to be offline. Idempotent; says whether there was something to end. */
export async function requestOffline(
  tx: Queryable,
  studio: StudioName,
  reason: "requested" | "source_gone",
): Promise<boolean> {
  await lockStudio(tx, studio);
  const ended = await tx.query<{ id: string }>(sql`
    update broadcasts set desired = 'ended', end_reason = ${reason}
    where account_id = ${studio.accountId} and studio_id = ${studio.studioId} and desired = 'live'
    returning id`);
  if (ended.length === 0) return false;
  await tx.query(sql`
    update studios set state = 'stopping', updated_at = now()
    where account_id = ${studio.accountId} and id = ${studio.studioId} and state <> 'offline'`);
  await notifyDesired(tx, studio.studioId);
  return true;
}

export type DesiredDestination = {
  readonly id: string;
  readonly revision: number;
  /** Where an SRT passphrase is kept apart, `***` stands in its place. */
  readonly url: string;
  /** Both sealed by the vault, with the account and the destination's id as context. */
  readonly passphrase: string | null;
  readonly streamKey: string | null;
  readonly enabled: boolean;
  readonly status: string;
  readonly reconnects: number;
  readonly connectedAt: string | null;
  /** How much later than the program it is sent. */
  readonly delayMs: number;
  /** It is to be sent to once its platform has told where, for this very broadcast: not yet. */
  readonly waits: boolean;
};

export type DesiredSource = {
  readonly id: string;
  readonly kind: "ingest" | "media" | "pull";
  /** It plays a file of the media library. */
  readonly assetId: string | null;
  /** Of what is pulled: sealed by the vault, with the account and the source's id as context. */
  readonly url: string | null;
  readonly loop: boolean;
  /** How long it may be silent before it counts as gone. */
  readonly silenceMs: number;
  readonly revision: number;
  /** Where it is online. */
  readonly nodeId: string | null;
  readonly status: "offline" | "online" | "error";
  readonly audioCodec: string | null;
  readonly onlineAt: string | null;
  readonly offlineAt: string | null;
};

/** Something of the media library that the studio shows or plays. */
export type DesiredAsset = {
  readonly id: string;
  readonly kind: AssetKind;
  readonly status: "awaiting_upload" | "processing" | "ready" | "failed";
  /** Of what a program plays, in the object store. */
  readonly key: string;
  readonly failureReason: string | null;
};

export type DesiredBroadcast = {
  readonly id: string;
  readonly desired: "live" | "ended";
  readonly startedAt: string | null;
  readonly hadSource: boolean;
  readonly traceparent: string | null;
  readonly nodeId: string | null;
};

export type Canvas = {
  readonly width: number;
  readonly height: number;
  /** Frames a second. */
  readonly frameRate: number;
  /** bit/s at the most. */
  readonly videoBitrate: number;
  readonly audioBitrate: number;
};

/** What a studio's program is to show. */
export type DesiredProgram = {
  /** Null: the automatic scene. */
  readonly scene: { readonly id: string; readonly content: SceneContent } | null;
  readonly preview: { readonly id: string; readonly content: SceneContent } | null;
  readonly overlays: readonly ProgramOverlay[];
  /** Grows with each take; how that take is to look. */
  readonly take: number;
  readonly transition: "cut" | "fade";
  readonly transitionMs: number;
  readonly watched: boolean;
  readonly previewWatched: boolean;
  readonly meters: boolean;
  /** It was only watched, and its room was needed: it is not made, whoever reads it, while it is not on air. */
  readonly gaveWay: boolean;
};

/** Everything an agent needs to know of one studio, read at one moment. */
export type DesiredStudio = {
  readonly studioId: string;
  readonly accountId: string;
  readonly state: "offline" | "starting" | "live" | "stopping";
  readonly graceMs: number;
  readonly autoGoLive: boolean;
  readonly autoArmed: boolean;
  readonly programMode: "composed" | "passthrough";
  readonly programSourceId: string | null;
  readonly canvas: Canvas;
  readonly slate: Slate;
  readonly fallbackSourceIds: readonly string[];
  readonly isRecorded: boolean;
  /** Null: nobody has said anything of it yet. */
  readonly program: DesiredProgram | null;
  /** Those not ended yet, oldest first. */
  readonly broadcasts: readonly DesiredBroadcast[];
  readonly sources: readonly DesiredSource[];
  /** Those that its sources, its scene, its preview, its overlays and its slate name. */
  readonly assets: readonly DesiredAsset[];
  readonly destinations: readonly DesiredDestination[];
};

const list = (rows: ReturnType<typeof sql>) =>
  sql`coalesce((select json_agg(row order by row.id) from (${rows}) row), '[]')`;

/** Each from an index that holds just these: asked for as one condition, all studios would be read. */
const restless = sql`
      union select id from studios where state <> 'offline'
      union select studio_id from broadcasts where ended_at is null
      union select studio_id from sources where status <> 'offline'
      union select studio_id from destinations where status <> 'idle'
      union select studio_id from programs
        where (watched_until is not null or preview_watched_until is not null)
          and greatest(watched_until, preview_watched_until) > now()`;

/** Made from a connection, and what is known of where to send to is not of the broadcast that is asked for. */
const waits = sql`(d.enabled and d.connection_id is not null and exists (
  select from broadcasts b where b.studio_id = d.studio_id and b.desired = 'live' and b.id is distinct from d.ingest_broadcast_id))`;

const program = sql`
  (select json_build_object(
      'scene', case when on_air.id is null then null else json_build_object('id', on_air.id, 'content', on_air.content) end,
      'preview', case when next.id is null then null else json_build_object('id', next.id, 'content', next.content) end,
      'overlays', p.overlays, 'take', p.take, 'transition', p.transition, 'transitionMs', p.transition_ms,
      'watched', coalesce(p.watched_until > now(), false), 'previewWatched', coalesce(p.preview_watched_until > now(), false),
      'meters', coalesce(p.meters_until > now(), false), 'gaveWay', p.gave_way_at is not null)
    from programs p left join scenes on_air on on_air.id = p.scene_id left join scenes next on next.id = p.preview_scene_id
    where p.studio_id = s.id)`;

/** Ids of what a studio `s` shows without its being a source: of its slate, its scene, its preview and its overlays. */
export const shownAssets = sql`
    select s.slate->>'assetId'
    union all select jsonb_path_query(n.content, '$.layers[*].assetId') #>> '{}'
      from programs p join scenes n on n.id in (p.scene_id, p.preview_scene_id) where p.studio_id = s.id
    union all select jsonb_path_query(p.overlays, '$[*].assetId') #>> '{}' from programs p where p.studio_id = s.id`;

/** Of the account's own: ids in scenes are as they were given. */
const assets = sql`
  select a.id, a.kind, a.status, coalesce(a.rendition_key, a.object_key) as key, a.failure_reason as "failureReason"
  from assets a where a.account_id = s.account_id and a.id in (
    select c.asset_id::text from sources c where c.studio_id = s.id
    union all ${shownAssets})`;

/**
 * The studios named, and with `all` every one that wants an agent's attention:
 * on air, ending, watched, with a source online, or not at rest.
 */
export async function readDesired(db: Queryable, named: readonly string[], all: boolean): Promise<DesiredStudio[]> {
  return db.query<DesiredStudio>(sql`
    select s.id as "studioId", s.account_id as "accountId", s.state, s.grace_ms as "graceMs",
      s.auto_go_live as "autoGoLive", s.auto_armed as "autoArmed",
      s.program_mode as "programMode", s.program_source_id as "programSourceId", s.fallback_source_ids as "fallbackSourceIds",
      s.recording_enabled as "isRecorded",
      json_build_object('width', s.width, 'height', s.height, 'frameRate', s.frame_rate,
        'videoBitrate', s.video_bitrate, 'audioBitrate', s.audio_bitrate) as canvas,
      json_build_object('assetId', s.slate->'assetId', 'text', s.slate->'text', 'color', s.slate->'color') as slate,
      ${program} as program,
      ${list(sql`select b.id, b.desired, b.started_at as "startedAt", b.had_source as "hadSource", b.traceparent, b.node_id as "nodeId"
                 from broadcasts b where b.studio_id = s.id and b.ended_at is null`)} as broadcasts,
      ${list(sql`select c.id, c.kind, c.asset_id as "assetId", c.url, c.loop, c.silence_ms as "silenceMs", c.revision, c.node_id as "nodeId", c.status,
                   c.audio->>'codec' as "audioCodec", c.online_at as "onlineAt", c.offline_at as "offlineAt"
                 from sources c where c.studio_id = s.id`)} as sources,
      ${list(assets)} as assets,
      ${list(sql`select d.id, d.revision, d.url, d.passphrase, d.stream_key as "streamKey", d.enabled, d.status, d.reconnects, d.connected_at as "connectedAt", d.delay_ms as "delayMs", ${waits} as waits
                 from destinations d where d.studio_id = s.id`)} as destinations
    from studios s
    where s.id = any(array(select unnest(${[...named]}::text[]) ${all ? restless : empty}))`);
}
