import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { temporaryDirectory } from "./test-support/launch.ts";

function trax(...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(import.meta.dirname, "main.ts"), ...args], {
    encoding: "utf8",
  });
  return { status, stdout, stderr };
}

test("--help lists the commands and ends well", () => {
  const { status, stdout } = trax("--help");
  assert.equal(status, 0);
  for (const command of ["up", "status", "admin", "check", "test"])
    assert.match(stdout, new RegExp(`^ {2}${command}\\b`, "m"));
});

test("--version is the root package's", () => {
  assert.match(trax("--version").stdout, /^\d+\.\d+\.\d+\n$/);
});

test("a typo is answered with what was meant", () => {
  const { status, stderr } = trax("statsu");
  assert.equal(status, 1);
  assert.match(stderr, /unknown command 'statsu'\n\(Did you mean status\?\)/);
  assert.match(trax("up", "--dta", "x").stderr, /Did you mean --data\?/);
});

test("admin commands say what they need", () => {
  assert.match(trax("admin", "create-account", "--name", "N").stderr, /required option '--email <email>'/);
  const key = ["admin", "create-key", "--email", "e@example.com", "--name", "n"];
  assert.match(trax(...key).stderr, /required option '--scopes <scopes>'/);
  assert.match(trax(...key, "--scopes", "all", "--expires-in", "soon").stderr, /30s, 15m, 12h or 30d/);
});

test("without a running instance, status and admin say how to start one", async (context) => {
  const data = await temporaryDirectory(context);
  for (const args of [["status"], ["status", "--json"], ["admin", "revoke-key", "--id", "key_1"]]) {
    const { status, stdout, stderr } = trax(...args, "--data", data);
    assert.equal(status, 1);
    assert.equal(stdout, "");
    assert.match(stderr, new RegExp(`no TRaX is running on ${data}: start it with ./trax up --data ${data}`));
  }
});

test("a pattern that no test has is an error", () => {
  const { status, stderr } = trax("test", "no-such-test-anywhere");
  assert.equal(status, 1);
  assert.match(stderr, /no test file has "no-such-test-anywhere" in its path/);
});
