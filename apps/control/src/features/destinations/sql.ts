import sql from "sql-template-tag";
import type { Destination } from "@trax/contract";
import type { Queryable } from "@trax/foundation/database";
import { shownStatus } from "../broadcast/index.ts";
import type { KeptUrl } from "./target-url.ts";

export type DestinationRow = {
  readonly id: string;
  readonly studioId: string;
  readonly name: string;
  readonly platform: Destination["platform"];
  readonly url: string;
  readonly enabled: boolean;
  readonly streamKeySet: boolean;
  readonly connectionId: string | null;
  readonly privacy: Destination["privacy"];
  readonly status: Destination["status"];
  readonly lastError: Destination["lastError"];
  readonly delayMs: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
};

const columns = sql`
  d.id, d.studio_id as "studioId", d.name, d.platform, d.url, d.enabled, d.stream_key is not null as "streamKeySet",
  d.connection_id as "connectionId", d.privacy, ${shownStatus} as status, d.last_error as "lastError", d.delay_ms as "delayMs",
  d.created_at as "createdAt", d.updated_at as "updatedAt"`;

const withGauges = sql`destinations d left join destination_gauges g on g.destination_id = d.id`;

/** The studio's destinations below an id, newest first. */
export async function listDestinations(
  db: Queryable,
  accountId: string,
  studioId: string,
  page: { readonly below: string | null; readonly limit: number },
): Promise<DestinationRow[]> {
  const below = page.below === null ? sql`` : sql`and d.id < ${page.below}`;
  return db.query<DestinationRow>(sql`
    select ${columns} from ${withGauges} where d.account_id = ${accountId} and d.studio_id = ${studioId} ${below}
    order by d.id desc limit ${page.limit}`);
}

export async function findDestination(
  db: Queryable,
  accountId: string,
  studioId: string,
  destinationId: string,
): Promise<DestinationRow | undefined> {
  const [row] = await db.query<DestinationRow>(sql`
    select ${columns} from ${withGauges}
    where d.account_id = ${accountId} and d.studio_id = ${studioId} and d.id = ${destinationId}`);
  return row;
}

/** The caller holds the studio. */
export async function insertDestination(
  db: Queryable,
  accountId: string,
  studioId: string,
  given: Pick<Destination, "id" | "name" | "platform" | "url" | "enabled" | "delayMs" | "connectionId" | "privacy"> & {
    readonly sealedKey: string | null;
    readonly sealedPassphrase: string | null;
  },
): Promise<void> {
  await db.query(sql`
    insert into destinations (id, account_id, studio_id, name, platform, url, passphrase, stream_key, enabled, delay_ms, connection_id, privacy)
    values (${given.id}, ${accountId}, ${studioId}, ${given.name}, ${given.platform}, ${given.url}, ${given.sealedPassphrase}, ${given.sealedKey},
      ${given.enabled}, ${given.delayMs}, ${given.connectionId}, ${given.privacy})`);
}

/** Whether another one of the studio is enabled that is made from the same connection; the caller holds the studio. */
export async function isEnabledByAnother(
  db: Queryable,
  accountId: string,
  studioId: string,
  { id, connectionId }: Pick<Destination, "id" | "connectionId">,
): Promise<boolean> {
  const rows = await db.query(sql`
    select from destinations where account_id = ${accountId} and studio_id = ${studioId}
      and connection_id = ${connectionId} and enabled and id <> ${id} limit 1`);
  return rows.length > 0;
}

export type Target = KeptUrl & {
  readonly sealedKey: string | null;
  readonly delayMs: number;
  readonly connectionId: string | null;
};

type KeptTarget = Target & { readonly enabled: boolean };

/** What is connected to, and how; the caller holds the studio. */
export async function findTarget(
  db: Queryable,
  accountId: string,
  studioId: string,
  destinationId: string,
): Promise<KeptTarget | undefined> {
  const [row] = await db.query<KeptTarget>(sql`
    select url, passphrase as "sealedPassphrase", stream_key as "sealedKey", delay_ms as "delayMs",
      connection_id as "connectionId", enabled from destinations
    where account_id = ${accountId} and studio_id = ${studioId} and id = ${destinationId}`);
  return row;
}

/** One that is disabled in mid-show, and made from a connection, may be enabled again for so long as if nothing had been. */
const disabledMs = 60_000;

/** Merges what is given; a new target makes a new revision. */
export async function updateDestination(
  db: Queryable,
  accountId: string,
  studioId: string,
  destinationId: string,
  patch: {
    readonly name: string | undefined;
    readonly platform: Destination["platform"] | undefined;
    readonly enabled: boolean | undefined;
    readonly privacy: Destination["privacy"] | undefined;
    /** Null: as it is. */
    readonly newTarget: Target | null;
    /** Whether that is of another connection, or of none any more. */
    readonly newConnection: boolean;
  },
): Promise<void> {
  const target =
    patch.newTarget === null
      ? sql``
      : sql`, url = ${patch.newTarget.url}, passphrase = ${patch.newTarget.sealedPassphrase}, stream_key = ${patch.newTarget.sealedKey},
        delay_ms = ${patch.newTarget.delayMs}, revision = revision + 1, connection_id = ${patch.newTarget.connectionId}`;
  // Who asks the platform of the connection before asks for nobody any more.
  const asked = patch.newConnection
    ? sql`, ingest_broadcast_id = null, ingest_due_at = null, ingest_attempts = 0, ingest_claim = null`
    : sql`, ingest_due_at = case when ingest_claim is not null or coalesce(${patch.enabled}, enabled) = enabled then ingest_due_at
        when enabled then now() + ${disabledMs} * interval '1 millisecond' end`;
  await db.query(sql`
    update destinations set name = coalesce(${patch.name}, name), platform = coalesce(${patch.platform}, platform),
      enabled = coalesce(${patch.enabled}, enabled), privacy = coalesce(${patch.privacy}, privacy), updated_at = now() ${target} ${asked}
    where account_id = ${accountId} and studio_id = ${studioId} and id = ${destinationId}`);
}

/** Answers whether there was such a destination. */
export async function deleteDestination(
  db: Queryable,
  accountId: string,
  studioId: string,
  destinationId: string,
): Promise<boolean> {
  const gone = await db.query(sql`
    delete from destinations where account_id = ${accountId} and studio_id = ${studioId} and id = ${destinationId} returning id`);
  if (gone.length === 0) return false;
  await db.query(sql`delete from destination_gauges where destination_id = ${destinationId}`);
  return true;
}
