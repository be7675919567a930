import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { after, before, test } from "node:test";
import { waitFor } from "../wait-for.ts";
import { startIrcClient } from "./irc-client.ts";
import { type IrcV3, startIrcV3 } from "./ircv3.ts";

let server: IrcV3;

before(async () => {
  server = await startIrcV3();
  server.accounts.set("streamer", "right");
});
after(() => server.stop());

test("irc-framework logs in by SASL, and its messages carry its account and an id", async () => {
  const sasl = { account: "streamer", password: "right" };
  const ann = await startIrcClient({ port: server.port, nick: "ann", channel: "#talk", sasl });
  const ben = await startIrcClient({ port: server.port, nick: "ben", channel: "#talk" });
  ann.say("hello; there\\");
  const { tags } = await ben.hears("hello; there\\");
  assert.equal(tags["account"], "streamer");
  const id = String(tags["msgid"]);
  server.say("#talk", "cid", "yes?", { replyTo: id });
  assert.equal((await ann.hears("yes?")).tags["+draft/reply"], id);
  await ann.quit();
  await ben.quit();
});

test("a wrong password by SASL lets nobody in", async () => {
  const sasl = { account: "streamer", password: "wrong" };
  await assert.rejects(startIrcClient({ port: server.port, nick: "eve", sasl }), /did not let eve in/);
});

test("who was away asks for what was said, hears its own echo, and what is taken back", async () => {
  const first = server.say("#past", "dan", "one");
  server.say("#past", "dan", "two");
  const socket = connect(server.port, "127.0.0.1").setEncoding("utf8");
  await once(socket, "connect");
  let heard = "";
  socket.on("data", (text) => (heard += String(text)));
  const lines = [
    "CAP LS 302",
    "CAP REQ :message-tags server-time batch echo-message draft/chathistory draft/message-redaction",
    "NICK fay",
    "USER fay 0 * fay",
    "CAP END",
    "JOIN #past",
    `CHATHISTORY AFTER #past msgid=${first} 50`,
    "@+x=y PRIVMSG #past :hi all",
  ];
  socket.write(lines.map((line) => `${line}\r\n`).join(""));
  await waitFor("the echo", () => /@\S*\+x=y\S* :fay!fay@trax\.test PRIVMSG #past :hi all/.test(heard));
  assert.match(heard, /BATCH \+(\w+) chathistory #past\r\n@\S*batch=\1\S* :dan!dan@trax\.test PRIVMSG #past two\r\n/);
  assert.doesNotMatch(heard, /PRIVMSG #past one/);
  server.redact("#past", first);
  await waitFor("the redaction", () => heard.includes(`REDACT #past ${first}`));
  server.drop();
  await once(socket, "close");
});
