import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import type { Account } from "../account.ts";
import type { Answer } from "../exchange.ts";

const retryMs = 100;
const giveUpMs = 60_000;

/** Answers that tell a client to try again. */
const notNow = new Set(["unavailable", "media_unavailable", "idempotency_in_progress"]);

/**
 * Sends a write until it is acknowledged, as a careful client does: the same
 * request under the same idempotency key, whatever became of the one before.
 */
export async function writeUntilAcknowledged(
  account: Account,
  method: string,
  path: string,
  json: object,
): Promise<Answer> {
  const headers = method === "POST" ? { "idempotency-key": randomUUID() } : {};
  const deadline = performance.now() + giveUpMs;
  for (;;) {
    const answer = await attempt(account, method, path, json, headers);
    if (answer !== null && answer.status < 300) return answer;
    if (answer !== null) assert.ok(isNotNow(answer), `${method} ${path}: ${answer.status} ${answer.text}`);
    assert.ok(
      performance.now() < deadline,
      `not acknowledged within ${giveUpMs} ms: ${method} ${path} ${answer?.text}`,
    );
    await delay(retryMs);
  }
}

function isNotNow({ text }: Answer): boolean {
  return [...notNow].some((code) => text.includes(`"${code}"`));
}

/** Null when the connection broke: nobody knows what became of it. */
async function attempt(
  account: Account,
  method: string,
  path: string,
  json: object,
  headers: Readonly<Record<string, string>>,
): Promise<Answer | null> {
  try {
    return await account.ask(method, path, json, headers);
  } catch (error) {
    if (error instanceof assert.AssertionError) throw error;
    return null;
  }
}
