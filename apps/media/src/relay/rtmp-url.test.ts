import assert from "node:assert/strict";
import { test } from "node:test";
import { parseRtmpUrl } from "./rtmp-url.ts";

const cases = [
  [
    "rtmp://live.example.com/app",
    "key",
    { tls: false, host: "live.example.com", port: 1935, app: "app", streamName: "key" },
  ],
  [
    "rtmps://a.example:8443/x/y/",
    "k?a=b",
    { tls: true, host: "a.example", port: 8443, app: "x/y", streamName: "k?a=b" },
  ],
  ["rtmps://a.example/app", "k", { tls: true, host: "a.example", port: 443, app: "app", streamName: "k" }],
  [
    "rtmp://a.example/app/name?token=t",
    null,
    { tls: false, host: "a.example", port: 1935, app: "app", streamName: "name?token=t" },
  ],
  ["rtmp://a.example/app?x=1", "k", { tls: false, host: "a.example", port: 1935, app: "app?x=1", streamName: "k" }],
  ["rtmp://[::1]:1936/app", "k", { tls: false, host: "::1", port: 1936, app: "app", streamName: "k" }],
] as const;

for (const [url, key, expected] of cases) {
  test(`${url} with ${key ?? "no key"}`, () => {
    const parsed = parseRtmpUrl(url, key);
    assert.ok(parsed);
    const { tcUrl, ...rest } = parsed;
    assert.deepEqual(rest, expected);
    assert.ok(!tcUrl.includes(expected.streamName), "the key is no part of tcUrl");
  });
}

test("tcUrl has no credentials", () => {
  assert.equal(parseRtmpUrl("rtmp://user:pass@a.example:1935/app", "k")?.tcUrl, "rtmp://a.example:1935/app");
});

test("is null for what is no complete RTMP URL", () => {
  for (const [url, key] of [
    ["http://a.example/app", "k"],
    ["rtmp://a.example", "k"],
    ["rtmp://a.example/app", null],
    ["rtmp:///app", "k"],
    ["nonsense", "k"],
  ] as const) {
    assert.equal(parseRtmpUrl(url, key), null, url);
  }
});
