import assert from "node:assert/strict";
import { test } from "node:test";
import { ffmpegSrtUrl, readSrtUrl } from "./srt-url.ts";

test("reads what it understands, and nothing else", () => {
  assert.deepEqual(
    readSrtUrl("srt://a.example:9000?streamid=publish:x/y&passphrase=0123456789ab&pbkeylen=32&latency=120&foo=1", null),
    {
      host: "a.example",
      port: 9000,
      options: { streamid: "publish:x/y", passphrase: "0123456789ab", pbkeylen: "32", latency: "120000" },
    },
  );
});

test("the key is the stream id where the URL has none", () => {
  const options = (url: string, key: string | null) => {
    const read = readSrtUrl(url, key);
    return typeof read === "string" ? read : read.options;
  };
  assert.deepEqual(options("srt://a.example:1", "k"), { streamid: "k" });
  assert.deepEqual(options("srt://a.example:1?streamid=s", "k"), { streamid: "s" });
  assert.deepEqual(options("srt://a.example:1", null), {});
});

test("latency is taken as microseconds where it must be", () => {
  const latency = (value: string) => {
    const read = readSrtUrl(`srt://a.example:1?latency=${value}`, null);
    return typeof read === "string" ? read : read.options["latency"];
  };
  assert.equal(latency("200"), "200000");
  assert.equal(latency("200000"), "200000");
});

for (const url of [
  "rtmp://a.example:1",
  "srt://a.example",
  "srt://:1",
  "srt://a.example:1?mode=listener",
  "srt://a.example:1?passphrase=short",
  "srt://a.example:1?passphrase=has%26ampersand",
  "srt://a.example:1?pbkeylen=5",
  "srt://a.example:1?latency=much",
]) {
  test(`cannot use ${url}`, () => {
    assert.equal(typeof readSrtUrl(url, null), "string");
  });
}

test("FFmpeg gets the checked address, and no option can be slipped in", () => {
  const target = readSrtUrl("srt://a.example:9000", "x&passphrase=abc?#%");
  assert.ok(typeof target !== "string");
  assert.equal(
    ffmpegSrtUrl(target, { ip: "2606:4700::1111", family: 6 }, 4_500),
    "srt://[2606:4700::1111]:9000?mode=caller&transtype=live&timeout=4500000&connect_timeout=9000&streamid=x%26passphrase%3Dabc%3F%23%25",
  );
});
