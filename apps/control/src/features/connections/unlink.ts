import type { Queryable } from "@trax/foundation/database";
import { appendEvent } from "../../kernel/events.ts";
import { notFound } from "../../kernel/errors.ts";
import { holdStudio, notifyDesired } from "../broadcast/index.ts";
import { studiosOf, tellChanged } from "./changed.ts";
import type { Registry } from "./registry.ts";
import { cutDestinations, deleteConnection } from "./sql.ts";
import { oweRevocation } from "./token-sql.ts";

/**
 * Unlinks an account: its row is gone, destinations made from it are told and
 * disabled, and the grant is owed to be withdrawn at the platform.
 */
export async function unlink(
  db: Queryable,
  registry: Registry,
  accountId: string,
  connectionId: string,
): Promise<void> {
  const studios = await studiosOf(db, accountId, connectionId);
  for (const studioId of studios) await holdStudio(db, accountId, studioId);
  const unlinked = await deleteConnection(db, accountId, connectionId);
  if (unlinked === undefined) throw notFound("connection");
  const { platform, platformUserId, accountName, secrets } = unlinked;
  // It lapses where it would end another tenant's link of the same account: that is seen when it is its turn.
  if (registry.find(platform)?.client?.revoke !== undefined)
    await oweRevocation(db, { accountId, connectionId, platform, platformUserId, sealed: secrets });
  const title = registry.find(platform)?.platform.title ?? platform;
  const lastError = {
    code: "auth_refused",
    message: `The ${title} account ${accountName} was unlinked.`,
    at: new Date().toISOString(),
  };
  const cut = await cutDestinations(db, accountId, connectionId, lastError);
  for (const studioId of new Set(cut.map((one) => one.studioId))) await notifyDesired(db, studioId);
  for (const { id, studioId, status, previousStatus } of cut) {
    const data = { destinationId: id, status, previousStatus, lastError };
    await appendEvent(db, { accountId, studioId, type: "destination.status_changed", data });
  }
  await tellChanged(db, accountId, { connectionId, platform, accountName, status: "deleted", reason: null }, studios);
}
