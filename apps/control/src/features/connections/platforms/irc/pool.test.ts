import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { waitFor } from "@trax/peers";
import { startIrcV3 } from "@trax/peers/irc/ircv3";
import type { IrcV3 } from "@trax/peers/irc/ircv3";
import { Secret } from "@trax/foundation/secret";
import type { PlatformSession } from "../../platform.ts";
import { sessionOf } from "../../testing/adapter.ts";
import { IrcPool } from "./pool.ts";

let server: IrcV3;
let session: PlatformSession;
before(async () => {
  server = await startIrcV3();
  const settings = { server: server.url, channel: "#pool", nick: "trax" };
  session = sessionOf({ platformUserId: "us", accountName: "", scopes: [], settings, secrets: { expiresAt: null } });
});
after(() => server.stop());

const gone = () => waitFor("nobody is connected", () => server.clients() === 0);

test("one connection for all who use it, until the last has released it", async () => {
  const pool = new IrcPool(["127.0.0.0/8"]);
  const [one, two] = [pool.use(session, { lingers: false }), pool.use(session, { lingers: false })];
  assert.equal(await one.connection, await two.connection);
  assert.equal(server.clients(), 1);
  one.release();
  one.release();
  assert.equal((await two.connection).has("echo-message"), true);
  assert.equal(await pool.use(session, { lingers: false }).connection, await two.connection);
  pool.close();
  await gone();
});

test("what lingers is there for the next, and closed with the pool; a new password is a new connection", async () => {
  const pool = new IrcPool(["127.0.0.0/8"]);
  const first = pool.use(session, { lingers: true });
  await first.connection;
  first.release();
  const again = pool.use(session, { lingers: true });
  assert.equal(await again.connection, await first.connection);
  again.release();
  server.accounts.set("trax", "new");
  const renewed = pool.use({ ...session, password: () => new Secret("new") }, { lingers: true });
  assert.notEqual(await renewed.connection, await first.connection);
  await waitFor("the old one has left", () => server.clients() === 1);
  renewed.release();
  pool.close();
  await gone();
});

test("a password that is not taken for ten minutes has to be linked again; what a server repeats of it is not told", async (context) => {
  context.mock.timers.enable({ apis: ["Date"], now: Date.now() });
  const pool = new IrcPool(["127.0.0.0/8"]);
  const told: string[] = [];
  const passwordRefused = async (reason: string): Promise<void> => void told.push(reason);
  const attempt = async (password: string) => {
    const use = pool.use({ ...session, password: () => new Secret(password), passwordRefused }, { lingers: false });
    await assert.rejects(use.connection, { kind: "unauthorized" });
    use.release();
  };
  await attempt("wrong");
  context.mock.timers.tick(600_000);
  await attempt("authentication");
  context.mock.timers.tick(599_999);
  await attempt("authentication");
  assert.deepEqual(told, []);
  context.mock.timers.tick(1);
  await attempt("authentication");
  assert.deepEqual(told, ["The IRC server does not take the password. It says: SASL [secret] failed"]);
  await gone();
});

test("one that was lost, or could not be opened, is not used again", async () => {
  const pool = new IrcPool(["127.0.0.0/8"]);
  const first = pool.use(session, { lingers: false });
  const { lost } = await first.connection;
  server.drop();
  assert.equal((await lost).kind, "unavailable");
  const wrong = { ...session, password: () => new Secret("wrong") };
  const refused = pool.use(wrong, { lingers: false });
  await assert.rejects(refused.connection, { kind: "unauthorized" });
  const second = pool.use(session, { lingers: false });
  assert.notEqual(await second.connection, await first.connection);
  for (const use of [first, refused, second]) use.release();
  await gone();
});
