import assert from "node:assert/strict";
import { test } from "node:test";
import { folded, formatLine, parseLine } from "./line.ts";
import { Members } from "./members.ts";

test("lines are read: tags with their escapes, whom they are from, and the last parameter with its spaces", () => {
  const line = parseLine(
    "@time=2026-01-01T00:00:00.000Z;+a=x\\:\\s\\\\;b :ann!~a@host  privmsg   #c  :hello :) there \r\n",
  );
  assert.deepEqual(line && { ...line, tags: Object.fromEntries(line.tags) }, {
    tags: { time: "2026-01-01T00:00:00.000Z", "+a": "x; \\", b: "" },
    nick: "ann",
    user: "a",
    command: "PRIVMSG",
    params: ["#c", "hello :) there "],
  });
  assert.deepEqual(parseLine("PING x")?.params, ["x"]);
  assert.deepEqual(parseLine(":server.name 001 trax :")?.params, ["trax", ""]);
  for (const nothing of ["", "\r\n", "@a=b", ":only"]) assert.equal(parseLine(nothing), null);
});

test("what is written is one line, whatever is in it", () => {
  assert.equal(formatLine("PRIVMSG", ["#c", "a\r\nQUIT :b\0"]), "PRIVMSG #c :a  QUIT :b ");
  assert.equal(formatLine("QUIT", []), "QUIT");
  assert.equal(
    formatLine("PRIVMSG", ["#c", ":)"], { "+draft/reply": "a; b" }),
    "@+draft/reply=a\\:\\sb PRIVMSG #c ::)",
  );
});

test("members' marks are kept up from modes, by what the server says of its modes", () => {
  const members = new Members("#C[1]");
  const take = (text: string): void => {
    const line = parseLine(text);
    if (line !== null) members.take(line);
  };
  take(":s 005 me PREFIX=(qaohv)~&@%+ CHANMODES=beI,k,l,imnpst :are supported");
  take(":s 353 me = #c{1} :~@ann &ben %cid +dan eve");
  assert.deepEqual(members.standingOf("ANN"), { badges: ["founder", "operator"], isModerator: true, isOwner: true });
  assert.deepEqual(members.standingOf("ben"), { badges: ["admin"], isModerator: true, isOwner: false });
  assert.deepEqual(members.standingOf("dan"), { badges: ["voice"], isModerator: false, isOwner: false });
  take(":ann!a@h MODE #c[1] +bklo-v *!*@x key 5 eve dan");
  assert.deepEqual(members.standingOf("eve").badges, ["operator"]);
  assert.deepEqual(members.standingOf("dan").badges, []);
  take(":eve!e@h NICK eva");
  take(":ann!a@h PART #c[1]");
  assert.deepEqual([members.standingOf("eva").isModerator, members.standingOf("eve").isModerator], [true, false]);
  assert.deepEqual(members.standingOf("ann").badges, []);
  assert.equal(folded("A[\\]~"), "a{|}^");
});
