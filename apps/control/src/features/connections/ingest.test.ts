import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, test } from "node:test";
import { ChatPlatforms, Connection, Destination } from "@trax/contract";
import { newId } from "@trax/foundation/ids";
import { openVault } from "@trax/foundation/vault";
import { Secret } from "@trax/foundation/secret";
import { requestLive } from "@trax/media-protocol";
import { waitFor } from "@trax/peers";
import { startKick } from "@trax/peers/kick/kick";
import { startTwitch } from "@trax/peers/twitch/server";
import { startYoutube } from "@trax/peers/youtube/server";
import sql from "sql-template-tag";
import { startControl } from "../../testing/control.ts";
import { refusedAs, shapeOf } from "../../testing/shape.ts";
import { claimIngests, storeIngest } from "./ingest-sql.ts";
import { appUri, linkAt } from "./testing/linking.ts";
import { desired, endShow, goLive, showAt, untilTold } from "./testing/show.ts";
import type { Show } from "./testing/show.ts";

const keys = [{ id: "t1", key: new Secret(Buffer.alloc(32, 7).toString("base64")) }];
const ingest = "rtmp://127.0.0.1:19350/live2";
const youtube = await startYoutube({ ingestUrl: ingest, secureIngestUrl: ingest });
after(() => youtube.stop());
const kick = await startKick();
after(() => kick.stop());
const twitch = await startTwitch({ ingestUrl: ingest });
after(() => twitch.stop());
const control = await startControl({
  ...youtube.baseUrls,
  ...kick.environment,
  ...twitch.baseUrls,
  TRAX_TWITCH_CLIENT_ID: twitch.clientId,
  TRAX_TWITCH_CLIENT_SECRET: twitch.clientSecret,
  TRAX_ENCRYPTION_KEYS: `t1:${Buffer.alloc(32, 7).toString("base64")}`,
  TRAX_REDIRECT_URIS: appUri,
  TRAX_ALLOWED_NETWORKS: "127.0.0.0/8",
});
after(() => control[Symbol.asyncDispose]());
const { database } = control;
const vault = openVault(keys);

const showWith = (platform: string): Promise<Show> => showAt(control, platform);

async function shown({ tenant, studioId, destinationId }: Show): Promise<Destination> {
  return shapeOf(await tenant.call("GET", `/v1/studios/${studioId}/destinations/${destinationId}`), 200, Destination);
}

const keyOf = ({ tenant, destinationId }: Show, sealed: string | null): string =>
  vault.decrypt(sealed ?? "", { accountId: tenant.account.accountId, row: destinationId }).reveal();

