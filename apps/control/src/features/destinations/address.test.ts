import assert from "node:assert/strict";
import { test } from "node:test";
import { ApiError } from "../../kernel/errors.ts";
import { checkUrl, protocolOf } from "./address.ts";
import type { AddressRules } from "./address.ts";

const names: Readonly<Record<string, readonly string[]>> = {
  "live.example.com": ["93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946"],
  "inside.example.com": ["10.1.2.3"],
  "both.example.com": ["93.184.216.34", "192.168.1.1"],
};

const rules: AddressRules = {
  allowedNetworks: [],
  resolve: (name) => {
    const found = names[name];
    return found === undefined ? Promise.reject(new Error("ENOTFOUND")) : Promise.resolve(found);
  },
};

const refusedWith = (code: string) => (error: unknown) => {
  assert.ok(error instanceof ApiError);
  assert.equal(error.code, code);
  for (const address of Object.values(names).flat()) assert.ok(!error.message.includes(address), "an address was told");
  return true;
};

for (const url of [
  "rtmp://live.example.com/app",
  "RTMPS://live.example.com:443/app/instance?x=1",
  "srt://live.example.com:9000?streamid=publish:a",
  "rtmp://93.184.216.34/app",
  "https://live.example.com/whip",
  "rtmp://not-found.example.com/app",
]) {
  test(`accepted: ${url}`, () => checkUrl(url, rules));
}

for (const url of [
  "http://live.example.com/whip",
  "https://inside.example.com/whip",
  "rtmp://inside.example.com/app",
  "rtmp://both.example.com/app",
  "rtmp://127.0.0.1/app",
  "rtmp://2130706433/app",
  "rtmp://0177.0.0.1/app",
  "rtmp://0x7f.1/app",
  "rtmp://[::ffff:127.0.0.1]/app",
  "rtmp://[::1]:1935/app",
  "rtmp://localhost/app",
  "rtmp://169.254.169.254/latest",
  "rtmp://10.0.0.1/app",
  "rtmp://1%32%37.0.0.1/app",
  "rtmp://[::::]/app",
]) {
  test(`refused: ${url}`, () => assert.rejects(checkUrl(url, rules), refusedWith("destination_refused")));
}

test("an operator's networks may be reached", () =>
  checkUrl("rtmp://inside.example.com/app", { ...rules, allowedNetworks: ["10.0.0.0/8"] }));

test("WHIP without TLS is for an operator's networks alone", () =>
  checkUrl("http://inside.example.com/whip", { ...rules, allowedNetworks: ["10.0.0.0/8"] }));

test("the protocol is the scheme's, however it is written", () => {
  assert.equal(protocolOf("RtMpS://a/b"), "rtmps");
  assert.equal(protocolOf("srt://a:1"), "srt");
  assert.equal(protocolOf("HTTPS://a/whip"), "whip");
});
