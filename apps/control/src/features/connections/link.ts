import type { Database, Queryable } from "@trax/foundation/database";
import { newId } from "@trax/foundation/ids";
import type { Vault } from "@trax/foundation/vault";
import { holdStudio } from "../broadcast/index.ts";
import { studiosOf, tellChanged } from "./changed.ts";
import type { Linked } from "./platform.ts";
import { dueAt, sealSecrets } from "./sealed.ts";
import type { Registry } from "./registry.ts";
import { askAgain, findLink, insertLink, renewLink } from "./sql.ts";
import type { StoredLink } from "./sql.ts";
import { oweRevocation } from "./token-sql.ts";

const longestName = 200;

type Parts = { readonly database: Database; readonly vault: Vault; readonly registry: Registry };

/** Stores what linking found out; an account that is linked already is linked anew. Answers the connection's id. */
export async function storeLink(parts: Parts, accountId: string, platform: string, linked: Linked): Promise<string> {
  for (;;) {
    const id = await parts.database.transaction((tx) => tryToStore(tx, parts, accountId, platform, linked));
    if (id !== null) return id;
  }
}

/** Null: the row came or went meanwhile. */
async function tryToStore(
  tx: Queryable,
  { vault, registry }: Omit<Parts, "database">,
  accountId: string,
  platform: string,
  linked: Linked,
): Promise<string | null> {
  const { platformUserId, scopes, settings, secrets } = linked;
  const accountName = shownName(linked.accountName);
  const known = await findLink(tx, accountId, { platform, platformUserId });
  const id = known ?? newId("connection");
  const row: StoredLink = {
    id,
    platform,
    platformUserId,
    accountName,
    scopes,
    settings,
    secrets: sealSecrets(vault, secrets, { accountId, row: id }),
    expiresAt: secrets.expiresAt,
    dueAt: dueAt(secrets),
  };
  const change = { connectionId: id, platform, accountName, status: "ok", reason: null } as const;
  if (known === null) {
    if (!(await insertLink(tx, accountId, row))) return null;
    await tellChanged(tx, accountId, change, []);
    return id;
  }
  const studios = await studiosOf(tx, accountId, id);
  for (const studioId of studios) await holdStudio(tx, accountId, studioId);
  const before = await renewLink(tx, accountId, row);
  if (before === null) return null;
  // Nobody holds the grant of before any more. Where one that is withdrawn ends all, it is let be: it is this link's, too.
  const client = registry.find(platform)?.client;
  if (client?.revoke !== undefined && client.withdrawsAll !== true)
    await oweRevocation(tx, { accountId, connectionId: id, platform, platformUserId, sealed: before });
  await askAgain(tx, accountId, id);
  await tellChanged(tx, accountId, change, studios);
  return id;
}

/** In one line, of a length to be shown: an instance that a user named tells its own. */
function shownName(name: string): string {
  const line = name.toWellFormed().replaceAll(/[\p{Cc}\u2028\u2029]+/gu, " ");
  return Array.from(line.slice(0, 2 * longestName))
    .slice(0, longestName)
    .join("")
    .trim();
}