test("YouTube: its stream is bound to a broadcast with the studio's title and privacy, and used again", async () => {
  const channel = youtube.addChannel("Ada");
  youtube.decide({ kind: "consent", userId: channel.id });
  const show = await showWith("youtube");
  assert.equal((await desired(show)).waits, false, "nobody asked for it yet");
  assert.equal((await goLive(show)).status, 200);
  const first = await untilTold(show);
  assert.equal(first.url, ingest);
  const [stream] = youtube.streams();
  assert.equal(keyOf(show, first.streamKey), stream?.streamName);
  const [broadcast] = youtube.broadcasts();
  assert.deepEqual([broadcast?.title, broadcast?.privacyStatus], ["A  show  of Ada", "unlisted"]);
  assert.equal(broadcast?.stream?.id, stream?.id);
  const quota = shapeOf(await show.tenant.call("GET", `/v1/connections/${show.id}`), 200, Connection).quota;
  assert.deepEqual([quota?.used, quota?.limit], [youtube.quotaUsed(), 10_000]);

  assert.ok(stream !== undefined);
  youtube.setStreamStatus(stream, "active");
  const metadata = await show.tenant.call("PUT", `/v1/connections/${show.id}/metadata`, {
    title: "Now",
    category: "Music",
  });
  assert.equal(metadata.status, 204, metadata.text);
  assert.equal(youtube.broadcasts()[0]?.title, "Now");
  const longer = await show.tenant.call("PUT", `/v1/connections/${show.id}/metadata`, { title: "x".repeat(101) });
  refusedAs(longer, 400, "invalid_request");
  assert.match(longer.text, /YouTube takes titles of at most 100 characters/);
  assert.equal(youtube.broadcasts()[0]?.title, "Now");
  await endShow(show);
  await waitFor("YouTube knows that it is over", () => youtube.broadcasts()[0]?.lifeCycle === "complete");
  await waitFor("it is settled", async () => {
    const rows = await database.query(
      sql`select from destinations where id = ${show.destinationId} and ingest_broadcast_id is null`,
    );
    return rows.length === 1;
  });
  await goLive(show);
  const second = await untilTold(show);
  assert.ok(second.revision > first.revision);
  assert.deepEqual([youtube.streams().length, youtube.broadcasts().length], [1, 2]);
  await endShow(show);

  await database.query(sql`update platform_quota set units = 8000 where platform = 'youtube'`);
  const chat = `/v1/studios/${show.studioId}/chat`;
  assert.equal((await show.tenant.call("PUT", `${chat}/platforms`, { connectionIds: [show.id] })).status, 200);
  await goLive(show);
  const told = await waitFor("chat leaves the rest to shows", async () => {
    const { platforms } = shapeOf(await show.tenant.call("GET", `${chat}/platforms`), 200, ChatPlatforms);
    return platforms[0]?.status === "failed" ? platforms[0].lastError : null;
  });
  assert.equal(told.code, "quota_exhausted");
  assert.match(told.message, /used up but for what shows need, until/);
  await untilTold(show);
  assert.equal((await show.tenant.call("PUT", `${chat}/platforms`, { connectionIds: [] })).status, 200);

  await database.query(sql`update platform_quota set units = 9990 where platform = 'youtube'`);
  const before = youtube.requests.length;
  const path = `/v1/connections/${show.id}/metadata`;
  const refused = await show.tenant.call("PUT", path, { title: "Too much" });
  refusedAs(refused, 503, "platform_unavailable");
  assert.match(refused.text, /quota of this TRaX is used up/);
  assert.ok(Number(refused.headers.get("retry-after")) <= 90_000, "until YouTube's midnight");
  assert.equal(youtube.requests.slice(before).filter(({ method }) => method !== "GET").length, 0, "asked nothing dear");
  await database.query(sql`update platform_quota set units = 0 where platform = 'youtube'`);
  await endShow(show);
});

test("YouTube: a broadcast that was left has this show's title and privacy before anything is sent; one that is on is only made less public", async () => {
  const channel = youtube.addChannel("Cleo");
  youtube.decide({ kind: "consent", userId: channel.id });
  const show = await showWith("youtube");
  const { studioId, destinationId, tenant } = show;
  // Another tool's streams, more than a page of them, come first.
  const bearer = { authorization: `Bearer ${youtube.grant(channel).accessToken}`, "content-type": "application/json" };
  const other = {
    snippet: { title: "Other" },
    cdn: { ingestionType: "rtmp", resolution: "1080p", frameRate: "60fps" },
  };
  const url = `${youtube.baseUrls["TRAX_YOUTUBE_API_URL"]}/liveStreams?part=id,snippet,cdn`;
  const made = { method: "POST", headers: bearer, body: JSON.stringify(other) };
  await Promise.all(Array.from({ length: 51 }, () => fetch(url, made).then((answer) => answer.text())));
  const mine = () => youtube.broadcasts().filter((one) => one.channel.id === channel.id);
  const again = async (privacy: string) => {
    await endShow(show);
    await waitFor("it is settled", async () => {
      const rows = await database.query(
        sql`select from destinations where id = ${destinationId} and ingest_broadcast_id is null`,
      );
      return rows.length === 1;
    });
    await tenant.call("PATCH", `/v1/studios/${studioId}/destinations/${destinationId}`, { privacy });
    await goLive(show);
    await untilTold(show);
    return mine().map(({ title, privacyStatus }) => `${title}: ${privacyStatus}`);
  };
  await goLive(show);
  await untilTold(show);
  assert.deepEqual([mine().length, mine()[0]?.lifeCycle], [1, "ready"]);
  await tenant.call("PATCH", `/v1/studios/${studioId}`, { name: "Rehearsal" });
  Object.assign(mine()[0] ?? {}, { scheduledStartTime: "2026-01-01T00:00:00.000Z" });
  assert.deepEqual(await again("private"), ["Rehearsal: private"], "nothing was sent to the one before: it is used");
  assert.deepEqual(await again("public"), ["Rehearsal: public"]);
  assert.equal(youtube.streams().filter(({ title, channel: of }) => title === "TRaX" && of === channel).length, 1);

  // Asked again in mid-show, as after a node was killed.
  const [broadcast] = mine();
  assert.ok(broadcast?.stream);
  youtube.setStreamStatus(broadcast.stream, "active");
  const changed = async (title: string, privacyStatus: string, privacy: string) => {
    Object.assign(broadcast, { title, privacyStatus });
    await database.query(sql`
      update destinations set ingest_broadcast_id = null, ingest_due_at = null, privacy = ${privacy} where id = ${destinationId}`);
    await database.query(sql`select pg_notify('trax_desired', ${studioId})`);
    await untilTold(show);
    return `${broadcast.title}: ${broadcast.privacyStatus}`;
  };
  assert.equal(await changed("Renamed", "private", "public"), "Renamed: private");
  assert.equal(await changed("Renamed", "public", "unlisted"), "Renamed: unlisted");
  await endShow(show);
});

