import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { after, before, test } from "node:test";
import { field, startControl, textAt } from "./testing/control.ts";
import type { TestControl } from "./testing/control.ts";

let trax: TestControl;

before(async () => {
  trax = await startControl();
});
after(() => trax[Symbol.asyncDispose]());

type Result = { readonly status: number; readonly json: unknown; readonly error: string };

function admin(...args: string[]): Promise<Result> {
  const env = {
    ...process.env,
    DATABASE_URL: trax.postgres.url.reveal(),
    TRAX_ENCRYPTION_KEYS: `a:${randomBytes(32).toString("base64")}`,
  };
  return new Promise((resolve) => {
    execFile(process.execPath, [`${import.meta.dirname}/admin.ts`, ...args], { env }, (error, stdout, stderr) => {
      const status = error === null ? 0 : typeof error.code === "number" ? error.code : -1;
      resolve({ status, json: status === 0 ? JSON.parse(stdout) : null, error: stderr });
    });
  });
}

test("an operator makes an account and a key, and revokes it", async () => {
  const account = await admin("create-account", "--email=Op@Example.com", "--name=Op");
  assert.equal(account.status, 0, account.error);
  const body = { email: "op@example.com", password: textAt(account.json, "password") };
  assert.equal((await trax.call("/account/sign-in", { method: "POST", body })).status, 200);
  const made = await admin(
    "create-key",
    "--email=op@example.com",
    "--name=K",
    "--scopes=studios:read,stream:read",
    "--expires-in=12h",
    "--allow=127.0.0.0/8",
  );
  assert.equal(made.status, 0, made.error);
  const secret = textAt(made.json, "secret");
  const me = await trax.call("/v1/me", { key: secret });
  assert.deepEqual(field(me.json, "scopes"), ["studios:read", "stream:read"]);
  assert.ok(Math.abs(Date.parse(textAt(me.json, "expiresAt")) - Date.now() - 43_200_000) < 60_000);
  assert.equal((await admin("revoke-key", `--id=${textAt(made.json, "id")}`)).status, 0);
  const from = performance.now();
  while ((await trax.call("/v1/me", { key: secret })).status === 200) assert.ok(performance.now() - from < 1_000);
});

test("what is wrong is said on standard error, with exit status 1", async () => {
  const cases: readonly [RegExp, readonly string[]][] = [
    [/usage:/, []],
    [/usage:/, ["nonsense"]],
    [/--email is needed/, ["create-account", "--name=x"]],
    [/--email: must be an e-mail address/, ["create-account", "--email=x", "--name=x"]],
    [/no user with this --email/, ["create-key", "--email=no@example.com", "--name=x", "--scopes=all"]],
    [/there is no such key/, ["revoke-key", "--id=key_nonsense"]],
  ];
  for (const [words, args] of cases) {
    const result = await admin(...args);
    assert.equal(result.status, 1);
    assert.match(result.error, words);
  }
});
