import assert from "node:assert/strict";
import type { ErrorCode } from "@trax/contract";
import { errorCatalogue } from "@trax/contract";
import type { Answer } from "./exchange.ts";
import { at } from "./json.ts";

/** The answer is this refusal, under its status. */
export function assertRefused(answer: Answer, code: ErrorCode, why = ""): void {
  const got = `${answer.status} ${String(at(answer.json, "error", "code"))}`;
  assert.equal(got, `${errorCatalogue[code].status} ${code}`, `${why} ${answer.text.slice(0, 300)}`);
}

/** The body of an error without what differs from answer to answer. */
export function withoutRequestId(answer: Answer): string {
  return answer.text.replaceAll(String(answer.headers["x-request-id"]), "REQUEST");
}
