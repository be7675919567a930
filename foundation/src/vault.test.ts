import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import { Secret } from "./secret.ts";
import { openVault } from "./vault.ts";

const key = (id: string, fill: number) => ({ id, key: new Secret(Buffer.alloc(32, fill).toString("base64")) });
const context = { accountId: "acc_1", row: "dst_1" };

test("what is sealed opens in its own row and nowhere else", () => {
  const vault = openVault([key("1", 1)]);
  const sealed = vault.encrypt(new Secret("live_key"), context);
  assert.ok(!sealed.includes("live_key"));
  assert.equal(vault.decrypt(sealed, context).reveal(), "live_key");
  assert.throws(() => vault.decrypt(sealed, { ...context, row: "dst_2" }));
  assert.throws(() => vault.decrypt(sealed, { ...context, accountId: "acc_2" }));
});

test("the same secret is never sealed the same way twice", () => {
  const vault = openVault([key("1", 1)]);
  assert.notEqual(vault.encrypt(new Secret("x"), context), vault.encrypt(new Secret("x"), context));
});

test("a new key in front encrypts, the old one still decrypts", () => {
  const sealed = openVault([key("1", 1)]).encrypt(new Secret("x"), context);
  const rotated = openVault([key("2", 2), key("1", 1)]);
  assert.equal(rotated.decrypt(sealed, context).reveal(), "x");
  assert.ok(rotated.encrypt(new Secret("x"), context).startsWith("2."));
  assert.deepEqual(rotated.derive("cursor"), openVault([key("1", 1)]).derive("cursor"));
  assert.throws(() => openVault([key("2", 2)]).decrypt(sealed, context), /TRAX_ENCRYPTION_KEYS/);
});

test("a tampered secret does not open", () => {
  const vault = openVault([key("1", 1)]);
  const [id, body = ""] = vault.encrypt(new Secret("x"), context).split(".");
  const bytes = Buffer.from(body, "base64url");
  bytes.writeUInt8(bytes.readUInt8(14) ^ 1, 14);
  assert.throws(() => vault.decrypt(`${id}.${bytes.toString("base64url")}`, context));
});

test("a secret prints as [secret] in every way there is", () => {
  const secret = new Secret("hunter2");
  for (const shown of [
    String(secret),
    `${secret}`,
    JSON.stringify({ secret }),
    inspect({ secret }, { depth: 9, showHidden: true }),
  ]) {
    assert.ok(!shown.includes("hunter2"), shown);
    assert.ok(shown.includes("[secret]"), shown);
  }
});
