import type { Logger } from "@trax/foundation/log";
import type { Credential, Principal } from "./principal.ts";

/**
 * Long answers (event streams) outlive the check of their credential: each is a
 * follower here, told when the credential expires, is revoked, or holds other
 * scopes than it did.
 */
export type Followers = {
  add(credential: Credential, principal: Principal, dead: () => void): () => void;
  /** Looks again at the credentials of one account; null: of all. */
  recheck(accountId: string | null): void;
  close(): void;
};

type Follower = {
  readonly credential: Credential;
  readonly principal: Principal;
  readonly dead: () => void;
  timer: NodeJS.Timeout | null;
  /** Of several looks under way the last one begun is the newest truth. */
  looks: number;
};

const longestTimerMs = 2 ** 31 - 1;
const retryMs = 250;

export function openFollowers(find: (credential: Credential) => Promise<Principal | null>, log: Logger): Followers {
  const followers = new Set<Follower>();

  const drop = (follower: Follower): void => {
    followers.delete(follower);
    if (follower.timer !== null) clearTimeout(follower.timer);
  };
  const end = (follower: Follower): void => {
    if (!followers.has(follower)) return;
    drop(follower);
    follower.dead();
  };
  const lookAt = async (follower: Follower): Promise<void> => {
    follower.looks += 1;
    const look = follower.looks;
    try {
      const now = await find(follower.credential);
      if (now === null || !sameScopes(now, follower.principal)) end(follower);
      else if (followers.has(follower) && look === follower.looks) lookAgainAt(follower, now.expiresAt);
    } catch (error) {
      // Without an answer nobody goes on for long: when the database is back, the listener asks for everybody again.
      log.warn({ err: error }, "a followed credential could not be checked");
      if (followers.has(follower)) armTimer(follower, retryMs);
    }
  };
  /** The end may have moved since the last look (a key that is rotated), and the database's clock decides, not ours. */
  const lookAgainAt = (follower: Follower, expiresAt: Date | null): void => {
    if (expiresAt !== null) armTimer(follower, Math.max(expiresAt.getTime() - Date.now() + 5, retryMs));
    else if (follower.timer !== null) clearTimeout(follower.timer);
  };
  const armTimer = (follower: Follower, ms: number): void => {
    if (follower.timer !== null) clearTimeout(follower.timer);
    follower.timer = setTimeout(() => void lookAt(follower), Math.min(ms, longestTimerMs));
  };

  return {
    add(credential, principal, dead) {
      const follower: Follower = { credential, principal, dead, timer: null, looks: 0 };
      followers.add(follower);
      // A change may have been notified after the principal was read and before there was anybody to tell.
      void lookAt(follower);
      return () => drop(follower);
    },
    recheck(accountId) {
      for (const follower of followers) {
        if (accountId === null || follower.principal.accountId === accountId) void lookAt(follower);
      }
    },
    close() {
      for (const follower of followers) drop(follower);
    },
  };
}

function sameScopes(one: Principal, other: Principal): boolean {
  return one.scopes.size === other.scopes.size && [...one.scopes].every((scope) => other.scopes.has(scope));
}
