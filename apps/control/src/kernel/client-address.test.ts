import assert from "node:assert/strict";
import { test } from "node:test";
import { addressBucket, clientAddressOf } from "./client-address.ts";

test("an IPv4 address is counted alone, an IPv6 one with its /64", () => {
  assert.equal(addressBucket(clientAddressOf("::ffff:192.0.2.1")), addressBucket("192.0.2.1"));
  assert.equal(addressBucket("2001:db8:1:2:3::4"), addressBucket("2001:db8:1:2::9"));
  assert.notEqual(addressBucket("2001:db8:1:2::9"), addressBucket("2001:db8:1:3::9"));
  assert.notEqual(addressBucket("192.0.2.1"), addressBucket("192.0.2.2"));
});
