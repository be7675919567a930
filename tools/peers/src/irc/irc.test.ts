import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { once } from "node:events";
import { connect } from "node:tls";
import { after, before, test } from "node:test";
import { waitFor } from "../wait-for.ts";
import { type IrcClient, startIrcClient } from "./irc-client.ts";
import { type Ngircd, startNgircd } from "./ngircd.ts";

let server: Ngircd;
const clients: IrcClient[] = [];

before(async () => {
  server = await startNgircd({ password: "right" });
});
after(async () => {
  for (const one of clients) await one.quit();
  await server.stop();
});

async function client(nick: string, channel: string): Promise<IrcClient> {
  const started = await startIrcClient({ port: server.port, nick, channel, password: "right" });
  clients.push(started);
  return started;
}

test("two clients hear each other, and see who is there", async () => {
  const ann = await client("ann", "#talk");
  const ben = await client("ben", "#talk");
  ann.say("grüße 👋");
  assert.deepEqual(await ben.hears("grüße 👋"), { nick: "ann", target: "#talk", text: "grüße 👋", tags: {} });
  ben.say("\u0001ACTION waves\u0001");
  await ann.hears("/me waves");
  assert.deepEqual(await ann.names("#talk"), ["ann", "ben"]);
  ben.changeNick("bob");
  await waitFor("the new nick", () => ben.nick === "bob");
  ann.raw("KICK", "#talk", "bob", "out you go");
  await waitFor("bob is out", async () => (await ann.names("#talk")).join() === "ann");
});

test("who does not know its password is not let in", async () => {
  await assert.rejects(startIrcClient({ port: server.port, nick: "eve", password: "wrong" }), /did not let eve in/);
});

test("it speaks TLS to who trusts its certificate", async () => {
  const ca = await readFile(server.caPath, "utf8");
  const socket = connect({ port: server.tlsPort, host: "127.0.0.1", servername: "localhost", ca });
  await once(socket, "secureConnect");
  socket.destroy();
});

test("it goes away with everybody in it, and comes back", async () => {
  const dan = await client("dan", "#talk");
  await server.goAway();
  await assert.rejects(startIrcClient({ port: server.port, nick: "fay", password: "right" }));
  await server.comeBack();
  const again = await client("dan", "#talk");
  assert.deepEqual(await again.names("#talk"), ["dan"]);
  await dan.quit();
});
