import assert from "node:assert/strict";
import { test } from "node:test";
import { maskedPassphrase, passphraseOf, withPassphrase } from "./srt-passphrase.ts";

test("a passphrase is found wherever it stands, and put back as it was", () => {
  for (const [url, passphrase, shown] of [
    [
      "srt://h:1?streamid=a&passphrase=0123456789&latency=200",
      "0123456789",
      "srt://h:1?streamid=a&passphrase=***&latency=200",
    ],
    ["SRT://h:1/?%70assphrase=01234%3D6789", "01234%3D6789", "SRT://h:1/?%70assphrase=***"],
    ["srt://h:1?passphrase=a=b?c", "a=b?c", "srt://h:1?passphrase=***"],
  ] as const) {
    assert.equal(passphraseOf(url), passphrase);
    assert.equal(withPassphrase(url, maskedPassphrase), shown);
    assert.equal(withPassphrase(shown, passphrase), url);
  }
  assert.equal(
    withPassphrase("srt://h:1?passphrase=a&passphrase=b", maskedPassphrase),
    "srt://h:1?passphrase=***&passphrase=***",
  );
});

test("an address without one stays as it is", () => {
  for (const url of [
    "srt://h:1",
    "srt://h:1?passphrase=",
    "srt://h:1?passphrase&x=1",
    "srt://h:1?streamid=passphrase",
    "rtmp://h/a?passphrase=mine",
  ]) {
    assert.equal(passphraseOf(url), null);
    assert.equal(withPassphrase(url, "x"), url);
  }
});
