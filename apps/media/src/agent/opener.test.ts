import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { PassThrough } from "node:stream";
import { test } from "node:test";
import { openLog } from "@trax/foundation/log";
import { Secret } from "@trax/foundation/secret";
import { openVault } from "@trax/foundation/vault";
import { Opener } from "./opener.ts";

const keyed = (id: string) => openVault([{ id, key: new Secret(randomBytes(32).toString("base64")) }]);

test("what is sealed is opened; whose key is gone is left out, and told of once", () => {
  const [vault, gone] = [keyed("1"), keyed("2")];
  const output = new PassThrough();
  const opener = new Opener(vault, openLog("test", "info", output));
  const context = { accountId: "acc_1", row: "dst_1" };
  assert.equal(opener.open(null, "acc_1", "dst_1"), null);
  assert.equal(opener.open(vault.encrypt(new Secret("key"), context), "acc_1", "dst_1"), "key");
  const lost = gone.encrypt(new Secret("lost-key"), context);
  assert.deepEqual([opener.open(lost, "acc_1", "dst_1"), opener.open(lost, "acc_1", "dst_1")], [null, null]);
  const said = String(output.read());
  assert.equal(said.trim().split("\n").length, 1, said);
  assert.match(said, /dst_1/);
  assert.ok(!said.includes("lost-key") && !said.includes(lost));
});
