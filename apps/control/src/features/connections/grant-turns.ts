import { openDatabase } from "@trax/foundation/database";
import type { Queryable } from "@trax/foundation/database";
import type { Logger } from "@trax/foundation/log";
import type { Secret } from "@trax/foundation/secret";
import { turnToLink, turnToWithdraw } from "./revocation-sql.ts";

/**
 * Keeps apart, over all nodes, who links accounts of a platform and who withdraws
 * grants there, where one that is withdrawn ends all of that person's: a grant
 * that was just given, and is no row yet, would end with it, and nobody would know.
 */
export type GrantTurns = {
  /** From before the platform gives tokens until they are stored; waits for withdrawing that has begun. */
  readonly link: <T>(platform: string, work: () => Promise<T>) => Promise<T>;
  /** Null: somebody is linking, or withdrawing; nothing was done. `work` sees every link that was made. */
  readonly withdraw: <T>(platform: string, work: (db: Queryable) => Promise<T>) => Promise<T | null>;
  close(): Promise<void>;
};

/** Each who has a turn has a connection to the database while its platform is asked: too long for those of requests. */
const mostAtOnce = 10;

/** @param url the database's */
export function openGrantTurns({ url, log }: { readonly url: Secret; readonly log: Logger }): GrantTurns {
  const database = openDatabase(url, {
    size: mostAtOnce,
    onError: (error) => log.warn({ err: error }, "an idle database connection broke"),
  });
  return {
    link: (platform, work) =>
      database.transaction(async (tx) => {
        await turnToLink(tx, platform);
        return work();
      }),
    withdraw: (platform, work) =>
      database.transaction(async (tx) => ((await turnToWithdraw(tx, platform)) ? work(tx) : null)),
    close: () => database.close(),
  };
}
