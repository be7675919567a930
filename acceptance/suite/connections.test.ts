import assert from "node:assert/strict";
import { startFfmpegPublisher, startNginxRtmp } from "@trax/peers";
import type { NginxRtmp } from "@trax/peers";
import { startTwitch } from "@trax/peers/twitch/server";
import type { Twitch } from "@trax/peers/twitch/server";
import { newAccount } from "../src/account.ts";
import type { Account } from "../src/account.ts";
import { ownInstance, startInstance } from "../src/instance.ts";
import type { OwnedInstance } from "../src/instance.ts";
import { at, listAt, textAt } from "../src/json.ts";
import { authorizeUrlOf, linkAt, linkSomebody, sentOnFrom } from "../src/linking.ts";
import { followEvents } from "../src/media/event-log.ts";
import { eventually } from "../src/media/eventually.ts";
import { newKey, untilEnded, untilPublished } from "../src/media/nginx-view.ts";
import { owned } from "../src/media/owned.ts";
import { openShow } from "../src/media/show.ts";
import { ircBody, redirectUri } from "../src/platforms.ts";
import { afterAll, behaviour, promise } from "../src/promise.ts";
import { assertRefused } from "../src/refusal.ts";
import { noteSecret } from "../src/secrets.ts";
import { freshAccount } from "../src/shared-account.ts";

// Accounts on platforms. What a platform does on a bad day is shown on an
// instance of this file's own, with a Twitch that the tests have in hand and
// whose ingest is a real nginx.

type Bench = { readonly instance: OwnedInstance; readonly twitch: Twitch; readonly nginx: NginxRtmp };
let bench: Promise<Bench> | undefined;

const instance = ownInstance(async () => {
  const { twitch } = await parts();
  return startInstance({
    ...twitch.baseUrls,
    TRAX_TWITCH_CLIENT_ID: twitch.clientId,
    TRAX_TWITCH_CLIENT_SECRET: twitch.clientSecret,
    TRAX_REDIRECT_URIS: redirectUri,
  });
});

let made: Promise<{ twitch: Twitch; nginx: NginxRtmp }> | undefined;

function parts(): Promise<{ twitch: Twitch; nginx: NginxRtmp }> {
  made ??= (async () => {
    const nginx = await startNginxRtmp({ keys: [] });
    return { nginx, twitch: await startTwitch({ ingestUrl: nginx.liveUrl, secureIngestUrl: nginx.liveUrl }) };
  })();
  return made;
}

function open(): Promise<Bench> {
  bench ??= (async () => ({ instance: await instance(), ...(await parts()) }))();
  return bench;
}

afterAll(async () => {
  if (made === undefined) return;
  const { twitch, nginx } = await made;
  await twitch.stop();
  await nginx.stop();
});

let users = 0;

/** A new user of the Twitch in hand, who consents from now on. */
async function newUser() {
  const { twitch } = await open();
  users += 1;
  const streamKey = newKey();
  for (const secret of [streamKey, twitch.clientSecret]) noteSecret(secret);
  const user = twitch.addUser({ login: `streamer${users}`, streamKey });
  twitch.decide({ kind: "consent", userId: user.id });
  return user;
}

promise("listPlatforms", "happy", "what there is, what each can, and what the operator has set up", async () => {
  const { json } = await (await freshAccount()).ask("GET", "/v1/platforms");
  const platforms = listAt(json, "data");
  const of = (name: string) => platforms.find((one) => at(one, "platform") === name);
  assert.deepEqual(
    ["twitch", "youtube", "kick"].map((name) => at(of(name), "configured")),
    [true, false, false],
  );
  assert.equal(at(at(of("twitch"), "capabilities"), "linking"), "oauth");
});

promise("authorizeConnection", "happy", "a browser goes to the platform and comes back with a connection", async () => {
  const account = await freshAccount();
  const connectionId = await linkSomebody({ account });
  const connection = await account.ask("GET", `/v1/connections/${connectionId}`);
  assert.deepEqual(
    ["platform", "status", "statusReason", "quota"].map((name) => at(connection.json, name)),
    ["twitch", "ok", null, null],
  );
  assert.ok(!/token|secret/i.test(connection.text), connection.text);
});

promise("getConnection", "happy", "as the list shows it", async () => {
  const account = await freshAccount();
  const connectionId = await linkSomebody({ account });
  const { json } = await account.ask("GET", `/v1/connections/${connectionId}`);
  assert.deepEqual(listAt((await account.ask("GET", "/v1/connections")).json, "data"), [json]);
});

promise("listConnections", "happy", "an account's own, the newest first", async () => {
  const account = await freshAccount();
  const [older, newer] = [await linkSomebody({ account }), await linkSomebody({ account })];
  const ids = listAt((await account.ask("GET", "/v1/connections")).json, "data").map((row) => at(row, "id"));
  assert.deepEqual(ids, [newer, older]);
});

promise("authorizeConnection", "platform_not_configured", "one that is not there, or not set up", async () => {
  const account = await freshAccount();
  for (const platform of ["kick", "nowhere"])
    assertRefused(
      await account.ask("POST", "/v1/connections/authorize", { platform, redirectUri }),
      "platform_not_configured",
    );
});

