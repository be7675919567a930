import { setTimeout as delay } from "node:timers/promises";
import type { Database } from "@trax/foundation/database";
import type { Logger } from "@trax/foundation/log";
import { Secret } from "@trax/foundation/secret";
import type { Vault } from "@trax/foundation/vault";
import { tellChanged } from "./changed.ts";
import { NotLinked } from "./not-linked.ts";
import { PlatformError } from "./platform.ts";
import type { PlatformClient, Secrets } from "./platform.ts";
import type { Registry } from "./registry.ts";
import { dueAt, openSecrets, sealSecrets } from "./sealed.ts";
import * as rows from "./token-sql.ts";
import type { TokenRow } from "./token-sql.ts";

/** Longer than a renewal takes at the most, its second attempt included. */
const claimMs = 40_000;
/** Between the two refusals that end a grant. */
const doubtMs = 1_000;
const lookAgainMs = 100;
const longestBackOffMs = 300_000;
/** A token that was just given and is refused already: asking for the next one would go on for ever. */
const restMs = 60_000;
/** Where a platform is not set up any more, or a key is gone, its tokens are looked at this seldom. */
const stuckMs = 60_000;

const gone = (): PlatformError => new PlatformError("unauthorized", "The account is not linked any more.");

export type TokenParts = {
  readonly database: Database;
  readonly vault: Vault;
  readonly registry: Registry;
  readonly log: Logger;
};

/**
 * Access tokens that are good. They are renewed ahead of their end, by one node
 * and once for all who ask; a platform that does not answer is asked ever later;
 * a grant is over only when the platform has said so twice of its latest token.
 */
export class Tokens {
  readonly #o: TokenParts;
  readonly #underway = new Map<string, Promise<void>>();
  readonly #renewedAt = new Map<string, number>();
  readonly #closing = new AbortController();

  constructor(parts: TokenParts) {
    this.#o = parts;
  }

  /**
   * @param refused a token that the platform did not take: another one is answered, or none
   * @throws PlatformError `unauthorized` where the account has to be linked again
   */
  async fresh(connectionId: string, refused: string | null): Promise<Secret> {
    for (let round = 0; ; round += 1) {
      const row = await rows.readToken(this.#o.database, connectionId);
      if (row === undefined) throw new NotLinked();
      const secrets = this.#open(row);
      const usable = secrets.accessToken !== undefined && secrets.accessToken !== refused && row.alive;
      const token = new Secret(secrets.accessToken ?? "");
      if (row.status === "needs_relink")
        throw new PlatformError("unauthorized", row.statusReason ?? "It has to be linked again.");
      if (usable && (!row.due || row.claimed)) return token;
      const client = this.#o.registry.find(row.platform)?.client ?? null;
      if (client === null) throw new PlatformError("unavailable", "This platform is not set up any more.");
      if (client.refresh === undefined || secrets.refreshToken === undefined) {
        if (usable) return token;
        await this.needsRelink(row, "Its access is over: link the account again.");
        throw gone();
      }
      if (!usable && row.attempts > 0 && !row.due && !row.claimed)
        throw new PlatformError(
          "unavailable",
          row.statusReason ?? "Its access cannot be renewed now; that is tried again.",
        );
      if (!usable && refused !== null && this.#hasJustRenewed(connectionId))
        throw new PlatformError("unavailable", "The platform refuses the access that it has just given.", restMs);
      if (round === 3) throw new PlatformError("unavailable", "Its access could not be renewed now.");
      try {
        await this.#renewOnce(row, client);
      } catch (error) {
        if (usable && error instanceof PlatformError && error.kind !== "unauthorized") return token;
        throw error;
      }
    }
  }

  /** Renews those that are due, a few at a time. */
  async renewDue(): Promise<void> {
    const due = await rows.listDue(this.#o.database, 20);
    await Promise.all(
      due.map(async (one) => {
        const { id: connectionId } = one;
        try {
          await this.fresh(connectionId, null);
        } catch (error) {
          // Its row tells; it is tried again when that says so.
          if (!(error instanceof PlatformError))
            this.#o.log.warn({ err: error, connectionId }, "a token was not renewed");
          if (!this.#closing.signal.aborted) await rows.putOffRenewal(this.#o.database, one, stuckMs);
        }
      }),
    );
  }

  /** What that row holds is good no more; nothing is said where it was changed meanwhile. */
  async needsRelink(row: TokenRow, reason: string): Promise<void> {
    await this.#o.database.transaction(async (tx) => {
      if (await rows.storeNeedsRelink(tx, row, reason)) await this.#tell(tx, row, "needs_relink", reason);
    });
  }

  secretsOf(row: TokenRow): Secrets {
    return this.#open(row);
  }

  /** Ends waits, and lets renewals that have begun store what they get. */
  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.allSettled(this.#underway.values());
  }

  #open(row: TokenRow): Secrets {
    return openSecrets(this.#o.vault, row.secrets, { accountId: row.accountId, row: row.id });
  }

  #hasJustRenewed(connectionId: string): boolean {
    const at = this.#renewedAt.get(connectionId);
    if (at === undefined) return false;
    if (performance.now() - at < restMs) return true;
    this.#renewedAt.delete(connectionId);
    return false;
  }

  #renewOnce(row: TokenRow, client: PlatformClient): Promise<void> {
    const known = this.#underway.get(row.id);
    if (known !== undefined) return known;
    const started = this.#renew(row, client).finally(() => this.#underway.delete(row.id));
    this.#underway.set(row.id, started);
    return started;
  }

