import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import type { Socket } from "node:net";
import { after, test } from "node:test";
import { ChatMessageList, Connection, ConnectionList, Destination, PlatformList } from "@trax/contract";
import { newId } from "@trax/foundation/ids";
import { startIrcV3 } from "@trax/peers/irc/ircv3";
import { startOwncast } from "@trax/peers/owncast/owncast";
import { startTwitch } from "@trax/peers/twitch/server";
import { waitFor } from "@trax/peers";
import sql from "sql-template-tag";
import { newSessionToken } from "../../kernel/auth/session.ts";
import { startControl } from "../../testing/control.ts";
import { refusedAs, shapeOf } from "../../testing/shape.ts";
import { Tenant, assertIsolated } from "../../testing/tenant.ts";
import { appUri, authorizeUrlOf, callbackOf, comeBack, linkAt } from "./testing/linking.ts";

const twitch = await startTwitch();
after(() => twitch.stop());
const control = await startControl({
  ...twitch.baseUrls,
  TRAX_TWITCH_CLIENT_ID: twitch.clientId,
  TRAX_TWITCH_CLIENT_SECRET: twitch.clientSecret,
  TRAX_REDIRECT_URIS: appUri,
  TRAX_ALLOWED_NETWORKS: "127.0.0.0/8",
});
after(() => control[Symbol.asyncDispose]());
const { database } = control;
const ada = await Tenant.make(control);
const eve = await Tenant.make(control);
const adaThere = twitch.addUser({ login: "ada", name: "Ada" });
twitch.decide({ kind: "consent", userId: adaThere.id });

async function webSession(tenant: Tenant): Promise<Record<string, string>> {
  const { token, hash } = newSessionToken();
  const { userId, accountId } = tenant.account;
  await database.query(sql`
    insert into web_sessions (token_hash, user_id, account_id, expires_at)
    values (${hash}, ${userId}, ${accountId}, now() + interval '1 hour')`);
  return { cookie: `__Host-trax_session=${token.reveal()}` };
}

test("an account is linked in a browser, shown without its tokens, and linked anew", async () => {
  const id = await linkAt(control, ada, "twitch");
  const answer = await ada.call("GET", `/v1/connections/${id}`);
  const shown = shapeOf(answer, 200, Connection);
  assert.deepEqual([shown.platform, shown.accountName, shown.status, shown.quota], ["twitch", "Ada", "ok", null]);
  assert.ok(shown.scopes.includes("channel:read:stream_key") && shown.capabilities.ingest);
  assert.deepEqual(shapeOf(await ada.call("GET", "/v1/connections"), 200, ConnectionList).data, [shown]);
  const stored = await database.query<{ secrets: string }>(sql`select secrets from connections where id = ${id}`);
  assert.equal(stored.length, 1);
  assert.equal(await linkAt(control, ada, "twitch"), id, "one link of one account");
  await assertIsolated(eve, [
    { method: "GET", theirs: `/v1/connections/${id}`, nobodys: `/v1/connections/${newId("connection")}` },
    { method: "DELETE", theirs: `/v1/connections/${id}`, nobodys: `/v1/connections/${newId("connection")}` },
    {
      method: "PUT",
      theirs: `/v1/connections/${id}/metadata`,
      nobodys: `/v1/connections/${newId("connection")}/metadata`,
      body: { title: "Mine" },
    },
  ]);
  assert.notEqual(await linkAt(control, eve, "twitch"), id, "another tenant's link is another");
});

