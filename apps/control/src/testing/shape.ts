import assert from "node:assert/strict";
import type { z } from "zod";
import type { Answer } from "./control.ts";

/** The body of an answer that has this status and is exactly what the contract says: one more field fails, too. */
export function shapeOf<Schema extends z.ZodType>(answer: Answer, status: number, schema: Schema): z.output<Schema> {
  assert.equal(answer.status, status, answer.text);
  const parsed = schema.parse(answer.json);
  assert.deepEqual(parsed, answer.json, "the answer has fields that the contract does not");
  return parsed;
}

/** Fails unless the answer is this refusal. */
export function refusedAs(answer: Answer, status: number, code: string): void {
  assert.equal(`${answer.status} ${String(answer.code)}`, `${status} ${code}`, answer.text);
}