  async #renew(row: TokenRow, client: PlatformClient): Promise<void> {
    if (!(await rows.claim(this.#o.database, row, claimMs))) return this.#waitForOther(row);
    try {
      const next = await this.#ask(client, this.#open(row));
      await this.#store(row, next);
      this.#renewedAt.set(row.id, performance.now());
    } catch (error) {
      if (!(error instanceof PlatformError)) throw error;
      if (error.kind === "unauthorized") await this.needsRelink(row, error.message);
      else await this.#failed(row, error);
      throw error;
    }
  }

  /** What is refused once may have been a moment's trouble, or an answer that was lost and is still being written. */
  async #ask(client: PlatformClient, secrets: Secrets): Promise<Secrets> {
    const ask = async (): Promise<Secrets> => {
      if (client.refresh === undefined) throw gone();
      return client.refresh(secrets);
    };
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof PlatformError) || error.kind !== "unauthorized") throw error;
      await delay(doubtMs, undefined, { signal: this.#closing.signal }).catch(() => {
        throw new PlatformError("unavailable", "TRaX is stopping.");
      });
      return ask();
    }
  }

  async #store(row: TokenRow, next: Secrets): Promise<void> {
    const { database, vault } = this.#o;
    const sealed = sealSecrets(vault, next, { accountId: row.accountId, row: row.id });
    await database.transaction(async (tx) => {
      if (await rows.storeRenewed(tx, row, { sealed, expiresAt: next.expiresAt, dueAt: dueAt(next) })) {
        if (row.status !== "ok") await this.#tell(tx, row, "ok", null);
        return;
      }
      // It was unlinked, or linked anew, meanwhile.
      const now = await rows.readToken(tx, row.id);
      if (now === undefined)
        await rows.oweRevocation(tx, {
          accountId: row.accountId,
          connectionId: row.id,
          platform: row.platform,
          platformUserId: row.platformUserId,
          sealed,
        });
    });
  }

  async #failed(row: TokenRow, error: PlatformError): Promise<void> {
    const backOff = Math.min(longestBackOffMs, 1_000 * 2 ** Math.min(row.attempts, 20)) * (0.75 + Math.random() / 2);
    const againInMs = Math.round(Math.max(error.retryAfterMs ?? 0, backOff));
    await this.#o.database.transaction(async (tx) => {
      const status = await rows.storeFailure(tx, row, { reason: error.message, againInMs });
      if (status !== null && status !== row.status) await this.#tell(tx, row, status, error.message);
    });
    this.#o.log.info(
      { connectionId: row.id, platform: row.platform, kind: error.kind, againInMs },
      "a token was not renewed",
    );
  }

  async #tell(tx: Parameters<typeof tellChanged>[0], row: TokenRow, status: TokenRow["status"], reason: string | null) {
    const { id: connectionId, platform, accountName } = row;
    await tellChanged(tx, row.accountId, { connectionId, platform, accountName, status, reason });
  }

  /** Another node is at it: until its row says otherwise, or its time is over. */
  async #waitForOther(row: TokenRow): Promise<void> {
    while (!this.#closing.signal.aborted) {
      const now = await rows.readToken(this.#o.database, row.id);
      if (now === undefined || now.version !== row.version || !now.claimed) return;
      await delay(lookAgainMs, undefined, { signal: this.#closing.signal }).catch(() => undefined);
    }
    throw new PlatformError("unavailable", "TRaX is stopping.");
  }
}
