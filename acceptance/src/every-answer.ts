import assert from "node:assert/strict";
import { errorCatalogue } from "@trax/contract";
import { at, isObject } from "./json.ts";
import type { Answer, Ask } from "./exchange.ts";
import { brokenSchemaOf } from "./open-api.ts";

/** What must never be read in an error: stack frames, files, SQL, hosts, drivers. */
const plumbing = [
  /\bat .+:\d+:\d+/,
  /node_modules|file:\/\/|\/(work|home|root|tmp|usr)\//,
  /\b(select|insert into|delete from|update) .*\b(from|values|where|set)\b/i,
  /\b(ECONN\w+|ENOENT|EPIPE|postgres|pg_|relation|syntax error|violates|constraint)\b/i,
  /\b(127\.0\.0\.1|localhost|0\.0\.0\.0):\d+/,
];

/** What holds for every answer there is, whatever was asked. */
export function checkAnswer(ask: Ask, answer: Answer): void {
  const where = `${ask.method} ${ask.path.slice(0, 200)} -> ${answer.status} ${answer.text.slice(0, 500)}`;
  assert.match(answer.headers["x-request-id"]?.toString() ?? "", /^[A-Za-z0-9._-]{1,100}$/, `request id of ${where}`);
  assert.notEqual(answer.status, 500, where);
  if (answer.status >= 400) checkError(answer, where);
  else assert.deepEqual(brokenSchemaOf(ask, answer), [], `the schema of ${where}`);
}

function checkError(answer: Answer, where: string): void {
  assert.match(answer.headers["content-type"] ?? "", /^application\/json\b/, where);
  assert.ok(isObject(answer.json) && Object.keys(answer.json).join() === "error", `the envelope of ${where}`);
  const code = at(answer.json, "error", "code");
  const known = Object.entries(errorCatalogue).find(([name]) => name === code);
  assert.equal(known?.[1].status, answer.status, `the code of ${where}`);
  assert.equal(at(answer.json, "error", "requestId"), answer.headers["x-request-id"], where);
  assert.equal(typeof at(answer.json, "error", "message"), "string", where);
  for (const pattern of plumbing) assert.doesNotMatch(answer.text, pattern, `plumbing in ${where}`);
  if (answer.status === 401) assert.match(answer.headers["www-authenticate"] ?? "", /^Bearer\b/, where);
  if (answer.status === 429) assert.match(answer.headers["retry-after"] ?? "", /^[1-9]\d*$/, where);
  if (answer.status === 405) assert.match(answer.headers["allow"] ?? "", /^[A-Z]+(, ?[A-Z]+)*$/, where);
}