test("platforms tell what they can, and which are set up", async () => {
  const { data } = shapeOf(await ada.call("GET", "/v1/platforms"), 200, PlatformList);
  const configured = (name: string) => data.find(({ platform }) => platform === name)?.configured;
  assert.deepEqual([configured("twitch"), configured("kick"), configured("youtube")], [true, false, false]);
  const begin = (platform: string, redirectUri = appUri) =>
    ada.call("POST", "/v1/connections/authorize", { platform, redirectUri });
  refusedAs(await begin("kick"), 422, "platform_not_configured");
  refusedAs(await begin("nowhere"), 422, "platform_not_configured");
  for (const elsewhere of ["https://evil.example.com/", "https://app.example.com/linked", `${appUri}&y=2`])
    refusedAs(await begin("twitch", elsewhere), 422, "redirect_refused");
  refusedAs(await begin("twitch", "javascript:alert(1)"), 400, "invalid_request");
  refusedAs(await ada.call("POST", "/v1/connections", { platform: "twitch" }), 422, "platform_not_configured");
});

test("a state is used once, in time, and not by another user's browser", async () => {
  const callback = await callbackOf(control, await authorizeUrlOf(ada, "twitch"));
  assert.ok((await comeBack(callback)).searchParams.has("connectionId"));
  const again = await fetch(callback, { redirect: "manual" });
  assert.equal(again.status, 400, "used up");
  const late = await callbackOf(control, await authorizeUrlOf(ada, "twitch"));
  await database.query(sql`update connection_authorizations set expires_at = now() - interval '1 second'`);
  assert.equal((await fetch(late, { redirect: "manual" })).status, 400, "too late");
  const made = new URL(late);
  made.searchParams.set("state", "A".repeat(43));
  assert.equal((await fetch(made, { redirect: "manual" })).status, 400, "nobody's");

  const foreign = await callbackOf(control, await authorizeUrlOf(ada, "twitch"));
  const end = await comeBack(foreign, await webSession(eve));
  assert.equal(end.searchParams.get("error"), "session_mismatch");
  const own = await callbackOf(control, await authorizeUrlOf(ada, "twitch"));
  assert.ok((await comeBack(own, await webSession(ada))).searchParams.has("connectionId"));
});

test("what a web session begins ends in that user's browser", async () => {
  const cookie = await webSession(ada);
  const begin = async () => {
    const body = { platform: "twitch", redirectUri: appUri };
    const answer = await control.call("/v1/connections/authorize", { method: "POST", headers: cookie, body });
    const { authorizeUrl } = Object(answer.json);
    return callbackOf(control, String(authorizeUrl));
  };
  assert.equal((await comeBack(await begin())).searchParams.get("error"), "session_mismatch");
  assert.ok((await comeBack(await begin(), cookie)).searchParams.has("connectionId"));
});

test("who may not link accounts any more does not end what was begun", async () => {
  const tenant = await Tenant.make(control);
  const callback = await callbackOf(control, await authorizeUrlOf(tenant, "twitch"));
  const { accountId, userId } = tenant.account;
  await database.query(
    sql`update memberships set role = 'producer' where account_id = ${accountId} and user_id = ${userId}`,
  );
  assert.equal((await fetch(callback, { redirect: "manual" })).status, 400);
  assert.deepEqual(await database.query(sql`select from connections where account_id = ${accountId}`), []);
});

test("a person who says no, and a platform that breaks, are told to the app", async () => {
  twitch.decide({ kind: "deny" });
  const denied = await comeBack(await callbackOf(control, await authorizeUrlOf(ada, "twitch")));
  assert.equal(denied.href, `${appUri}&error=access_denied`);
  twitch.decide({ kind: "consent", userId: adaThere.id });
  const callback = await callbackOf(control, await authorizeUrlOf(ada, "twitch"));
  twitch.failNext({ path: /token$/, status: 503 });
  assert.equal((await comeBack(callback)).searchParams.get("error"), "platform_unavailable");
});

