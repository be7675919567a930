import type { Database } from "@trax/foundation/database";
import { asAccount } from "./oauth.ts";
import { PlatformError } from "./platform.ts";
import type { Registry } from "./registry.ts";
import type { OpenSession } from "./sessions.ts";
import { claimValidations, settleValidation } from "./validation-sql.ts";

export type ValidationParts = {
  readonly database: Database;
  readonly registry: Registry;
  readonly openSession: (connectionId: string) => Promise<OpenSession>;
};

/** How often at the least; each up to a fifth sooner, so that those that came due at once drift apart. */
const everyMs = 3_600_000;
/** Where nothing was found out, or whoever asked was killed, it is asked again. */
const claimMs = 300_000;
const mostAtOnce = 20;

/**
 * Asks platforms that want it whether linked accounts' access is still good, so
 * that one that was withdrawn is known without being used. Where it is not, it is
 * renewed, or has to be linked again. Answers the jobs it has begun; `more` is
 * called where there may be others.
 */
export async function beginValidations(parts: ValidationParts, more: () => void): Promise<Promise<void>[]> {
  const { database, registry, openSession } = parts;
  const platforms = registry.all.flatMap(({ platform, client }) =>
    client?.validate === undefined ? [] : [platform.name],
  );
  if (platforms.length === 0) return [];
  const claimed = await claimValidations(database, platforms, { forMs: claimMs, limit: mostAtOnce });
  const jobs = claimed.map(async (connectionId) => {
    try {
      const { session, client } = await openSession(connectionId);
      await asAccount(session, async (token) => client.validate?.(token));
    } catch (error) {
      if (!(error instanceof PlatformError)) throw error;
      // Whether it has to be linked again is in its row by now.
      if (error.kind !== "unauthorized") return;
    }
    await settleValidation(database, connectionId, everyMs * (0.8 + Math.random() / 5));
  });
  if (claimed.length < mostAtOnce) return jobs;
  // After these: all come due at once where TRaX was off for an hour.
  return [...jobs, Promise.allSettled(jobs).then(more)];
}
