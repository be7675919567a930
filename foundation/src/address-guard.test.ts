import assert from "node:assert/strict";
import { test } from "node:test";
import { checkAddress, checkLiteral } from "./address-guard.ts";

const notPublic = [
  ["loopback", "127.0.0.1"],
  ["loopback, short", "127.1"],
  ["loopback, decimal", "2130706433"],
  ["loopback, octal", "0177.0.0.1"],
  ["loopback, octal whole", "017700000001"],
  ["loopback, hex", "0x7f000001"],
  ["loopback, hex part", "0x7f.1"],
  ["loopback, trailing dot", "127.0.0.1."],
  ["loopback, full-width digits", "１２７.0.0.1"],
  ["loopback, ideographic stops", "127。0。0。1"],
  ["loopback, percent-encoded", "%31%32%37.0.0.1"],
  ["this network", "0.0.0.0"],
  ["zero", "0"],
  ["private 10", "10.1.2.3"],
  ["private 172.16", "172.31.255.255"],
  ["private 192.168", "192.168.0.1"],
  ["link-local", "169.254.169.254"],
  ["link-local, decimal", "2852039166"],
  ["carrier-grade NAT", "100.64.0.1"],
  ["benchmarking", "198.18.0.1"],
  ["documentation", "192.0.2.1"],
  ["documentation 2", "203.0.113.9"],
  ["multicast", "224.0.0.1"],
  ["reserved", "240.0.0.1"],
  ["broadcast", "255.255.255.255"],
  ["IPv6 loopback", "::1"],
  ["IPv6 loopback in brackets", "[::1]"],
  ["IPv6 unspecified", "::"],
  ["IPv4-mapped", "::ffff:127.0.0.1"],
  ["IPv4-mapped in hex", "[::ffff:7f00:1]"],
  ["IPv4-mapped private", "::ffff:10.0.0.1"],
  ["IPv4-compatible", "::7f00:1"],
  ["IPv4-compatible, dotted", "::127.0.0.1"],
  ["IPv4-translated", "::ffff:0:7f00:1"],
  ["NAT64", "64:ff9b::7f00:1"],
  ["NAT64 of a public address", "64:ff9b::808:808"],
  ["NAT64, local use", "64:ff9b:1::7f00:1"],
  ["6to4", "2002:7f00:1::"],
  ["Teredo", "2001::7f00:1"],
  ["unique local", "fd00::1"],
  ["IPv6 link-local", "fe80::1"],
  ["site-local", "fec0::1"],
  ["IPv6 multicast", "ff02::1"],
  ["IPv6 documentation", "2001:db8::1"],
  ["IPv6 documentation, new", "3fff::1"],
  ["discard-only", "100::1"],
  ["segment routing", "5f00::1"],
  ["localhost", "localhost"],
  ["localhost, upper case", "LOCALHOST"],
  ["localhost, trailing dot", "localhost."],
  ["under localhost", "api.localhost"],
  ["empty", ""],
  ["IPv6 with a zone", "fe80::1%25eth0"],
  ["with a path", "example.com/x"],
  ["with credentials", "user@example.com"],
  ["with a port", "example.com:80"],
  ["with a newline", "example.com\n"],
] as const;

for (const [what, host] of notPublic) {
  test(`refuses ${what}: ${JSON.stringify(host)}`, async () => {
    assert.equal(checkLiteral(host, [])?.code, "address_refused");
    const result = await checkAddress(host, { allowedNetworks: [], resolve: async () => ["127.0.0.1"] });
    assert.deepEqual(result.ok === false && result.code, "address_refused");
  });
}

const reachable = [
  ["8.8.8.8", [], "8.8.8.8", 4],
  ["134744072", [], "8.8.8.8", 4],
  ["::ffff:8.8.8.8", [], "8.8.8.8", 4],
  ["2606:4700::1111", [], "2606:4700::1111", 6],
  ["127.0.0.1", ["127.0.0.0/8"], "127.0.0.1", 4],
  ["0x7f.1", ["127.0.0.0/8"], "127.0.0.1", 4],
  ["::ffff:127.0.0.1", ["127.0.0.0/8"], "127.0.0.1", 4],
  ["::1", ["127.0.0.0/8", "::1/128"], "::1", 6],
  ["localhost", ["127.0.0.0/8"], "127.0.0.1", 4],
  ["localhost", ["::1/128"], "::1", 6],
  ["10.1.2.3", ["10.1.0.0/16"], "10.1.2.3", 4],
] as const;

for (const [host, allowedNetworks, ip, family] of reachable) {
  test(`reaches ${host} with ${allowedNetworks.join(",") || "nothing"} allowed`, async () => {
    assert.equal(checkLiteral(host, allowedNetworks), null);
    assert.deepEqual(await checkAddress(host, { allowedNetworks }), { ok: true, ip, family });
  });
}

test("an allowed network does not open its neighbours, nor the same bits in the other family", async () => {
  for (const host of ["10.2.0.1", "::a01:203", "64:ff9b::a01:203"]) {
    const result = await checkAddress(host, { allowedNetworks: ["10.1.0.0/16"] });
    assert.equal(result.ok, false, host);
  }
});

test("a name is judged by every address it has", async () => {
  const cases = [
    { addresses: ["93.184.216.34", "2606:4700::1111"], ok: true },
    { addresses: ["93.184.216.34", "10.0.0.1"], ok: false },
    { addresses: ["93.184.216.34", "::1"], ok: false },
    { addresses: ["::ffff:127.0.0.1"], ok: false },
    { addresses: ["not an address"], ok: false },
  ];
  for (const { addresses, ok } of cases) {
    const result = await checkAddress("live.example.com", { allowedNetworks: [], resolve: async () => addresses });
    assert.equal(result.ok, ok, addresses.join());
    if (result.ok) assert.equal(result.ip, addresses[0]);
    else for (const address of addresses) assert.ok(!result.message.includes(address), "tells no internal address");
  }
});

test("the resolver gets the name in its plain form, and is asked once", async () => {
  const asked: string[] = [];
  await checkAddress("LIVE.Example.com.", {
    allowedNetworks: [],
    resolve: async (name) => {
      asked.push(name);
      return ["93.184.216.34"];
    },
  });
  assert.deepEqual(asked, ["live.example.com"]);
});

test("DNS that fails, has nothing, or never answers is dns_failed", async () => {
  const resolvers = [
    () => Promise.reject(new Error("SERVFAIL")),
    () => Promise.resolve([]),
    () => new Promise<readonly string[]>(() => {}),
  ];
  for (const resolve of resolvers) {
    const result = await checkAddress("live.example.com", { allowedNetworks: [], deadlineMs: 20, resolve });
    assert.equal(result.ok === false && result.code, "dns_failed");
  }
});