test("what went wrong in one show does not keep the next one waiting", async () => {
  const channel = youtube.addChannel("Dan");
  youtube.decide({ kind: "consent", userId: channel.id });
  const show = await showWith("youtube");
  youtube.refuseNext("liveStreamingNotEnabled", { path: /liveStreams$/ });
  await goLive(show);
  await waitFor("it is told", async () => (await shown(show)).status === "failed");
  assert.match((await shown(show)).lastError?.message ?? "", /enable live streaming/);
  // As it is after more of this.
  await database.query(sql`
    update destinations set ingest_due_at = now() + interval '1 minute', ingest_attempts = 9, ingest_claim = null
    where id = ${show.destinationId}`);
  await endShow(show);
  await goLive(show);
  await untilTold(show);
  await endShow(show);
});

test("an account that is on air in one studio is not shared with another: that is told, and goes on by itself after", async () => {
  const channel = youtube.addChannel("Bea");
  youtube.decide({ kind: "consent", userId: channel.id });
  const one = await showWith("youtube");
  const studio = await one.tenant.studio();
  const body = { name: "Out", connectionId: one.id };
  const made = await one.tenant.call("POST", `/v1/studios/${studio.id}/destinations`, body);
  const other: Show = { ...one, studioId: studio.id, destinationId: shapeOf(made, 201, Destination).id };
  await goLive(one);
  await untilTold(one);
  const broadcasts = youtube.broadcasts().length;
  await goLive(other);
  const refused = await waitFor("it is told", async () => {
    const now = await shown(other);
    return now.status === "failed" ? now : null;
  });
  assert.equal(refused.lastError?.code, "name_in_use");
  assert.match(refused.lastError?.message ?? "", /on air in another studio/);
  // However long it waits, and whatever show it was of before, that counts against neither.
  await database.query(sql`
    update destinations set ingest_broadcast_id = ${newId("broadcast")}, ingest_attempts = 20, ingest_due_at = now()
    where id = ${other.destinationId}`);
  await database.query(sql`select pg_notify('trax_desired', ${other.studioId})`);
  await waitFor("it waits again, for the other alone", async () => {
    const rows = await database.query(sql`
      select from destinations where id = ${other.destinationId} and ingest_broadcast_id is null
        and ingest_attempts = 0 and ingest_claim is null`);
    return rows.length === 1;
  });
  // Going offline there leaves the show alone.
  await endShow(other);
  await goLive(other);
  assert.equal(youtube.broadcasts().length, broadcasts);
  assert.notEqual(youtube.broadcasts().at(-1)?.lifeCycle, "complete");
  await endShow(one);
  await untilTold(other);
  await endShow(other);
});

test("of two enabled destinations of one connection in a studio, from before that was refused, the older is used", async () => {
  twitch.decide({ kind: "consent", userId: twitch.addUser({ login: "ken" }).id });
  const show = await showWith("twitch");
  const body = { name: "Second", connectionId: show.id, enabled: false };
  const made = await show.tenant.call("POST", `/v1/studios/${show.studioId}/destinations`, body);
  const second: Show = { ...show, destinationId: shapeOf(made, 201, Destination).id };
  await database.query(sql`update destinations set enabled = true where id = ${second.destinationId}`);
  await goLive(show);
  await untilTold(show);
  const refused = await waitFor("it is told", async () => (await shown(second)).lastError);
  assert.deepEqual([refused.code, (await desired(second)).waits], ["name_in_use", true]);
  assert.match(refused.message, /another destination/);
  await endShow(show);
});

