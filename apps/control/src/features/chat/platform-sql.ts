import type { ChatError, ChatPlatform } from "@trax/contract";
import type { Queryable } from "@trax/foundation/database";
import sql from "sql-template-tag";

export type EnabledRow = {
  readonly connectionId: string;
  readonly platform: string;
  readonly accountName: string;
  readonly status: ChatPlatform["status"];
  readonly lastError: ChatError | null;
};

/**
 * A studio whose chat is read: on air, or watched. `s` is its row. The same
 * words decide who is read and what is shown of it.
 */
export const isActive = sql`(s.state <> 'offline' or exists (
  select from chat_watches w where w.studio_id = s.id and w.watched_until > now()))`;

/** The studio's enabled connections and what reads them now: a reader whose lease ran out is none. */
export async function listEnabled(db: Queryable, accountId: string, studioId: string): Promise<EnabledRow[]> {
  return db.query<EnabledRow>(sql`
    select c.id as "connectionId", c.platform, c.account_name as "accountName",
      case
        when c.status = 'needs_relink' then 'failed'
        when not ${isActive} then 'idle'
        when r.lease_until > now() then r.status
        else 'connecting'
      end as status,
      case when c.status <> 'needs_relink' then r.last_error else jsonb_build_object(
        'code', 'unauthorized', 'message', coalesce(c.status_reason, 'It needs to be linked again.'),
        'at', to_char(c.updated_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')) end as "lastError"
    from chat_platforms p
      join studios s on s.id = p.studio_id
      join connections c on c.id = p.connection_id
      left join chat_readers r on r.connection_id = c.id
    where p.account_id = ${accountId} and p.studio_id = ${studioId}
    order by c.id`);
}

/** Which of these are the account's connections. */
export async function connectionsAmong(
  db: Queryable,
  accountId: string,
  connectionIds: readonly string[],
): Promise<ReadonlySet<string>> {
  const rows = await db.query<{ id: string }>(
    sql`select id from connections where account_id = ${accountId} and id = any(${connectionIds}) for key share`,
  );
  return new Set(rows.map(({ id }) => id));
}

/** The caller holds the studio, and these are the account's connections. */
export async function replaceEnabled(
  db: Queryable,
  accountId: string,
  studioId: string,
  connectionIds: readonly string[],
): Promise<void> {
  await db.query(sql`
    delete from chat_platforms
    where account_id = ${accountId} and studio_id = ${studioId} and not connection_id = any(${connectionIds})`);
  await db.query(sql`
    insert into chat_readers (connection_id) select unnest(${connectionIds}::text[]) on conflict do nothing`);
  await db.query(sql`
    insert into chat_platforms (account_id, studio_id, connection_id)
    select ${accountId}, ${studioId}, unnest(${connectionIds}::text[]) on conflict do nothing`);
}

const watchedSeconds = 60;

/** Says that somebody looks at the chat of a studio; written anew only when some of the minute has passed. */
export async function watch(db: Queryable, accountId: string, studioId: string): Promise<void> {
  const written = await db.query(sql`
    insert into chat_watches (studio_id, watched_until)
    select id, now() + make_interval(secs => ${watchedSeconds}) from studios where account_id = ${accountId} and id = ${studioId}
    on conflict (studio_id) do update set watched_until = excluded.watched_until
    where chat_watches.watched_until < now() + make_interval(secs => ${watchedSeconds - 15})
    returning studio_id`);
  if (written.length > 0) await db.query(sql`select pg_notify('trax_chat', 'readers')`);
}
