import assert from "node:assert/strict";
import { test } from "node:test";
import { openLog } from "./log.ts";
import { Secret } from "./secret.ts";

function lineOf(write: (log: ReturnType<typeof openLog>) => void): string {
  let text = "";
  write(openLog("test", "info", { write: (lines) => (text += lines) }));
  return text;
}

test("what credentials go by is cut out, wherever it stands", () => {
  const line = lineOf((log) =>
    log.info({ token: "hunter2", request: { headers: { authorization: "hunter2" } }, key: new Secret("hunter2") }, "x"),
  );
  assert.ok(!line.includes("hunter2"), line);
  assert.ok(line.includes("[secret]"), line);
});

test("of an error it is told which, and none of the data it carries", () => {
  const cause = Object.assign(new Error("no route"), { code: "ECONNREFUSED", input: "postgres://u:hunter2@h/d" });
  const error = Object.assign(new Error("a row was refused", { cause }), {
    code: "23514",
    table: "users",
    detail: "Failing row contains (hunter2)",
    where: "hunter2",
    client: { connection: { secretKey: "hunter2" } },
  });
  const line = lineOf((log) => log.error({ err: new AggregateError([error], "several") }, "x"));
  assert.ok(!line.includes("hunter2"), line);
  const told: unknown = JSON.parse(line);
  assert.partialDeepStrictEqual(told, {
    err: {
      type: "AggregateError",
      errors: [{ message: "a row was refused: no route", code: "23514", table: "users" }],
    },
  });
});

test("something thrown that is no error is told in words", () => {
  assert.ok(lineOf((log) => log.error({ err: "just words" }, "x")).includes('"err":"just words"'));
  assert.ok(!lineOf((log) => log.error({ err: { password: "hunter2" } }, "x")).includes("hunter2"));
});
