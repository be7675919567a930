import assert from "node:assert/strict";
import { after, before, mock, test } from "node:test";
import { ApiClient } from "@twurple/api";
import { exchangeCode, getTokenInfo, RefreshingAuthProvider, refreshUserToken, revokeToken } from "@twurple/auth";
import { EventSubWsListener } from "@twurple/eventsub-ws";
import { waitFor } from "../wait-for.ts";
import { startTwitch, type Twitch } from "./server.ts";
import type { TwitchUser } from "./world.ts";

// The fake is held to what Twitch's best-known client accepts.

const scopes = ["user:read:chat", "user:write:chat", "channel:read:stream_key", "channel:manage:broadcast"];
const logger = { minLevel: "critical" } as const;

let twitch: Twitch;
let streamer: TwitchUser;
let viewer: TwitchUser;
let client: ApiClient;
let provider: RefreshingAuthProvider;

/** twurple remembers each event's id by a timer of ten minutes that nobody can end: it must not keep this process. */
const rememberedMs = 600_000;
const setTimer = setTimeout;

before(async () => {
  mock.method(globalThis, "setTimeout", (act: (...given: unknown[]) => void, ms?: number, ...given: unknown[]) => {
    const timer = setTimer(act, ms, ...given);
    return ms === rememberedMs ? timer.unref() : timer;
  });
  twitch = await startTwitch({ keepaliveSeconds: 10 });
  process.env["TWURPLE_MOCK_API_PORT"] = String(twitch.port);
  streamer = twitch.addUser({ login: "streamer", name: "Streamer", color: "#FF0000", streamKey: "live_1_key" });
  viewer = twitch.addUser({ login: "viewer", name: "Viewer" });
  provider = new RefreshingAuthProvider({ clientId: twitch.clientId, clientSecret: twitch.clientSecret });
  client = new ApiClient({ authProvider: provider, logger });
});
after(async () => {
  delete process.env["TWURPLE_MOCK_API_PORT"];
  await twitch.stop();
  mock.restoreAll();
});

/** As a browser would go through the consent page. */
async function codeFromConsent(): Promise<string> {
  twitch.decide({ kind: "consent", userId: streamer.id });
  const query = new URLSearchParams({
    client_id: twitch.clientId,
    redirect_uri: "http://localhost/callback",
    response_type: "code",
    scope: scopes.join(" "),
    state: "abc",
  });
  const answer = await fetch(`${twitch.origin}/oauth2/authorize?${query}`, { redirect: "manual" });
  const back = new URL(answer.headers.get("location") ?? "");
  assert.equal(back.searchParams.get("state"), "abc");
  assert.equal(back.searchParams.get("scope"), scopes.join(" "));
  return back.searchParams.get("code") ?? "";
}

test("a code becomes tokens, which are told about, refreshed and revoked", async () => {
  const { clientId, clientSecret } = twitch;
  const token = await exchangeCode(clientId, clientSecret, await codeFromConsent(), "http://localhost/callback");
  assert.deepEqual(token.scope, scopes);
  const info = await getTokenInfo(token.accessToken);
  assert.deepEqual([info.userId, info.userName, info.clientId], [streamer.id, "streamer", clientId]);
  assert.deepEqual(info.scopes, scopes);
  const leftMs = (info.expiryDate?.getTime() ?? 0) - Date.now();
  assert.ok(leftMs > (token.expiresIn ?? 0) * 1_000 - 60_000 && leftMs <= (token.expiresIn ?? 0) * 1_000);
  const withoutToken = await fetch(`${twitch.origin}/oauth2/validate`);
  assert.deepEqual(await withoutToken.json(), { status: 401, message: "missing authorization token" });
  const refreshed = await refreshUserToken(clientId, clientSecret, token.refreshToken ?? "");
  assert.equal(refreshed.refreshToken, token.refreshToken);
  assert.notEqual(refreshed.accessToken, token.accessToken);
  await revokeToken(clientId, refreshed.accessToken);
  await assert.rejects(getTokenInfo(refreshed.accessToken), { name: "InvalidTokenError" });
  twitch.requests.length = 0;
  await assert.rejects(getTokenInfo("no-token"), { name: "InvalidTokenError" });
  assert.equal(twitch.requests[0]?.headers.authorization, "OAuth no-token", "as TRaX asks");
  await assert.rejects(refreshUserToken(clientId, clientSecret, token.refreshToken ?? ""), { statusCode: 400 });
});

