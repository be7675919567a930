import { createHash, randomBytes } from "node:crypto";
import type { ConnectionAuthorize, ResponseOf, operations } from "@trax/contract";
import type { Config } from "@trax/foundation/config";
import type { Database, Queryable } from "@trax/foundation/database";
import { Secret } from "@trax/foundation/secret";
import type { Vault } from "@trax/foundation/vault";
import type { Principal } from "../../kernel/auth/principal.ts";
import { ApiError } from "../../kernel/errors.ts";
import { publicUrlOf } from "../../kernel/public-url.ts";
import { insertAuthorization, takeAuthorization } from "./authorize-sql.ts";
import type { GrantTurns } from "./grant-turns.ts";
import { storeLink } from "./link.ts";
import { PlatformError } from "./platform.ts";
import type { Registry } from "./registry.ts";

export const callbackPath = "/connections/callback";

const goodForSeconds = 600;

export type AuthorizeParts = {
  readonly config: Config;
  readonly database: Database;
  readonly vault: Vault;
  readonly registry: Registry;
  readonly turns: GrantTurns;
};

const hashOf = (state: string): Buffer => createHash("sha256").update(state).digest();

function callbackUrl(config: Config): string {
  return publicUrlOf(config) + callbackPath;
}

/** Begins to link an account in a browser: with a state and a PKCE verifier of its own. */
export async function beginAuthorization(
  db: Queryable,
  parts: AuthorizeParts,
  principal: Principal,
  { platform, redirectUri }: ConnectionAuthorize,
): Promise<ResponseOf<(typeof operations)["authorizeConnection"]>> {
  const known = parts.registry.find(platform);
  const client = known?.client ?? null;
  if (known === null || client === null) throw new ApiError("platform_not_configured");
  if (client.authorizeUrl === undefined)
    throw new ApiError(
      "platform_not_configured",
      `${known.platform.title} accounts are linked by what logs in to them: see createConnection.`,
    );
  if (!mayReturnTo(redirectUri, parts.config)) throw new ApiError("redirect_refused");
  const { accountId, userId } = principal;
  const [state, verifier] = [randomBytes(32).toString("base64url"), randomBytes(32).toString("base64url")];
  const stateHash = hashOf(state);
  const expiresAt = await insertAuthorization(db, accountId, {
    stateHash,
    userId,
    platform,
    verifier: parts.vault.encrypt(new Secret(verifier), { accountId, row: stateHash.toString("hex") }),
    redirectUri,
    bySession: principal.kind === "session",
    seconds: goodForSeconds,
  });
  const challenge = createHash("sha256").update(verifier).digest("base64url");
  const authorizeUrl = client.authorizeUrl({ state, challenge, redirectUri: callbackUrl(parts.config) });
  return { authorizeUrl, expiresAt: expiresAt.toISOString() };
}

function mayReturnTo(redirectUri: string, config: Config): boolean {
  const url = URL.parse(redirectUri);
  if (url === null || url.username !== "" || url.password !== "") return false;
  return url.origin === URL.parse(publicUrlOf(config))?.origin || config.TRAX_REDIRECT_URIS.includes(redirectUri);
}

export type CameBack = {
  readonly state: string;
  readonly code: string | null;
  /** The platform's, as in `access_denied` (RFC 6749, 4.1.2.1). */
  readonly error: string | null;
  /** The users whose web sessions the browser has. */
  readonly users: readonly string[];
};

/** A browser came back from the platform: answers where it is sent on to. Null: nobody began this, or it is used up. */
export async function finishAuthorization(parts: AuthorizeParts, back: CameBack): Promise<string | null> {
  const begun = await takeAuthorization(parts.database, hashOf(back.state));
  if (begun === null) return null;
  const onTo = (name: "connectionId" | "error", value: string, description?: string): string => {
    const url = new URL(begun.redirectUri);
    url.searchParams.set(name, value);
    if (description !== undefined) url.searchParams.set("error_description", description);
    return url.href;
  };
  // Else somebody's account could be linked to a stranger's TRaX by a link that they were sent.
  const isTheirs = back.users.includes(begun.userId);
  if (!isTheirs && (begun.bySession || back.users.length > 0)) return onTo("error", "session_mismatch");
  if (back.code === null) return onTo("error", back.error === "access_denied" ? "access_denied" : "platform_refused");
  const { code } = back;
  const client = parts.registry.find(begun.platform)?.client;
  if (client?.exchange === undefined) return onTo("error", "platform_not_configured");
  const { accountId } = begun;
  const verifier = parts.vault.decrypt(begun.verifier, { accountId, row: begun.stateHash.toString("hex") });
  const exchange = client.exchange.bind(client);
  const link = async (): Promise<string> => {
    const linked = await exchange({ code, verifier, redirectUri: callbackUrl(parts.config) });
    return storeLink(parts, accountId, begun.platform, linked);
  };
  try {
    return onTo("connectionId", await (client.withdrawsAll === true ? parts.turns.link(begun.platform, link) : link()));
  } catch (error) {
    if (!(error instanceof PlatformError)) throw error;
    const isOver = error.kind === "refused" || error.kind === "unauthorized";
    return onTo("error", isOver ? "platform_refused" : "platform_unavailable", error.message);
  }
}