promise("authorizeConnection", "redirect_refused", "a browser is sent to no stranger", async () => {
  const account = await freshAccount();
  for (const elsewhere of ["https://evil.example.com/", `${redirectUri}/x`, `${redirectUri}?x=1`])
    assertRefused(
      await account.ask("POST", "/v1/connections/authorize", { platform: "twitch", redirectUri: elsewhere }),
      "redirect_refused",
      elsewhere,
    );
});

behaviour("a state is used once; one that nobody has begun is refused", async () => {
  const account = await freshAccount();
  const callback = await sentOnFrom(await authorizeUrlOf(account, "twitch"));
  assert.ok((await sentOnFrom(callback.href)).searchParams.has("connectionId"));
  for (const state of [null, "A".repeat(43), "x"]) {
    if (state !== null) callback.searchParams.set("state", state);
    const answer = await fetch(callback, { redirect: "manual" });
    assert.equal(answer.status, 400);
    assert.equal(answer.headers.get("location"), null);
  }
});

promise("createConnection", "happy", "by what logs in to it", async () => {
  const account = await freshAccount();
  const answer = await account.ask("POST", "/v1/connections", ircBody());
  assert.equal(answer.status, 201, answer.text);
  assert.deepEqual([at(answer.json, "platform"), at(answer.json, "status")], ["irc", "ok"]);
});

promise("createConnection", "platform_not_configured", "one whose accounts are linked in a browser", async () => {
  const account = await freshAccount();
  for (const platform of ["twitch", "nowhere"])
    assertRefused(await account.ask("POST", "/v1/connections", { platform }), "platform_not_configured");
});

promise(
  "createConnection",
  "platform_refused",
  "a password that the platform does not take, an address that is none or where nothing answers",
  async () => {
    const account = await freshAccount();
    const servers = [{ server: "http://127.0.0.1" }, { server: "irc://127.0.0.1:9" }];
    for (const wrong of [{ password: "no such password" }, ...servers, { channel: "show" }]) {
      const answer = await account.ask("POST", "/v1/connections", { ...ircBody(), ...wrong });
      assertRefused(answer, "platform_refused", JSON.stringify(wrong));
    }
  },
);

for (const name of ["createDestination", "updateDestination"] as const) {
  promise(name, "platform_refused", "made from an account that cannot be streamed to", async () => {
    const account = await freshAccount();
    const connection = await account.ask("POST", "/v1/connections", ircBody());
    const connectionId = textAt(connection.json, "id");
    const studio = textAt((await account.ask("POST", "/v1/studios", { name: "Show" })).json, "id");
    const list = `/v1/studios/${studio}/destinations`;
    if (name === "createDestination") {
      assertRefused(await account.ask("POST", list, { name: "Out", connectionId }), "platform_refused");
      return;
    }
    const out = await account.ask("POST", list, { name: "Out", url: "rtmp://127.0.0.1:9/app" });
    const path = `${list}/${textAt(out.json, "id")}`;
    assertRefused(await account.ask("PATCH", path, { connectionId }), "platform_refused");
  });
}

promise("createDestination", "conflict", "a second enabled one of one account in a studio", async () => {
  const account = await freshAccount();
  const connectionId = await linkSomebody({ account });
  const studio = textAt((await account.ask("POST", "/v1/studios", { name: "Show" })).json, "id");
  const make = (body: object) =>
    account.ask("POST", `/v1/studios/${studio}/destinations`, { name: "Out", connectionId, ...body });
  assert.equal((await make({})).status, 201);
  assertRefused(await make({}), "conflict");
  assert.equal((await make({ enabled: false })).status, 201);
});

promise("updateDestination", "conflict", "an address where the platform tells it", async () => {
  const account = await freshAccount();
  const connectionId = await linkSomebody({ account });
  const studio = textAt((await account.ask("POST", "/v1/studios", { name: "Show" })).json, "id");
  const out = await account.ask("POST", `/v1/studios/${studio}/destinations`, { name: "Out", connectionId });
  assert.deepEqual([out.status, at(out.json, "platform")], [201, "twitch"]);
  const path = `/v1/studios/${studio}/destinations/${textAt(out.json, "id")}`;
  assertRefused(await account.ask("PATCH", path, { url: "rtmp://127.0.0.1:9/app" }), "conflict");
  const stranger = await freshAccount();
  const theirs = await linkSomebody({ account: stranger });
  assertRefused(await account.ask("PATCH", path, { connectionId: theirs }), "invalid_request");
});

async function linked(): Promise<{ account: Account; id: string; user: Awaited<ReturnType<typeof newUser>> }> {
  const user = await newUser();
  const account = await newAccount((await open()).instance);
  return { account, user, id: await linkAt(account, "twitch") };
}

promise("setConnectionMetadata", "happy", "title and category are the platform's at once", async () => {
  const { account, id, user } = await linked();
  const answer = await account.ask("PUT", `/v1/connections/${id}/metadata`, { title: "Friday", category: "Music" });
  assert.equal(answer.status, 204, answer.text);
  assert.deepEqual([user.title, user.gameId], ["Friday", "26936"]);
});