test("the API answers as twurple reads it", async () => {
  await link();
  const self = await client.asUser(streamer.id, (user) => user.users.getAuthenticatedUser(streamer.id));
  assert.deepEqual([self.name, self.displayName], ["streamer", "Streamer"]);
  const found = await client.asUser(streamer.id, (user) => user.search.searchCategories("software"));
  const game = found.data[0];
  assert.equal(game?.name, "Software and Game Development");
  await client.channels.updateChannelInfo(streamer.id, { title: "Hello", gameId: game?.id ?? "" });
  const channel = await client.channels.getChannelInfoById(streamer.id);
  assert.deepEqual([channel?.title, channel?.gameName], ["Hello", "Software and Game Development"]);
  assert.equal(await client.streams.getStreamKey(streamer.id), "live_1_key");
});

test("an access token that expired is refreshed after a 401, and the call made again", async () => {
  await link();
  twitch.expireAccessTokens();
  twitch.requests.length = 0;
  assert.equal(await client.streams.getStreamKey(streamer.id), "live_1_key");
  assert.equal(twitch.requestsTo("/auth/token").length, 1);
});

test("chat is heard: messages, replies, emotes, deletions, clearings, and our own once", async () => {
  await link();
  const heard: string[] = [];
  const listener = new EventSubWsListener({ apiClient: client, logger });
  const problems: string[] = [];
  listener.onSubscriptionCreateFailure((_, error) => problems.push(error.message));
  listener.onChannelChatMessage(streamer.id, streamer.id, (event) => {
    const parts = event.messageParts.map((part) => `${part.type}=${part.text}`).join("|");
    heard.push(
      `${event.chatterDisplayName}: ${event.messageText} [${parts}] ${event.parentMessageText ?? ""} ${event.color}`,
    );
  });
  listener.onChannelChatNotification(streamer.id, streamer.id, (event) =>
    heard.push(`${event.type} of ${event.chatterDisplayName}: ${event.messageText}`),
  );
  listener.onChannelChatMessageDelete(streamer.id, streamer.id, (event) => heard.push(`deleted ${event.messageId}`));
  listener.onChannelChatClearUserMessages(streamer.id, streamer.id, (event) => heard.push(`cleared ${event.userName}`));
  listener.onChannelChatClear(streamer.id, streamer.id, () => heard.push("cleared"));
  listener.start();
  try {
    await waitFor("five subscriptions", () => twitch.subscriptions().length === 5);
    assert.deepEqual(problems, []);
    const first = twitch.say(streamer, viewer, "hi @streamer Kappa !");
    const sent = await client.asUser(streamer.id, (user) =>
      user.chat.sendChatMessage(streamer.id, "welcome", { replyParentMessageId: first }),
    );
    assert.equal(sent.isSent, true);
    twitch.say(streamer, viewer, "three months", { notice: "resub" });
    twitch.say(streamer, streamer, "news", { notice: "announcement" });
    twitch.raid(streamer, viewer);
    twitch.deleteMessage(streamer, viewer, first);
    twitch.clearUser(streamer, viewer);
    twitch.clearChat(streamer);
    await waitFor("eight events", () => heard.length >= 8);
    assert.deepEqual(heard, [
      "Viewer: hi @streamer Kappa ! [text=hi |mention=@streamer|text= |emote=Kappa|text= !]  null",
      "Streamer: welcome [text=welcome] hi @streamer Kappa ! #FF0000",
      "resub of Viewer: three months",
      "announcement of Streamer: news",
      "raid of Viewer: ",
      `deleted ${first}`,
      "cleared viewer",
      "cleared",
    ]);

    const [old] = twitch.sessions();
    twitch.askToReconnect();
    await waitFor("another session alone", () => {
      const now = twitch.sessions();
      return now.length === 1 && now[0] !== old;
    });
    assert.equal(twitch.subscriptions().length, 5);
    twitch.say(streamer, viewer, "still here");
    await waitFor("the ninth", () => heard.length === 9);

    const revoked: string[] = [];
    listener.onRevoke((subscription, status) => revoked.push(`${subscription.id} ${status}`));
    twitch.withdraw(streamer);
    await waitFor("five revocations", () => revoked.length === 5);
    assert.match(revoked[0] ?? "", /^channel\.chat\..* authorization_revoked$/);
  } finally {
    listener.stop();
  }
  await waitFor("no session", () => twitch.sessions().length === 0);
});

async function link(): Promise<void> {
  const issued = twitch.grant(streamer, scopes);
  provider.removeUser(streamer.id);
  provider.addUser(streamer.id, {
    accessToken: issued.accessToken,
    refreshToken: issued.refreshToken,
    scope: scopes,
    expiresIn: issued.expiresIn,
    obtainmentTimestamp: Date.now(),
  });
}
