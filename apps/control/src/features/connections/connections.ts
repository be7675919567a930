import type { Config } from "@trax/foundation/config";
import type { Database } from "@trax/foundation/database";
import type { Logger } from "@trax/foundation/log";
import type { Secret } from "@trax/foundation/secret";
import type { Vault } from "@trax/foundation/vault";
import { publicUrlOf } from "../../kernel/public-url.ts";
import { openGrantTurns } from "./grant-turns.ts";
import type { GrantTurns } from "./grant-turns.ts";
import type { Capabilities, Platform, PlatformClient } from "./platform.ts";
import { loadPlatforms, openPlatforms } from "./registry.ts";
import type { Registry } from "./registry.ts";
import { openSession } from "./sessions.ts";
import type { OpenSession } from "./sessions.ts";
import { Tokens } from "./tokens.ts";
import { Worker } from "./worker.ts";

/** Linked accounts, as the composition root opens them once. */
export type Connections = {
  readonly config: Config;
  readonly database: Database;
  readonly vault: Vault;
  readonly registry: Registry;
  readonly turns: GrantTurns;
  /** @throws PlatformError `unauthorized` where it is not linked (any more), `unavailable` where its platform is not set up */
  open(connectionId: string): Promise<OpenSession>;
  /** What a platform can do with chat; null: there is no such platform here. */
  capabilities(platform: string): Capabilities["chat"] | null;
  /** A platform that is configured. */
  client(platform: string): PlatformClient | null;
  close(): Promise<void>;
};

/** How long what has begun at platforms may take once it stops. */
const patienceMs = 3_000;

/** @param platforms those of `platforms/` unless given */
export async function openConnections(
  parts: {
    readonly config: Config;
    readonly database: Database;
    readonly vault: Vault;
    readonly log: Logger;
    /** The database's, for listening. */
    readonly url: Secret;
  },
  platforms?: readonly Platform[],
): Promise<Connections> {
  const { config, database, vault, log } = parts;
  const registry = openPlatforms(platforms ?? (await loadPlatforms()), {
    settings: config.platformSettings,
    allowedNetworks: config.TRAX_ALLOWED_NETWORKS,
    publicUrl: publicUrlOf(config),
    database,
    log,
  });
  const tokens = new Tokens({ database, vault, registry, log });
  const open = (connectionId: string): Promise<OpenSession> =>
    openSession({ database, registry, tokens }, connectionId);
  const turns = openGrantTurns(parts);
  let isStopping = false;
  const worker = new Worker({ ...parts, registry, turns, tokens, openSession: open, isStopping: () => isStopping });
  return {
    config,
    database,
    vault,
    registry,
    turns,
    open,
    capabilities: (platform) => registry.find(platform)?.platform.capabilities.chat ?? null,
    client: (platform) => registry.find(platform)?.client ?? null,
    async close() {
      isStopping = true;
      // A token that is being renewed would be lost; one that has not come by then is waited for no longer.
      const impatient = setTimeout(() => registry.close(), patienceMs);
      await worker.close();
      await tokens.close();
      clearTimeout(impatient);
      registry.close();
      await turns.close();
    },
  };
}
