import pg from "pg";
import type { Logger } from "@trax/foundation/log";
import type { Secret } from "@trax/foundation/secret";

/** Seconds a predecessor's connection may take to be noticed as gone. */
const waitMs = 10_000;

/**
 * One agent a node: a session lock in Postgres that a second agent with the
 * same data directory waits for in vain. It goes with its connection, so a
 * killed agent leaves nothing to clean up. When the database itself restarts
 * the lock is taken again.
 */
export async function holdNode(url: Secret, nodeId: string, log: Logger): Promise<{ release(): Promise<void> }> {
  let client: pg.Client | null = null;
  let released = false;
  let timer: NodeJS.Timeout | null = null;

  const take = async (): Promise<void> => {
    const one = new pg.Client({ connectionString: url.reveal(), keepAlive: true, connectionTimeoutMillis: 5_000 });
    client = one;
    one.on("error", () => lost(one));
    one.on("end", () => lost(one));
    await one.connect();
    await one.query(`set lock_timeout = ${waitMs}`);
    await one.query("select pg_advisory_lock(hashtextextended($1, 7))", [nodeId]);
  };
  const lost = (one: pg.Client): void => {
    if (client !== one || released) return;
    client = null;
    one.end().catch(() => undefined);
    timer = setTimeout(() => {
      timer = null;
      take().catch((error: unknown) => {
        log.warn({ err: error }, "the node's lock could not be taken again yet");
        if (client !== null) lost(client);
      });
    }, 500);
  };

  try {
    await take();
  } catch (error) {
    released = true;
    throw new Error("another media agent runs on this data directory, or the database is away", { cause: error });
  }
  return {
    async release() {
      released = true;
      if (timer !== null) clearTimeout(timer);
      await client?.end().catch(() => undefined);
    },
  };
}
