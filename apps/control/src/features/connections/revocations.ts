import type { Database } from "@trax/foundation/database";
import type { Logger } from "@trax/foundation/log";
import type { Vault } from "@trax/foundation/vault";
import type { GrantTurns } from "./grant-turns.ts";
import { PlatformError } from "./platform.ts";
import type { Registry } from "./registry.ts";
import { claimRevocations, forgetRevocation, isLinkedByAnybody, putOffRevocation } from "./revocation-sql.ts";
import type { OwedRevocation } from "./revocation-sql.ts";
import { openSecrets } from "./sealed.ts";

export type RevocationParts = {
  readonly isStopping: () => boolean;
  readonly database: Database;
  readonly vault: Vault;
  readonly registry: Registry;
  readonly turns: GrantTurns;
  readonly log: Logger;
};

const mostAttempts = 6;

/**
 * Withdraws grants that are owed: each a few times, ever later, until the platform has taken it or the last time.
 * One that would end a link that there is lapses.
 */
export async function beginRevocations(parts: RevocationParts): Promise<Promise<void>[]> {
  const owed = await claimRevocations(parts.database, 10);
  const endsAll = ({ platform }: OwedRevocation): boolean =>
    parts.registry.find(platform)?.client?.withdrawsAll === true;
  // Those of one platform in one turn, since who links waits for it.
  const inTurn = Map.groupBy(owed.filter(endsAll), ({ platform }) => platform);
  return [
    ...owed.filter((one) => !endsAll(one)).map((one) => settle(parts, one)),
    ...[...inTurn].map(([platform, those]) => withdrawInTurn(parts, platform, those)),
  ];
}

async function withdrawInTurn(
  parts: RevocationParts,
  platform: string,
  owed: readonly OwedRevocation[],
): Promise<void> {
  const done = await parts.turns.withdraw(platform, async (db) => {
    const lapsed = new Set<number>();
    for (const one of owed) if (await isLinkedByAnybody(db, one)) lapsed.add(one.id);
    // The turn lasts until all are over.
    const ends = await Promise.allSettled(
      owed.map((one) =>
        lapsed.has(one.id) ? forgetRevocation(parts.database, one.accountId, one.id) : settle(parts, one),
      ),
    );
    for (const end of ends) if (end.status === "rejected") throw end.reason;
    return true;
  });
  if (done === null) for (const one of owed) await putOffRevocation(parts.database, one);
}

async function settle(parts: RevocationParts, owed: OwedRevocation): Promise<void> {
  if (await revoke(parts, owed)) await forgetRevocation(parts.database, owed.accountId, owed.id);
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
