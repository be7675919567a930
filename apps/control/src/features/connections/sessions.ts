import type { Database } from "@trax/foundation/database";
import { Secret } from "@trax/foundation/secret";
import { NotLinked } from "./not-linked.ts";
import { PlatformError } from "./platform.ts";
import type { PlatformClient, PlatformSession } from "./platform.ts";
import type { OpenPlatform, Registry } from "./registry.ts";
import { readToken } from "./token-sql.ts";
import type { Tokens } from "./tokens.ts";

/** A linked account, ready to be used. */
export type OpenSession = {
  readonly session: PlatformSession;
  readonly client: PlatformClient;
  readonly platform: OpenPlatform["platform"];
};

/** @throws PlatformError `unauthorized` where it is not linked (any more), `unavailable` where its platform is not set up */
export async function openSession(
  parts: { readonly database: Database; readonly registry: Registry; readonly tokens: Tokens },
  connectionId: string,
): Promise<OpenSession> {
  const row = await readToken(parts.database, connectionId);
  if (row === undefined) throw new NotLinked();
  const known = parts.registry.find(row.platform);
  if (known === null || known.client === null)
    throw new PlatformError("unavailable", "This platform is not set up any more.");
  const { password } = parts.tokens.secretsOf(row);
  let refused: string | null = null;
  return {
    platform: known.platform,
    client: known.client,
    session: {
      connectionId,
      accountId: row.accountId,
      platformUserId: row.platformUserId,
      accountName: row.accountName,
      settings: row.settings,
      accessToken: () => parts.tokens.fresh(connectionId, refused),
      password: () => (password === undefined ? null : new Secret(password)),
      refused(token) {
        refused = token.reveal();
      },
      passwordRefused: (reason) => parts.tokens.needsRelink(row, reason),
    },
  };
}
