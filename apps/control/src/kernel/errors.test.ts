import assert from "node:assert/strict";
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { ErrorEnvelope, errorCatalogue, errorCodes } from "@trax/contract";
import { ApiError, asApiError, errorBody } from "./errors.ts";

// That nothing else is given is the compiler's to check: `ApiError` takes a code of the catalogue alone.

test("every code of the catalogue is given somewhere", async () => {
  const source = join(import.meta.dirname, "..");
  const names = (await readdir(source, { recursive: true })).filter(
    (name) => name.endsWith(".ts") && !name.endsWith(".test.ts"),
  );
  const text = (await Promise.all(names.map((name) => readFile(join(source, name), "utf8")))).join("\n");
  const given = errorCodes.filter((code) => new RegExp(`ApiError\\(\\s*"${code}"`).test(text));
  assert.deepEqual([...given].sort(), [...errorCodes].sort());
});

test("every error has the one shape and its own status", () => {
  for (const code of errorCodes) {
    const error = new ApiError(code);
    assert.equal(error.status, errorCatalogue[code].status);
    const body: unknown = JSON.parse(errorBody(error, "req_1"));
    assert.deepEqual(ErrorEnvelope.parse(body), {
      error: { code, message: errorCatalogue[code].about, requestId: "req_1" },
    });
  }
});

test("what was not meant for clients tells them nothing", () => {
  for (const thrown of [
    new Error("connect to /run/secret failed"),
    new TypeError("x is not a function"),
    "text",
    null,
    { code: "not_found" },
  ]) {
    const error = asApiError(thrown);
    assert.equal(error.code, "internal_error");
    assert.equal(error.message, errorCatalogue.internal_error.about);
  }
});

test("a database that is away is a 503 to try again", () => {
  const refused = Object.assign(new Error("connect ECONNREFUSED /run/x"), { code: "ECONNREFUSED" });
  const error = asApiError(refused);
  assert.equal(error.code, "unavailable");
  assert.deepEqual(error.extras.headers, { "retry-after": "1" });
  assert.ok(!errorBody(error, "r").includes("/run/x"));
});
