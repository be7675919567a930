import sql from "sql-template-tag";
import type { Queryable } from "@trax/foundation/database";
import { mediaTokenHash, programPath, sourcePath, webrtcPath } from "./token.ts";

export type PublishSession = {
  readonly sessionId: string;
  readonly accountId: string;
  readonly studioId: string;
  readonly sourceId: string;
  readonly onConflict: "refuse" | "replace";
  readonly expiresAt: Date;
};

/** The unexpired publish session a token stands for, or null. */
export async function findPublishSession(db: Queryable, token: string): Promise<PublishSession | null> {
  const [row] = await db.query<PublishSession>(sql`
    select m.id as "sessionId", m.account_id as "accountId", m.studio_id as "studioId", m.source_id as "sourceId",
      s.on_conflict as "onConflict", m.expires_at as "expiresAt"
    from media_sessions m join sources s on s.id = m.source_id
    where m.token_hash = ${mediaTokenHash(token)} and m.role = 'publish' and m.expires_at > now()`);
  return row ?? null;
}

/** What a play session shows. */
export type SessionView = "source" | "program" | "preview";

export type PlaySession = {
  readonly sessionId: string;
  readonly accountId: string;
  readonly studioId: string;
  readonly view: SessionView;
  /** Null unless it shows a source. */
  readonly sourceId: string | null;
  readonly expiresAt: Date;
};

/** The unexpired play session a token stands for, or null. */
export async function findPlaySession(db: Queryable, token: string): Promise<PlaySession | null> {
  const [row] = await db.query<PlaySession>(sql`
    select id as "sessionId", account_id as "accountId", studio_id as "studioId", view, source_id as "sourceId",
      expires_at as "expiresAt"
    from media_sessions
    where token_hash = ${mediaTokenHash(token)} and role = 'play' and view is not null and expires_at > now()`);
  return row ?? null;
}

/** The router's paths that a play session may read. Those of WebRTC carry Opus and no B-frames. */
export function playablePaths({ view, studioId, sourceId }: PlaySession): readonly string[] {
  switch (view) {
    case "source":
      return sourceId === null ? [] : [sourcePath(sourceId)];
    case "program":
      return [programPath(studioId), webrtcPath("program", studioId)];
    case "preview":
      return [webrtcPath("preview", studioId)];
  }
}

export type SessionConnection = {
  readonly sessionId: string;
  readonly connectionId: string;
  /** As the router names it: rtmp, rtmps, srt, webrtc, hls. */
  readonly protocol: string;
};

/**
 * Remembers which router connection a session authorised, also over an agent's
 * restart. Answers false, and remembers nothing, when the session is over: one
 * that is being revoked is waited for, and one revoked later finds this row.
 */
export async function recordConnection(
  db: Queryable,
  nodeId: string,
  connection: SessionConnection,
  expiresAt: Date,
): Promise<boolean> {
  const rows = await db.query(sql`
    insert into media_session_connections (node_id, protocol, connection_id, session_id, expires_at)
    select ${nodeId}, ${connection.protocol}, ${connection.connectionId}, id, ${expiresAt}
    from media_sessions where id = ${connection.sessionId} and expires_at > now() for key share
    on conflict (node_id, protocol, connection_id) do update set session_id = excluded.session_id, expires_at = excluded.expires_at
    returning connection_id`);
  return rows.length > 0;
}

/** The connections of this node whose session has ended: expired, revoked, or gone with its source. */
export async function connectionsToEnd(db: Queryable, nodeId: string): Promise<SessionConnection[]> {
  return db.query<SessionConnection>(sql`
    select c.session_id as "sessionId", c.connection_id as "connectionId", c.protocol
    from media_session_connections c left join media_sessions m on m.id = c.session_id and m.expires_at > now()
    where c.node_id = ${nodeId} and m.id is null`);
}

/** When the next session in use on this node expires, or null. */
export async function nextExpiry(db: Queryable, nodeId: string): Promise<Date | null> {
  const [row] = await db.query<{ at: Date | null }>(
    sql`select min(expires_at) as at from media_session_connections where node_id = ${nodeId}`,
  );
  return row?.at ?? null;
}

/** Forgets connections that are gone. */
export async function forgetConnections(
  db: Queryable,
  nodeId: string,
  connectionIds: readonly string[],
): Promise<void> {
  await db.query(
    sql`delete from media_session_connections where node_id = ${nodeId} and connection_id = any(${[...connectionIds]})`,
  );
}

/**
 * The connections this node remembers; those that the router no longer knows are
 * to be forgotten. Without the newest: they are let in before the router lists them.
 */
export async function readConnections(db: Queryable, nodeId: string): Promise<SessionConnection[]> {
  return db.query<SessionConnection>(sql`
    select session_id as "sessionId", connection_id as "connectionId", protocol from media_session_connections
    where node_id = ${nodeId} and created_at < now() - interval '1 minute'`);
}
