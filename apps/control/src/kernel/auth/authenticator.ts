import type { RateLimit } from "@trax/foundation/config";
import type { Database } from "@trax/foundation/database";
import { listen } from "@trax/foundation/listen";
import type { Logger } from "@trax/foundation/log";
import type { Secret } from "@trax/foundation/secret";
import { hashOf, isWellFormedApiKey } from "./api-key.ts";
import { findKey, findSession } from "./credential-sql.ts";
import { openFollowers } from "./followers.ts";
import { openLastUsed } from "./last-used.ts";
import type { Credential, Principal } from "./principal.ts";
import { isWellFormedSessionToken } from "./session.ts";

/**
 * Turns credentials into principals. An answer is kept for less than a second,
 * counted from before it was asked for, so a credential is dead everywhere
 * within a second of its end even where no notification arrives; the
 * notification makes it at once.
 */
export type Authenticator = {
  /** The principal if it is known without asking; undefined: ask `load`. */
  known(credential: Credential): Principal | undefined;
  load(credential: Credential): Promise<Principal | null>;
  /** Calls `dead` once the credential ends or its scopes change, until the returned function is called. */
  follow(credential: Credential, principal: Principal, dead: () => void): () => void;
  close(): Promise<void>;
};

const keptMs = 900;
const mostKept = 20_000;

type Entry = { readonly principal: Principal; readonly until: number };

export function openAuthenticator(options: {
  readonly url: Secret;
  readonly database: Database;
  readonly limit: RateLimit;
  readonly log: Logger;
}): Authenticator {
  const { database, limit, log } = options;
  const entries = new Map<string, Entry>();
  const loading = new Map<string, Promise<Principal | null>>();
  const lastUsed = openLastUsed(database, log);
  let generation = 0;

  const find = (credential: Credential): Promise<Principal | null> => {
    const hash = hashOf(credential.text);
    return credential.kind === "api_key" ? findKey(database, hash, limit) : findSession(database, hash, limit);
  };
  const followers = openFollowers(find, log);

  const fetch = async (credential: Credential): Promise<Principal | null> => {
    const asked = performance.now();
    const generationAsked = generation;
    const principal = await find(credential);
    if (principal === null) return null;
    const until = Math.min(asked + keptMs, asked + (principal.expiresAt?.getTime() ?? Infinity) - Date.now());
    // What was read before a change was notified must not be kept after it.
    if (generation === generationAsked) {
      // They are good for less than a second, so forgetting them all costs little.
      if (entries.size >= mostKept) entries.clear();
      entries.set(credential.text, { principal, until });
    }
    if (principal.kind === "api_key") lastUsed.note(principal.id);
    return principal;
  };

  const listener = listen({
    url: options.url,
    channels: ["trax_keys"],
    onNotification: (_channel, accountId) => {
      forget();
      followers.recheck(accountId);
    },
    onReconnected: () => {
      forget();
      followers.recheck(null);
    },
    onError: (error) => log.warn({ err: error }, "the listener for credentials lost its connection"),
  });
  const forget = (): void => {
    generation += 1;
    entries.clear();
    loading.clear();
  };

  return {
    known(credential) {
      const entry = entries.get(credential.text);
      return entry !== undefined && entry.principal.kind === credential.kind && performance.now() < entry.until
        ? entry.principal
        : undefined;
    },
    load(credential) {
      const wellFormed =
        credential.kind === "api_key" ? isWellFormedApiKey(credential.text) : isWellFormedSessionToken(credential.text);
      if (!wellFormed) return Promise.resolve(null);
      const underway = loading.get(credential.text);
      if (underway !== undefined) return underway;
      const started = fetch(credential).finally(() => {
        if (loading.get(credential.text) === started) loading.delete(credential.text);
      });
      loading.set(credential.text, started);
      return started;
    },
    follow: (credential, principal, dead) => followers.add(credential, principal, dead),
    async close() {
      followers.close();
      await listener.close();
      await lastUsed.close();
    },
  };
}