test("YouTube: a destination that is disabled in mid-show for long is over there, and its account free", async () => {
  const channel = youtube.addChannel("Dot");
  youtube.decide({ kind: "consent", userId: channel.id });
  const show = await showWith("youtube");
  const enable = (enabled: boolean) =>
    show.tenant.call("PATCH", `/v1/studios/${show.studioId}/destinations/${show.destinationId}`, { enabled });
  await goLive(show);
  const first = await untilTold(show);
  const stream = youtube.streams().at(-1) ?? assert.fail("no stream");
  youtube.setStreamStatus(stream, "active");
  await enable(false);
  await enable(true);
  assert.deepEqual([(await desired(show)).waits, (await desired(show)).revision], [false, first.revision], "for short");
  await enable(false);
  const [row] = await database.query<{ seconds: number }>(sql`
    update destinations d set ingest_due_at = now() from destinations before
    where d.id = ${show.destinationId} and before.id = d.id
    returning extract(epoch from before.ingest_due_at - now())::float as seconds`);
  assert.ok(row !== undefined && row.seconds > 50 && row.seconds <= 60, String(row?.seconds));
  await database.query(sql`select pg_notify('trax_desired', ${show.studioId})`);
  await waitFor("YouTube knows that it is over", () => youtube.broadcasts().at(-1)?.lifeCycle === "complete");
  await waitFor("its account is free", async () => {
    const rows = await database.query(
      sql`select from destinations where id = ${show.destinationId} and ingest_broadcast_id is null`,
    );
    return rows.length === 1;
  });
  const known = youtube.broadcasts().length;
  await enable(true);
  assert.ok((await untilTold(show)).revision > first.revision);
  assert.equal(youtube.broadcasts().length, known + 1, "it is another one");
  await endShow(show);
});

test("Kick: its url and key, and one that may not be read is said in words", async () => {
  const there = kick.addUser({
    name: "grace",
    streamUrl: "rtmps://ingest.kick.example:443/app",
    streamKey: "sk_grace",
  });
  kick.consentAs(there, ["user:read"]);
  const show = await showWith("kick");
  await goLive(show);
  const failed = await waitFor("it says why", async () => (await shown(show)).lastError);
  assert.match(failed.message, /Kick/);
  assert.equal((await shown(show)).status, "failed");
  assert.equal((await desired(show)).waits, true);
  kick.consentAs(there);
  assert.equal(await linkAt(control, show.tenant, "kick"), show.id, "and is asked again at once");
  const told = await untilTold(show);
  assert.deepEqual([told.url, keyOf(show, told.streamKey)], ["rtmps://ingest.kick.example:443/app", "sk_grace"]);
  await endShow(show);
});

test("Twitch: asked too often or broken, it is asked again; withdrawn, it is left alone", async () => {
  const there = twitch.addUser({ login: "alan", streamKey: "live_alan" });
  twitch.decide({ kind: "consent", userId: there.id });
  const show = await showWith("twitch");
  twitch.failNext({ path: /streams\/key$/, status: 429, retryAfter: 1 });
  twitch.failNext({ path: /streams\/key$/, status: 502 });
  await goLive(show);
  const told = await untilTold(show);
  assert.match(told.url, /^rtmps:\/\/127\.0\.0\.1/);
  assert.equal(keyOf(show, told.streamKey), "live_alan");
  await endShow(show);
  await waitFor("it is settled", async () => {
    const rows = await database.query(
      sql`select from destinations where id = ${show.destinationId} and ingest_broadcast_id is null`,
    );
    return rows.length === 1;
  });

  twitch.withdraw(there);
  const before = twitch.requests.length;
  await goLive(show);
  const failed = await waitFor("it says why", async () => (await shown(show)).lastError);
  assert.equal(failed.code, "auth_refused");
  assert.ok(twitch.requests.length - before <= 6, `${twitch.requests.length - before} requests`);
  await endShow(show);
});