test("access that was given, and nobody knows by whom, is given back, and said so", async () => {
  const nobody = twitch.addUser({ login: "nobody" });
  const tenant = await Tenant.make(control);
  const link = async () => comeBack(await callbackOf(control, await authorizeUrlOf(tenant, "twitch")));
  twitch.decide({ kind: "consent", userId: nobody.id });
  twitch.failNext({ path: /users$/, status: 503 });
  const end = await link();
  assert.equal(end.searchParams.get("error"), "platform_unavailable");
  assert.match(end.searchParams.get("error_description") ?? "", /^Twitch gave access, .* nothing was linked\. /);
  assert.equal(twitch.liveGrants(nobody), 0);
  const { accountId } = tenant.account;
  assert.deepEqual(await database.query(sql`select from connections where account_id = ${accountId}`), []);
  // The best there is: that it is not taken back hides nothing, and delays little.
  twitch.failNext({ path: /users$/, cut: "before", times: 2 });
  const broken = twitch.failNext({ path: /revoke$/, status: 500, times: Infinity });
  assert.equal((await link()).searchParams.get("error"), "platform_unavailable");
  assert.equal(broken.hits(), 1);
  twitch.clearFaults();
  twitch.decide({ kind: "consent", userId: adaThere.id });
});

test("an instance's name is one line of a length to be shown, whatever it says", async () => {
  const owncast = await startOwncast({ name: `Live\u0000\nat ${"🎬".repeat(300)}` });
  after(() => owncast.stop());
  const { token } = owncast.addIntegration("TRaX");
  const body = { platform: "owncast", url: owncast.url, accessToken: token };
  const { accountName } = shapeOf(await ada.call("POST", "/v1/connections", body), 201, Connection);
  assert.equal(accountName, `Live at ${"🎬".repeat(192)}`);
});

test("a password that is not taken any more has to be linked again: told once, and the server is left alone", async (context) => {
  const irc = await startIrcV3();
  after(() => irc.stop());
  irc.accounts.set("ada", "right");
  const body = { platform: "irc", server: irc.url, channel: "#show", nick: "ada", password: "right" };
  const { id } = shapeOf(await ada.call("POST", "/v1/connections", body), 201, Connection);
  const { id: studioId } = await ada.studio();
  assert.equal((await ada.call("PUT", `/v1/studios/${studioId}/chat/platforms`, { connectionIds: [id] })).status, 200);
  irc.accounts.set("ada", "changed");
  const now = async () => shapeOf(await ada.call("GET", `/v1/connections/${id}`), 200, Connection);
  const chat = `/v1/studios/${studioId}/chat`;
  const say = () => ada.call("POST", `${chat}/messages`, { text: "Anybody?" });
  await say();
  await waitFor("it is refused", async () => {
    const { data } = shapeOf(await ada.call("GET", `${chat}/messages`), 200, ChatMessageList);
    return data[0]?.deliveries[0]?.error?.code === "unauthorized";
  });
  assert.equal((await now()).status, "ok", "what checks passwords may be away for a while");
  context.mock.timers.enable({ apis: ["Date"], now: Date.now() + 600_000 });
  await waitFor("it has to be linked again", async () => {
    await say();
    return (await now()).status === "needs_relink";
  });
  context.mock.timers.reset();
  assert.match((await now()).statusReason ?? "", /does not take the password/);
  const events = await database.query<{ data: { status: string } }>(sql`
    select data from events where type = 'connection.changed' and studio_id = ${studioId}`);
  assert.deepEqual(
    events.map(({ data }) => data.status),
    ["needs_relink"],
  );
  irc.accounts.set("ada", "right");
  assert.equal(shapeOf(await ada.call("POST", "/v1/connections", body), 201, Connection).id, id);
  assert.equal((await now()).status, "ok");
});

