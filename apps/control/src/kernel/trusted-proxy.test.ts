import assert from "node:assert/strict";
import { test } from "node:test";
import { startControl } from "../testing/control.ts";

test("a client's address is its proxy's word for it only where the operator trusts the proxy", async () => {
  await using control = await startControl();
  const behindProxy = await control.another({ TRAX_TRUSTED_PROXIES: "127.0.0.0/8" });
  const account = await control.newAccount();
  const { secret } = await control.mint(account, { allowedNetworks: ["203.0.113.0/24"] });
  const ask = (baseUrl: string, forwardedFor: string) =>
    control.call("/v1/me", { key: secret, baseUrl, headers: { "x-forwarded-for": forwardedFor } });

  assert.equal((await ask(behindProxy.baseUrl, "203.0.113.7")).status, 200);
  assert.equal((await ask(behindProxy.baseUrl, "198.51.100.7")).code, "ip_not_allowed");
  assert.equal(
    (await ask(behindProxy.baseUrl, "203.0.113.7, 198.51.100.7")).code,
    "ip_not_allowed",
    "what a client claims itself does not count",
  );
  assert.equal((await ask(control.baseUrl, "203.0.113.7")).code, "ip_not_allowed");
});
