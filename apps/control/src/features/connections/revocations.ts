import type { Database } from "@trax/foundation/database";
import type { Logger } from "@trax/foundation/log";
import type { Vault } from "@trax/foundation/vault";
import { PlatformError } from "./platform.ts";
import type { Registry } from "./registry.ts";
import { claimRevocations, forgetRevocation } from "./revocation-sql.ts";
import type { OwedRevocation } from "./revocation-sql.ts";
import { openSecrets } from "./sealed.ts";

export type RevocationParts = {
  readonly isStopping: () => boolean;
  readonly database: Database;
  readonly vault: Vault;
  readonly registry: Registry;
  readonly log: Logger;
};

const mostAttempts = 6;

/** Withdraws grants that are owed: each a few times, ever later, until the platform has taken it or the last time. */
export async function beginRevocations(parts: RevocationParts): Promise<Promise<void>[]> {
  const owed = await claimRevocations(parts.database, 10);
  return owed.map(async (one) => {
    if (await revoke(parts, one)) await forgetRevocation(parts.database, one.accountId, one.id);
  });
}

/** Answers whether it is settled. */
async function revoke({ vault, registry, log, isStopping }: RevocationParts, owed: OwedRevocation): Promise<boolean> {
  const client = registry.find(owed.platform)?.client ?? null;
  if (client?.revoke === undefined) return true;
  const { accountId, connectionId, platform, attempts } = owed;
  try {
    await client.revoke(openSecrets(vault, owed.secrets, { accountId, row: connectionId }));
    return true;
  } catch (error) {
    if (!(error instanceof PlatformError)) throw error;
    if (error.kind === "unauthorized" || error.kind === "refused") return true;
    if (attempts < mostAttempts || isStopping()) return false;
    log.warn({ connectionId, platform, kind: error.kind }, "a grant could not be withdrawn at its platform");
    return true;
  }
}