test("linked anew, the grant of before is withdrawn at its platform, in its time, and the new one is not", async () => {
  const there = twitch.addUser({ login: "mary" });
  const mary = await Tenant.make(control);
  twitch.decide({ kind: "consent", userId: there.id });
  const id = await linkAt(control, mary, "twitch");
  const broken = twitch.failNext({ path: /revoke$/, status: 500 });
  assert.equal(await linkAt(control, mary, "twitch"), id);
  assert.equal(twitch.liveGrants(there), 2);
  await waitFor("it is asked", () => broken.hits() === 1);
  await database.query(sql`update owed_revocations set due_at = now() where connection_id = ${id}`);
  await database.query(sql`select pg_notify('trax_connections', '')`);
  await waitFor("the old grant is withdrawn", () => twitch.liveGrants(there) === 1, 15_000);
  assert.equal((await mary.call("PUT", `/v1/connections/${id}/metadata`, { title: "Again" })).status, 204);
  assert.equal(there.title, "Again");
  twitch.decide({ kind: "consent", userId: adaThere.id });
});

test("title and category are set at the platform", async () => {
  const id = await linkAt(control, ada, "twitch");
  const set = (body: object) => ada.call("PUT", `/v1/connections/${id}/metadata`, body);
  assert.equal((await set({ title: "Friday show", category: "music" })).status, 204);
  assert.deepEqual([adaThere.title, adaThere.gameId], ["Friday show", "26936"]);
  refusedAs(await set({ category: "Nothing like it" }), 422, "platform_refused");
  twitch.failNext({ path: /channels$/, status: 429, retryAfter: 7 });
  const limited = await set({ title: "x" });
  refusedAs(limited, 503, "platform_unavailable");
  assert.equal(limited.headers.get("retry-after"), "7");
  refusedAs(await set({ title: "a\nb" }), 400, "invalid_request");
});

test("while a server that is slow to answer is linked, the same request again is told to wait", async (context) => {
  const silent = createServer();
  silent.listen(0, "127.0.0.1");
  await once(silent, "listening");
  const sockets: Socket[] = [];
  silent.on("connection", (socket) => sockets.push(socket));
  context.after(() => {
    for (const socket of sockets) socket.destroy();
    silent.close();
  });
  const address = silent.address();
  assert.ok(typeof address === "object" && address !== null);
  const link = () =>
    control.call("/v1/connections", {
      method: "POST",
      key: ada.account.key,
      headers: { "idempotency-key": "slow" },
      body: { platform: "irc", server: `irc://127.0.0.1:${address.port}`, channel: "#slow", nick: "ada" },
    });
  const first = link();
  await waitFor("it is asked", () => sockets.length === 1);
  // As after the longest that it may take.
  await database.query(sql`
    update idempotency_keys set created_at = created_at - interval '30 seconds', held_until = held_until - interval '30 seconds'
    where account_id = ${ada.account.accountId} and key = 'slow'`);
  refusedAs(await link(), 409, "idempotency_in_progress");
  assert.equal(sockets.length, 1);
  for (const socket of sockets) socket.destroy();
  refusedAs(await first, 422, "platform_refused");
  const rows = await database.query(sql`select from idempotency_keys where key = 'slow'`);
  assert.equal(rows.length, 0, "and is free again");
});

