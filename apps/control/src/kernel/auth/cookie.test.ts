import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { newId } from "@trax/foundation/ids";
import { startControl, textAt } from "../../testing/control.ts";
import type { TestControl } from "../../testing/control.ts";

let trax: TestControl;

before(async () => {
  trax = await startControl();
});
after(() => trax[Symbol.asyncDispose]());

/** The cookie of a new account's owner. */
async function signUp(): Promise<string> {
  const body = { email: `${newId("user")}@example.com`, password: "correct horse battery", name: "Ada" };
  const answer = await trax.call("/account/sign-up", { method: "POST", body });
  return answer.headers.get("set-cookie")?.split(";")[0] ?? "";
}

test("a cookie that is no good is taken back, a good one beside a bad key is not", async () => {
  const bad = `__Host-trax_session=${"x".repeat(43)}`;
  const takenBack = await trax.call("/v1/me", { headers: { cookie: bad } });
  assert.match(takenBack.headers.get("set-cookie") ?? "", /^__Host-trax_session=; .*Max-Age=0/);
  const good = await signUp();
  const kept = await trax.call("/v1/me", { key: "nonsense", headers: { cookie: good } });
  assert.deepEqual([kept.status, kept.headers.get("set-cookie")], [401, null]);
  assert.equal((await trax.call("/v1/me", { headers: { cookie: good } })).status, 200);
});

test("a key can be revoked while writes are off", async () => {
  const { baseUrl } = await trax.another({ PUBLIC_API_WRITE_ENABLED: "false" });
  const headers = { cookie: await signUp() };
  const body = { name: "x", scopes: ["studios:read"] };
  const made = await trax.call("/account/keys", { method: "POST", headers, body });
  const path = `/account/keys/${textAt(made.json, "id")}`;
  assert.equal((await trax.call(path, { method: "DELETE", headers, baseUrl })).status, 204);
  assert.equal((await trax.call("/v1/me", { key: textAt(made.json, "secret"), baseUrl })).status, 401);
});
