import assert from "node:assert/strict";
import { test } from "node:test";
import { amfObject } from "./amf0.ts";
import { quoter, readStatus, refusal } from "./refusal.ts";

test("no form of a key survives in what a server said", () => {
  const quote = quoter(["live_123+abc/x?token=t0p%20secret&x=1", "?k=queryvalue"]);
  for (const said of [
    "stream live_123+abc/x?token=t0p%20secret&x=1 refused",
    "stream live_123+abc/x refused",
    "stream live_123%2Babc%2Fx refused",
    "token 't0p secret' has expired",
    "k: queryvalue",
  ]) {
    const shown = quote(said);
    assert.match(shown, /\[stream key\]/, said);
    assert.doesNotMatch(shown, /live_123|t0p|queryvalue/, said);
  }
});

test("a short key is only found as a word, and a long text is cut", () => {
  const quote = quoter(["a1"]);
  assert.equal(quote("a1 is not data1"), '"[stream key] is not data1"');
  assert.ok(quote("x".repeat(10_000)).length < 250);
  assert.equal(quote("one\u0000\r\ntwo\u001b[31m"), '"one two [31m"');
});

test("a server's words decide the kind, and are kept", () => {
  const otherwise = { code: "closed_by_peer", message: "The server ended the stream." } as const;
  const kinds: [string, string, string][] = [
    ["NetStream.Publish.BadName", "Already publishing", "name_in_use"],
    ["NetStream.Publish.BadConnection", "Connection already exists", "name_in_use"],
    ["NetStream.Publish.Unauthorized", "authentication failed", "auth_refused"],
    ["NetConnection.Connect.Rejected", "code=403 need auth; authmod=adobe", "auth_refused"],
    ["NetConnection.Connect.InvalidApp", "", "auth_refused"],
    ["NetStream.Publish.Failed", "Disk full", "closed_by_peer"],
  ];
  for (const [code, description, expected] of kinds) {
    const status = readStatus([null, amfObject({ level: "error", code, description })]);
    const reason = refusal(status, quoter([]), otherwise);
    assert.equal(reason.code, expected, code);
    assert.ok(reason.message.includes(code) && reason.message.includes(description), reason.message);
  }
  assert.equal(refusal(null, quoter([]), otherwise), otherwise);
});
