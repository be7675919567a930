import { createHash, createHmac } from "node:crypto";
import type { Queryable } from "@trax/foundation/database";
import { Secret } from "@trax/foundation/secret";
import type { Vault } from "@trax/foundation/vault";
import type { Principal } from "./auth/principal.ts";
import { ApiError, invalidRequest } from "./errors.ts";
import { dropHeld, findAnswer, heldStatus, holdAnswer, keepAnswer, tryLock } from "./idempotency-sql.ts";
import type { Ask } from "./idempotency-sql.ts";

/**
 * `Idempotency-Key`: the answer of a POST is kept for 24 h, written in the very
 * transaction whose work it answers for, so that a crash leaves both or
 * neither. Refusals leave nothing, since they changed nothing. Answers are
 * sealed: they may show a secret once.
 */
export type Idempotency = {
  /** What the request's `Idempotency-Key` asks for; null without one. Throws 400 for one that is malformed. */
  read(header: string | string[] | undefined, principal: Principal, path: string, body: object): Ask | null;
  /** Inside the transaction, before the work: the answer to replay, or null to go on. */
  begin(tx: Queryable, ask: Ask): Promise<Answer | null>;
  keep(tx: Queryable, ask: Ask, answer: Answer): Promise<void>;
  /** Inside the transaction: its answer follows within so long, and retries are told to wait for it. */
  hold(tx: Queryable, ask: Ask, heldMs: number): Promise<void>;
  /** No answer followed: the key may be used again. */
  letGo(db: Queryable, ask: Ask): Promise<void>;
  /** Whether there is an answer already, without a lock: then a slow check has been made before. */
  isAnswered(db: Queryable, ask: Ask): Promise<boolean>;
};

export type Answer = { readonly status: number; readonly body: string };

const shape = /^[\x21-\x7e]{1,255}$/;

export function openIdempotency(vault: Vault): Idempotency {
  const hashKey = vault.derive("idempotency");
  const context = (ask: Ask) => ({ accountId: ask.accountId, row: `idempotency ${ask.credentialId} ${ask.key}` });
  return {
    read(header, principal, path, body) {
      if (header === undefined) return null;
      if (typeof header !== "string" || !shape.test(header)) {
        throw invalidRequest("The Idempotency-Key is not valid.", [
          { path: "header.Idempotency-Key", message: "must be 1 to 255 visible ASCII characters" },
        ]);
      }
      const request = `POST\n${path}\n${canonicalJson(body)}`;
      return {
        accountId: principal.accountId,
        credentialId: principal.id,
        key: header,
        requestHash: createHmac("sha256", hashKey).update(request).digest(),
        plainHash: createHash("sha256").update(request).digest(),
      };
    },
    async begin(tx, ask) {
      const lock = createHash("sha256")
        .update(JSON.stringify([ask.accountId, ask.credentialId, ask.key]))
        .digest()
        .readBigInt64BE();
      const inProgress = () => new ApiError("idempotency_in_progress", undefined, { headers: { "retry-after": "1" } });
      if (!(await tryLock(tx, lock))) throw inProgress();
      const kept = await findAnswer(tx, ask);
      if (kept === null) return null;
      const isSame = [ask.requestHash, ask.plainHash].some((hash) => hash.equals(kept.requestHash));
      if (!isSame) throw new ApiError("idempotency_mismatch");
      if (kept.status === heldStatus) throw inProgress();
      return { status: kept.status, body: kept.body === null ? "" : vault.decrypt(kept.body, context(ask)).reveal() };
    },
    async keep(tx, ask, answer) {
      await keepAnswer(
        tx,
        ask,
        answer.status,
        answer.body === "" ? null : vault.encrypt(new Secret(answer.body), context(ask)),
      );
    },
    hold: (tx, ask, heldMs) => holdAnswer(tx, ask, heldMs),
    letGo: (db, ask) => dropHeld(db, ask),
    async isAnswered(db, ask) {
      const kept = await findAnswer(db, ask);
      return kept !== null && kept.status !== heldStatus;
    },
  };
}

/** JSON with the names of objects in order, so that equal payloads are equal text. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_name, part: unknown) => {
    if (typeof part !== "object" || part === null || Array.isArray(part)) return part;
    return Object.fromEntries(Object.entries(part).sort(([one], [other]) => (one < other ? -1 : 1)));
  });
}
