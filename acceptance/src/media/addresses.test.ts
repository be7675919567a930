import assert from "node:assert/strict";
import { hostname } from "node:os";
import { test } from "node:test";
import { startInstance } from "../instance.ts";
import { assertRefused } from "../refusal.ts";
import { fileOwned } from "./owned.ts";
import { openShow } from "./show.ts";

// Without networks that an operator allows, no destination leads into ours.

const instance = fileOwned(() => startInstance({ TRAX_ALLOWED_NETWORKS: "" }));

const internalHosts: readonly (readonly [kind: string, ...hosts: string[]])[] = [
  ["loopback", "127.0.0.1", "127.255.255.254", "127.1", "[::1]", "localhost", "LocalHost", "localhost.", "a.localhost"],
  ["this machine", "0.0.0.0", "0", "[::]"],
  ["private", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.0.1", "[fc00::1]", "[fd12:3456::1]"],
  ["link-local", "169.254.169.254", "[fe80::1]"],
  ["shared, for benchmarks, for documents", "100.64.0.1", "198.18.0.1", "192.0.2.1", "[2001:db8::1]"],
  ["multicast and broadcast", "224.0.0.1", "[ff02::1]", "255.255.255.255"],
  ["decimal", "2130706433", "3232235521"],
  ["octal", "0177.0.0.1", "017700000001", "012.0.0.1"],
  ["hex", "0x7f000001", "0x7f.0.0.1", "0xA9FEA9FE"],
  ["with a dot behind", "127.0.0.1."],
  ["IPv4 in IPv6", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::ffff:10.0.0.1]", "[::7f00:1]", "[::127.0.0.1]"],
  ["NAT64", "[64:ff9b::7f00:1]", "[64:ff9b::10.0.0.1]", "[64:ff9b:1::a00:1]"],
  ["6to4 and Teredo", "[2002:7f00:1::]", "[2001:0:7f00:1::]"],
];

for (const [kind, ...hosts] of internalHosts) {
  test(`destinations that are ${kind} are refused`, async (context) => {
    const show = await openShow(context, await instance());
    const destination = await show.addDestination({ url: "rtmp://8.8.8.8/live" });
    for (const host of hosts) {
      for (const scheme of ["rtmp", "rtmps", "srt", "https"]) {
        const url = `${scheme}://${host}:9000/live`;
        const made = await show.ask("POST", "/destinations", { name: "In", url });
        assertRefused(made, "destination_refused", url);
        const changed = await show.ask("PATCH", `/destinations/${destination.id}`, { url });
        assertRefused(changed, "destination_refused", url);
      }
    }
    assert.equal((await show.status()).destinations.length, 1, "none was made");
  });
}

const noDestinations = [
  "file:///etc/passwd",
  "https://user:password@example.com/live",
  "ftp://example.com/live",
  "gopher://example.com/",
  "data:text/plain,a",
  "concat:/etc/passwd",
  "tee:rtmp://example.com/live",
  "rtmp://",
  "rtmp:///live",
  "rtmp://:1935/live",
  "rtmp:example.com",
  "//example.com/live",
  "example.com/live",
  "",
  "rtmp://exa mple.com/live",
  "rtmp://example.com/live\nrtmp://127.0.0.1/live",
  "rtmp://example.com:99999/live",
  "rtmp://①②⑦.0.0.1/live",
];

test("what is no address of a streaming server is refused", async (context) => {
  const show = await openShow(context, await instance());
  for (const url of noDestinations)
    assertRefused(await show.ask("POST", "/destinations", { name: "In", url }), "invalid_request", JSON.stringify(url));
  for (const streamKey of ["a\nb", "a\r\nb", "a b", "a\u0000b", "", "ключ"]) {
    const answer = await show.ask("POST", "/destinations", { name: "In", url: "rtmp://8.8.8.8/live", streamKey });
    assertRefused(answer, "invalid_request", JSON.stringify(streamKey));
  }
  for (const url of ["rtmps://live.example.com/app", "rtmp://8.8.8.8:1935/app", "srt://[2606:4700::1]:9000?streamid=a"])
    assert.equal((await show.addDestination({ url })).url, url);
});

test("a name that leads into our network is refused, without telling where it leads", async (context) => {
  const show = await openShow(context, await instance());
  // The machine's own name, which its resolver knows.
  for (const url of [`rtmp://${hostname()}:9000/live`, `srt://${hostname()}:9000`]) {
    const answer = await show.ask("POST", "/destinations", { name: "In", url });
    assertRefused(answer, "destination_refused", url);
    assert.doesNotMatch(answer.text, /\d+\.\d+\.\d+\.\d+/);
  }
});