test("what a node had begun when it was killed, another goes on with", async () => {
  const there = twitch.addUser({ login: "edsger", streamKey: "live_edsger" });
  twitch.decide({ kind: "consent", userId: there.id });
  const show = await showWith("twitch");
  // As it was left: taken by somebody, for so long that nobody else may for now.
  const stalled = twitch.failNext({ path: /streams\/key$/, stall: true });
  await goLive(show);
  await waitFor("it is asked", () => stalled.hits() === 1);
  const [row] = await database.query<{ taken: boolean }>(
    sql`select ingest_due_at > now() as taken from destinations where id = ${show.destinationId}`,
  );
  assert.equal(row?.taken, true);
  const { control: other } = await control.another({});
  await database.query(sql`update destinations set ingest_due_at = now() where id = ${show.destinationId}`);
  await database.query(sql`select pg_notify('trax_desired', ${show.studioId})`);
  await untilTold(show);
  stalled.release();
  await endShow(show);
  assert.ok(other.port > 0);
});

test("told of a studio, others are not looked at, and a claim that is gone stores nothing", async () => {
  twitch.decide({ kind: "consent", userId: twitch.addUser({ login: "tim" }).id });
  const [one, other] = [await showWith("twitch"), await showWith("twitch")];
  const over = new Error("nothing of it stays");
  const given = database.transaction(async (tx) => {
    for (const { tenant, studioId } of [one, other]) {
      const studio = { accountId: tenant.account.accountId, studioId };
      await requestLive(tx, studio, { startedBy: "request", traceparent: null });
    }
    const claim = (...studios: string[]) =>
      claimIngests(tx, { claim: randomUUID(), forMs: 15_000, limit: 20, studios });
    const [job, ...more] = await claim(one.studioId);
    assert.deepEqual([job?.destinationId, more], [one.destinationId, []]);
    assert.deepEqual(await claim(one.studioId), [], "it is taken");
    assert.equal((await claim(one.studioId, other.studioId)).length, 1);
    assert.ok(job !== undefined);
    const target = { url: ingest, sealedKey: "x" };
    assert.equal(await storeIngest(tx, { ...job, claim: randomUUID() }, target), false);
    assert.equal(await storeIngest(tx, job, target), true);
    throw over;
  });
  await assert.rejects(given, over);
});

test("an edit while its platform is asked has nobody ask twice, and what was asked for another connection is let be", async () => {
  const [first, second] = [
    twitch.addUser({ login: "barbara", streamKey: "live_first" }),
    twitch.addUser({ login: "b2", streamKey: "live_second" }),
  ];
  twitch.decide({ kind: "consent", userId: first.id });
  const show = await showWith("twitch");
  twitch.decide({ kind: "consent", userId: second.id });
  const secondId = await linkAt(control, show.tenant, "twitch");
  const path = `/v1/studios/${show.studioId}/destinations/${show.destinationId}`;
  const edit = async (body: object) => shapeOf(await show.tenant.call("PATCH", path, body), 200, Destination);
  const before = twitch.requests.length;
  const asked = () => twitch.requests.slice(before).filter(({ path: of }) => of.endsWith("/streams/key"));
  const taken = async () => {
    const [row] = await database.query<{ claim: string | null }>(
      sql`select ingest_claim as claim from destinations where id = ${show.destinationId} and ingest_due_at > now()`,
    );
    return row?.claim ?? null;
  };
  const stalled = twitch.failNext({ path: /streams\/key$/, stall: true });
  await goLive(show);
  await waitFor("it is asked", () => stalled.hits() === 1);
  const claim = await taken();
  assert.ok(claim !== null);
  await edit({ delayMs: 1_000 });
  // The show ends and begins again, and the account is linked anew; the grant of before ends later.
  twitch.failNext({ path: /revoke$/, status: 500 });
  await endShow(show);
  await goLive(show);
  twitch.decide({ kind: "consent", userId: first.id });
  assert.equal(await linkAt(control, show.tenant, "twitch"), show.id);
  assert.deepEqual([await taken(), asked().length], [claim, 1], "by nobody else");
  await edit({ connectionId: secondId });
  const told = await untilTold(show);
  assert.equal(keyOf(show, told.streamKey), "live_second");
  stalled.release();
  await waitFor("the first is answered", () => asked().every(({ status }) => status === 200));
  assert.deepEqual([asked().length, (await desired(show)).revision], [2, told.revision]);
  await endShow(show);
});
