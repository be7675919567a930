import assert from "node:assert/strict";
import { test } from "node:test";
import { inNetworks, parseCidr } from "./network.ts";

test("a CIDR is an address and the length of its prefix", () => {
  const right = ["203.0.113.0/24", " 10.0.0.0/8 ", "0.0.0.0/0", "127.0.0.1/32", "::1/128", "2001:db8::/32", "::/0"];
  for (const text of right) assert.notEqual(parseCidr(text), null, text);
  const wrong = ["", "/", "/8", "10.0.0.0", "::1", "10/8", "10.1/16", "010.0.0.0/8", "0x7f.0.0.1/8", "2130706433/32"];
  const more = ["10.0.0.0/33", "10.0.0.0/-1", "256.0.0.0/8", "::/129", "fe80::1%eth0/64", "fe80::/64%eth0", "all/0"];
  for (const text of [...wrong, ...more]) assert.equal(parseCidr(text), null, text);
});

test("an address is in a network of its own kind, and a mapped one is the IPv4 address it stands for", () => {
  assert.ok(inNetworks("203.0.113.9", ["10.0.0.0/8", "203.0.113.0/24"]));
  assert.ok(!inNetworks("203.0.114.9", ["10.0.0.0/8", "203.0.113.0/24"]));
  assert.ok(inNetworks("::ffff:203.0.113.9", ["203.0.113.0/24"]));
  assert.ok(inNetworks("::ffff:cb00:7109", ["203.0.113.0/24"]));
  for (const address of ["203.0.113.9", "::ffff:203.0.113.9"]) {
    assert.ok(inNetworks(address, ["::ffff:203.0.113.0/120"]), address);
    assert.ok(!inNetworks(address, ["::ffff:203.0.112.0/120"]), address);
    assert.ok(!inNetworks(address, ["::/0"]), address);
  }
  assert.ok(inNetworks("2001:db8::1", ["2001:db8::/32"]));
  assert.ok(!inNetworks("2001:db8::1", ["0.0.0.0/0"]));
  assert.ok(!inNetworks("unknown", ["0.0.0.0/0", "::/0"]));
});