test("unlinking withdraws the grant and cuts the destinations made from it", async () => {
  const there = twitch.addUser({ login: "grace" });
  twitch.decide({ kind: "consent", userId: there.id });
  const grace = await Tenant.make(control);
  const id = await linkAt(control, grace, "twitch");
  twitch.decide({ kind: "consent", userId: adaThere.id });
  const studio = await grace.studio();
  const list = `/v1/studios/${studio.id}/destinations`;
  const made = shapeOf(await grace.call("POST", list, { name: "T", connectionId: id }), 201, Destination);
  assert.deepEqual([made.platform, made.connectionId, made.streamKeySet], ["twitch", id, false]);
  assert.match(made.url, /^rtmps:/);
  assert.equal(twitch.liveGrants(there), 1);
  const broken = twitch.failNext({ path: /revoke$/, status: 500 });
  assert.equal((await grace.call("DELETE", `/v1/connections/${id}`)).status, 204);
  const cut = shapeOf(await grace.call("GET", `${list}/${made.id}`), 200, Destination);
  assert.deepEqual([cut.enabled, cut.connectionId, cut.lastError?.code], [false, null, "auth_refused"]);
  assert.match(cut.lastError?.message ?? "", /Twitch account grace was unlinked/);
  refusedAs(await grace.call("DELETE", `/v1/connections/${id}`), 404, "not_found");
  const events = await database.query<{ type: string; data: object }>(
    sql`select type, data from events where account_id = ${grace.account.accountId} order by seq`,
  );
  const told = events.map(({ type, data }) => `${type} ${"status" in data ? String(data.status) : ""}`);
  assert.deepEqual(told, ["connection.changed ok", "destination.status_changed idle", "connection.changed deleted"]);
  await waitFor("it is asked", () => broken.hits() === 1);
  // It is asked again in a while, which has passed.
  await database.query(sql`update owed_revocations set due_at = now() where account_id = ${grace.account.accountId}`);
  await database.query(sql`select pg_notify('trax_connections', '')`);
  await waitFor("the grant is withdrawn", () => twitch.liveGrants(there) === 0, 15_000);
});

test("a destination is of an address or of a connection", async () => {
  const id = await linkAt(control, ada, "twitch");
  const studio = await ada.studio();
  const list = `/v1/studios/${studio.id}/destinations`;
  const create = (body: object) => ada.call("POST", list, { name: "Out", ...body });
  refusedAs(await create({}), 400, "invalid_request");
  refusedAs(await create({ connectionId: id, url: "rtmp://127.0.0.1/app" }), 400, "invalid_request");
  refusedAs(await create({ connectionId: id, streamKey: "x" }), 400, "invalid_request");
  const theirs = await linkAt(control, eve, "twitch");
  const named = async (call: (body: object) => ReturnType<typeof create>, connectionId: string) => {
    const answer = await call({ connectionId });
    refusedAs(answer, 400, "invalid_request");
    assert.match(answer.text, /"path":"body\.connectionId"/);
    return answer.text.replace(/"requestId":"[^"]*"/, "");
  };
  assert.equal(await named(create, theirs), await named(create, newId("connection")), "as one that never was");
  const made = shapeOf(await create({ connectionId: id, privacy: "unlisted" }), 201, Destination);
  assert.equal(made.privacy, "unlisted");
  const patch = (body: object) => ada.call("PATCH", `${list}/${made.id}`, body);
  refusedAs(await patch({ url: "rtmp://127.0.0.1/app" }), 409, "conflict");
  assert.equal(await named(patch, theirs), await named(patch, newId("connection")));
  const own = shapeOf(await patch({ connectionId: null, url: "rtmp://127.0.0.1/app" }), 200, Destination);
  assert.deepEqual([own.connectionId, own.url], [null, "rtmp://127.0.0.1/app"]);
  const back = shapeOf(await patch({ connectionId: id, name: "Back" }), 200, Destination);
  assert.deepEqual([back.connectionId, back.url, back.name], [id, made.url, "Back"]);

  refusedAs(await create({ connectionId: id }), 409, "conflict");
  const second = shapeOf(await create({ connectionId: id, enabled: false }), 201, Destination);
  const change = (body: object) => ada.call("PATCH", `${list}/${second.id}`, body);
  refusedAs(await change({ enabled: true }), 409, "conflict");
  assert.equal((await patch({ enabled: false })).status, 200);
  const races = await Promise.all([patch({ enabled: true }), change({ enabled: true })]);
  assert.deepEqual(races.map(({ status }) => status).toSorted(), [200, 409], "one at a time");
  await patch({ enabled: false });
  assert.equal((await change({ enabled: true, connectionId: null })).status, 200);
  assert.equal((await patch({ enabled: true })).status, 200);
  refusedAs(await change({ connectionId: id }), 409, "conflict");
  assert.equal((await change({ connectionId: id, enabled: false })).status, 200);
});