promise("setConnectionMetadata", "platform_refused", "a category that it does not have", async () => {
  const { account, id } = await linked();
  const answer = await account.ask("PUT", `/v1/connections/${id}/metadata`, { category: "Nothing like it" });
  assertRefused(answer, "platform_refused");
});

promise("setConnectionMetadata", "platform_unavailable", "a platform that breaks, or is asked too often", async () => {
  const { account, id } = await linked();
  const { twitch } = await open();
  for (const fault of [{ status: 503 }, { status: 429, retryAfter: 3 }]) {
    twitch.failNext({ path: /channels$/, ...fault });
    const answer = await account.ask("PUT", `/v1/connections/${id}/metadata`, { title: "Now" });
    assertRefused(answer, "platform_unavailable");
    assert.ok(Number(answer.headers["retry-after"]) >= 1);
  }
});

promise(
  "setConnectionMetadata",
  "needs_relink",
  "a grant that was withdrawn at the platform, and that is told",
  async () => {
    const { account, id, user } = await linked();
    const { twitch } = await open();
    const studioId = textAt((await account.ask("POST", "/v1/studios", { name: "Show" })).json, "id");
    await account.ask("POST", `/v1/studios/${studioId}/destinations`, { name: "Out", connectionId: id });
    const log = await followEvents(account, studioId);
    twitch.withdraw(user);
    const before = twitch.requests.length;
    for (let count = 0; count < 3; count += 1)
      assertRefused(await account.ask("PUT", `/v1/connections/${id}/metadata`, { title: "Now" }), "needs_relink");
    assert.ok(twitch.requests.length - before <= 3, "the platform is left alone");
    assert.equal(at((await account.ask("GET", `/v1/connections/${id}`)).json, "status"), "needs_relink");
    await eventually(
      "it is told",
      async () => log.events.find(({ type }) => type === "connection.changed"),
      (event) => event?.data["status"] === "needs_relink" && event.data["connectionId"] === id,
    );
    await log.close();
    twitch.decide({ kind: "consent", userId: user.id });
    assert.equal(await linkAt(account, "twitch"), id, "linked anew it is the same");
    assert.equal((await account.ask("PUT", `/v1/connections/${id}/metadata`, { title: "Now" })).status, 204);
  },
);

promise("deleteConnection", "happy", "the grant is withdrawn at the platform", async () => {
  const { account, id, user } = await linked();
  const { twitch } = await open();
  assert.equal(twitch.liveGrants(user), 1);
  assert.equal((await account.ask("DELETE", `/v1/connections/${id}`)).status, 204);
  assertRefused(await account.ask("GET", `/v1/connections/${id}`), "not_found");
  assertRefused(await account.ask("DELETE", `/v1/connections/${id}`), "not_found", "twice");
  await eventually(
    "the grant is withdrawn",
    async () => twitch.liveGrants(user),
    (grants) => grants === 0,
  );
});

behaviour("a person who says no is told to the app that asked", async () => {
  const account = await newAccount((await open()).instance);
  const { twitch } = await open();
  twitch.decide({ kind: "deny" });
  const callback = await sentOnFrom(await authorizeUrlOf(account, "twitch"));
  assert.equal((await sentOnFrom(callback.href)).searchParams.get("error"), "access_denied");
});

behaviour(
  "a destination made from a link is sent where its platform says, once it says so, until it is unlinked",
  async (context) => {
    const { instance: running, twitch, nginx } = await open();
    const user = await newUser();
    const show = await openShow(context, running);
    const connectionId = await linkAt(show.account, "twitch");
    const { ask } = show;
    const out = await ask("POST", "/destinations", { name: "Twitch", connectionId });
    const destinationId = textAt(out.json, "id");
    const source = await show.addSource();
    const { rtmp } = source.session.ingest;
    owned(context, await startFfmpegPublisher({ url: `${rtmp.url}/${rtmp.streamKey}` }));
    await show.untilOnline(source.id);

    const broken = twitch.failNext({ path: /streams\/key$/, status: 429, retryAfter: 1 });
    const broken2 = twitch.failNext({ path: /streams\/key$/, status: 503 });
    await show.goLive();
    const failed = await show.untilDestination(destinationId, "says why", ({ lastError }) => lastError !== null);
    assert.match(failed.lastError?.message ?? "", /Twitch/);
    assert.notEqual(failed.status, "live");
    await untilPublished(nginx, user.streamKey);
    await show.untilLive(destinationId);
    assert.deepEqual([broken.hits(), broken2.hits()], [1, 1]);

    assert.equal((await show.account.ask("DELETE", `/v1/connections/${connectionId}`)).status, 204);
    await untilEnded(nginx, user.streamKey);
    const cut = await ask("GET", `/destinations/${destinationId}`);
    assert.deepEqual([at(cut.json, "enabled"), at(cut.json, "connectionId")], [false, null]);
    assert.match(textAt(at(cut.json, "lastError"), "message"), /was unlinked/);
  },
);
