import assert from "node:assert/strict";
import { test } from "node:test";
import { pgbenchScript } from "./pgbench.ts";

test("parameters become variables, and colons in strings do not", () => {
  assert.equal(
    pgbenchScript(`select to_char(t, 'HH24:MI"Z"'), 'plain', a::text from b where c = $1 limit $2`),
    `select to_char(t, E'HH24\\x3aMI"Z"'), 'plain', a::text from b where c = :p1 limit :p2`,
  );
});
