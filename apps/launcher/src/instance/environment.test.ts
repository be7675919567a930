import assert from "node:assert/strict";
import { test } from "node:test";
import { readSettings, withDefaults } from "./environment.ts";

test("up allows writes and loopback destinations, unless told otherwise", () => {
  const settings = readSettings(withDefaults({}));
  assert.equal(settings.PUBLIC_API_WRITE_ENABLED, true);
  assert.deepEqual(settings.TRAX_ALLOWED_NETWORKS, ["127.0.0.0/8", "::1/128"]);
});

test("whatever is set beats a default, an empty value included", () => {
  const settings = readSettings(withDefaults({ PUBLIC_API_WRITE_ENABLED: "", TRAX_ALLOWED_NETWORKS: "" }));
  assert.equal(settings.PUBLIC_API_WRITE_ENABLED, false);
  assert.deepEqual(settings.TRAX_ALLOWED_NETWORKS, []);
});

test("a wrong value names the variable and what it takes, not the value", () => {
  assert.throws(() => readSettings(withDefaults({ TRAX_HTTP_PORT: "99999x" })), {
    name: "Failure",
    message: /TRAX_HTTP_PORT is not valid: it takes a port number/,
  });
});
