import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { auth, youtube, type youtube_v3 } from "@googleapis/youtube";
import { waitFor } from "../wait-for.ts";
import { forceSsl, startYoutube, type Youtube } from "./server.ts";
import type { Channel } from "./channel.ts";

// The fake is held to what Google's own client accepts.

let platform: Youtube;
let channel: Channel;
let oauth: InstanceType<typeof auth.OAuth2>;
let client: youtube_v3.Youtube;

before(async () => {
  platform = await startYoutube({ ingestUrl: "rtmp://127.0.0.1:1/live2", pollingIntervalMillis: 20 });
  channel = platform.addChannel("Streamer");
  oauth = new auth.OAuth2({
    clientId: platform.clientId,
    clientSecret: platform.clientSecret,
    redirectUri: "http://localhost/callback",
    forceRefreshOnFailure: true,
    endpoints: {
      oauth2AuthBaseUrl: `${platform.baseUrls["TRAX_YOUTUBE_AUTH_URL"]}/auth`,
      oauth2TokenUrl: `${platform.origin}/token`,
      oauth2RevokeUrl: `${platform.origin}/revoke`,
    },
  });
  client = youtube({ version: "v3", auth: oauth, rootUrl: `${platform.origin}/`, retryConfig: { retry: 0 } });
  await consent();
});
after(() => platform.stop());

/** As a browser would go through the consent page. */
async function consent(): Promise<void> {
  platform.decide({ kind: "consent", userId: channel.id });
  const page = oauth.generateAuthUrl({ access_type: "offline", scope: [forceSsl], state: "abc" });
  const answer = await fetch(page, { redirect: "manual" });
  const back = new URL(answer.headers.get("location") ?? "");
  assert.equal(back.searchParams.get("state"), "abc");
  const { tokens } = await oauth.getToken(back.searchParams.get("code") ?? "");
  assert.equal(tokens.scope, forceSsl);
  assert.ok(tokens.refresh_token);
  oauth.setCredentials(tokens);
}

const reasonOf = (error: unknown): unknown => {
  const response: unknown = error instanceof Error ? Reflect.get(error, "response") : undefined;
  return /"reason":"(\w+)"/.exec(JSON.stringify(Object(response).data))?.[1];
};

test("whose channel it is", async () => {
  const { data } = await client.channels.list({ part: ["snippet"], mine: true });
  assert.deepEqual(
    data.items?.map((one) => [one.id, one.snippet?.title]),
    [[channel.id, "Streamer"]],
  );
});

test("a stream and a broadcast are made, bound, renamed, gone live with and completed", async () => {
  const made = await client.liveStreams.insert({
    part: ["id", "snippet", "cdn", "contentDetails", "status"],
    requestBody: {
      snippet: { title: "TRaX" },
      cdn: { ingestionType: "rtmp", resolution: "variable", frameRate: "variable" },
      contentDetails: { isReusable: true },
    },
  });
  const ingestion = made.data.cdn?.ingestionInfo;
  assert.equal(ingestion?.ingestionAddress, "rtmp://127.0.0.1:1/live2");
  assert.equal(ingestion?.rtmpsIngestionAddress, "rtmps://127.0.0.1:1/live2");
  assert.match(ingestion?.streamName ?? "", /^\w{4}(-\w{4})+$/);
  const streams = await client.liveStreams.list({ part: ["cdn"], mine: true });
  assert.equal(streams.data.items?.[0]?.cdn?.ingestionInfo?.streamName, ingestion?.streamName);

  const broadcast = await client.liveBroadcasts.insert({
    part: ["id", "snippet", "status", "contentDetails"],
    requestBody: {
      snippet: { title: "Tonight", scheduledStartTime: new Date().toISOString() },
      status: { privacyStatus: "unlisted" },
      contentDetails: { monitorStream: { enableMonitorStream: false } },
    },
  });
  const id = broadcast.data.id ?? "";
  assert.ok(broadcast.data.snippet?.liveChatId);
  const live = { part: ["status"], id, broadcastStatus: "live" };
  await assert.rejects(client.liveBroadcasts.transition(live), (error) => reasonOf(error) === "invalidTransition");
  const bound = await client.liveBroadcasts.bind({ part: ["contentDetails"], id, streamId: made.data.id ?? "" });
  assert.equal(bound.data.contentDetails?.boundStreamId, made.data.id);
  const updated = await client.liveBroadcasts.update({
    part: ["snippet", "status"],
    requestBody: { id, snippet: { title: "Tonight!", scheduledStartTime: new Date().toISOString() } },
  });
  assert.deepEqual([updated.data.snippet?.title, updated.data.status?.privacyStatus], ["Tonight!", "unlisted"]);
  await assert.rejects(client.liveBroadcasts.transition(live), (error) => reasonOf(error) === "errorStreamInactive");
  const [stream] = platform.streams();
  assert.ok(stream);
  platform.setStreamStatus(stream, "active");
  assert.equal((await client.liveBroadcasts.transition(live)).data.status?.lifeCycleStatus, "live");
  const active = await client.liveBroadcasts.list({ part: ["status"], broadcastStatus: "active" });
  assert.deepEqual(
    active.data.items?.map((one) => one.id),
    [id],
  );
  const done = await client.liveBroadcasts.transition({ ...live, broadcastStatus: "complete" });
  assert.equal(done.data.status?.lifeCycleStatus, "complete");
});

