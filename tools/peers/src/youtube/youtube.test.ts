import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { waitFor } from "../wait-for.ts";
import { startYoutube, type Youtube } from "./server.ts";
import type { Channel } from "./channel.ts";

// What Google's client does not show: reasons in bodies, quota, and bad days.

let platform: Youtube;
let channel: Channel;
let token: string;

before(async () => {
  platform = await startYoutube({ pollingIntervalMillis: 60_000, wrapsStreamErrors: true });
  channel = platform.addChannel("Streamer");
  token = platform.grant(channel).accessToken;
});
after(() => platform.stop());

const get = (path: string): Promise<Response> =>
  fetch(`${platform.baseUrls["TRAX_YOUTUBE_API_URL"]}/${path}`, { headers: { authorization: `Bearer ${token}` } });

const reason = async (response: Response): Promise<string> =>
  `${response.status} ${/"reason":"(\w+)"/.exec(await response.text())?.[1]}`;

test("asking sooner than told, after the end, and with a token of nobody's", async () => {
  const broadcast = platform.startBroadcast(channel);
  const path = `liveChat/messages?part=snippet&liveChatId=${broadcast.chat.id}`;
  assert.equal((await get(path)).status, 200);
  assert.equal(await reason(await get(path)), "403 rateLimitExceeded");
  assert.equal(await reason(await get(`${path}&pageToken=nonsense`)), "400 pageTokenInvalid");
  platform.endBroadcast(broadcast);
  assert.equal(await reason(await get(path)), "403 liveChatEnded");
  const stream = await get(`liveChat/messages/stream?part=snippet&liveChatId=${broadcast.chat.id}`);
  assert.match(await stream.text(), /^\[\{"error":\{"code":403/);
  assert.equal(await reason(await get("liveChat/messages?part=snippet&liveChatId=nothing")), "404 liveChatNotFound");
});

test("units are counted, and used up they are a 403 with its reason", async () => {
  const used = platform.quotaUsed();
  assert.equal((await get("channels?part=snippet&mine=true")).status, 200);
  assert.equal(platform.quotaUsed(), used + 1);
  platform.setQuotaUsed();
  assert.equal(await reason(await get("channels?part=snippet&mine=true")), "403 quotaExceeded");
  platform.setQuotaUsed(0);
  platform.refuseNext("rateLimitExceeded");
  assert.equal(await reason(await get("channels?part=snippet&mine=true")), "403 rateLimitExceeded");
});

test("what a token may not do", async () => {
  const usual = token;
  token = platform.grant(channel, []).accessToken;
  assert.equal(await reason(await get("channels?part=snippet&mine=true")), "403 insufficientPermissions");
  token = "nonsense";
  assert.equal(await reason(await get("channels?part=snippet&mine=true")), "401 authError");
  token = usual;
});

test("a chat stream stalls, is cut, and goes on where its last page token says; held, repeated and deleted messages", async () => {
  const { chat } = platform.startBroadcast(channel);
  const path = `liveChat/messages/stream?part=snippet&liveChatId=${chat.id}`;
  const read = async (query = ""): Promise<{ text: () => string; ended: Promise<string> }> => {
    const response = await get(path + query);
    assert.ok(response.body);
    let text = "";
    const decoder = new TextDecoder();
    const pump = async (body: AsyncIterable<Uint8Array>): Promise<string> => {
      for await (const chunk of body) text += decoder.decode(chunk, { stream: true });
      return "finished";
    };
    return { text: () => text, ended: pump(response.body).catch(() => "cut") };
  };
  const first = await read();
  chat.say(channel, "one");
  await waitFor("one", () => first.text().includes("one"));
  platform.setSilent(true);
  chat.say(channel, "missed");
  platform.closeChatStreams("cut");
  assert.equal(await first.ended, "cut");
  assert.ok(!first.text().includes("missed"));
  platform.setSilent(false);
  const tokens = [...first.text().matchAll(/"nextPageToken":"([^"]+)"/g)];
  const next = await read(`&pageToken=${tokens.at(-1)?.[1]}`);
  await waitFor("what was missed", () => next.text().includes("missed"));
  assert.ok(!next.text().includes("one"));
  chat.hold();
  const gone = chat.say(channel, "two");
  chat.deleteMessage(channel, gone);
  chat.release("reversed");
  chat.repeat();
  await waitFor("two, twice", () => next.text().split('"messageText":"two"').length === 3);
  assert.ok(next.text().indexOf("messageDeletedEvent") < next.text().indexOf('"messageText":"two"'));
  platform.closeChatStreams("finished");
  assert.equal(await next.ended, "finished");
  assert.ok(Array.isArray(JSON.parse(next.text())));
  assert.equal(platform.chatStreams(), 0);
});