test("a broadcast's video is put into a category", async () => {
  const { id } = platform.startBroadcast(channel, "Played");
  const known = await client.videoCategories.list({ part: ["snippet"], regionCode: "US" });
  const categoryId = known.data.items?.find((one) => one.snippet?.title === "Gaming")?.id ?? "";
  const snippet = { title: "Playing", categoryId };
  await client.videos.update({ part: ["snippet"], requestBody: { id, snippet } });
  const { data } = await client.videos.list({ part: ["snippet"], id: [id] });
  assert.deepEqual(
    data.items?.map((one) => [one.snippet?.title, one.snippet?.categoryId]),
    [["Playing", "20"]],
  );
});

test("chat is read page by page, and written", async () => {
  const { chat } = platform.startBroadcast(channel);
  const viewer = platform.addChannel("Viewer");
  chat.say({ ...viewer, isModerator: true }, "hello");
  const ask = { liveChatId: chat.id, part: ["id", "snippet", "authorDetails"] };
  const first = (await client.liveChatMessages.list(ask)).data;
  assert.equal(first.pollingIntervalMillis, 20);
  assert.deepEqual(
    first.items?.map((one) => [
      one.authorDetails?.displayName,
      one.authorDetails?.isChatModerator,
      one.snippet?.displayMessage,
    ]),
    [["Viewer", true, "hello"]],
  );
  const said = await client.liveChatMessages.insert({
    part: ["snippet"],
    requestBody: {
      snippet: { liveChatId: chat.id, type: "textMessageEvent", textMessageDetails: { messageText: "hi" } },
    },
  });
  chat.deleteMessage(channel, first.items?.[0]?.id ?? "");
  chat.ban(channel, viewer);
  await delay(first.pollingIntervalMillis ?? 0);
  const next = (await client.liveChatMessages.list({ ...ask, pageToken: first.nextPageToken ?? "" })).data;
  assert.deepEqual(
    next.items?.map((one) => [one.snippet?.type, one.id === said.data.id]),
    [
      ["textMessageEvent", true],
      ["messageDeletedEvent", false],
      ["userBannedEvent", false],
    ],
  );
  assert.equal(next.items?.[1]?.snippet?.messageDeletedDetails?.deletedMessageId, first.items?.[0]?.id);
  assert.equal(next.items?.[2]?.snippet?.userBannedDetails?.bannedUserDetails?.channelId, viewer.id);
});

test("chat comes as it is said by the stream: an array of pages that ends with the chat", async () => {
  const broadcast = platform.startBroadcast(channel);
  const { chat } = broadcast;
  chat.say(channel, "before");
  const answer = await client.youtube.v3.liveChat.messages.stream(
    { liveChatId: chat.id, part: ["snippet"] },
    { responseType: "stream" },
  );
  const body: unknown = answer.data;
  assert.ok(isBytes(body));
  let text = "";
  const ended = (async () => {
    for await (const chunk of body) text += String(chunk);
  })();
  await waitFor("the history", () => text.includes("before"));
  chat.say(channel, "after");
  await waitFor("what is said", () => text.includes("after"));
  platform.endBroadcast(broadcast);
  await ended;
  const pages: { items: { snippet: { type: string } }[]; nextPageToken: string; offlineAt?: string }[] =
    JSON.parse(text);
  assert.deepEqual(
    pages.flatMap((page) => page.items.map((item) => item.snippet.type)),
    ["textMessageEvent", "textMessageEvent", "chatEndedEvent"],
  );
  assert.ok(pages.at(-1)?.offlineAt);
});

test("an access token that expired is refreshed after a 401; one withdrawn is gone for good", async () => {
  platform.expireAccessTokens();
  const again = await client.channels.list({ part: ["id"], mine: true });
  assert.equal(again.data.items?.length, 1);
  await oauth.revokeCredentials();
  assert.equal(platform.liveGrants(channel), 0);
  await consent();
  platform.withdraw(channel);
  await assert.rejects(client.channels.list({ part: ["id"], mine: true }), /invalid_grant/);
  await consent();
});

function isBytes(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === "object" && value !== null && Symbol.asyncIterator in value;
}
