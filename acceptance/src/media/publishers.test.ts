import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { TestContext } from "node:test";
import { Ingest, PublishSessionCreated } from "@trax/contract";
import { startFfmpegPublisher, startNginxRtmp } from "@trax/peers";
import type { FfmpegPublisher } from "@trax/peers";
import { startRtmpServer } from "@trax/peers/rtmp-server/server";
import { sharedInstance } from "../instance.ts";
import { followEvents } from "./event-log.ts";
import { eventually, throughout } from "./eventually.ts";
import { newKey } from "./nginx-view.ts";
import { fileOwned, owned } from "./owned.ts";
import { publish, publishUrl } from "./publishing.ts";
import { granted, openShow } from "./show.ts";
import type { Show } from "./show.ts";
import { openWatchedShow } from "./watched-show.ts";

// Who may publish, for how long, and what becomes of a second one.

const nginx = fileOwned(() => startNginxRtmp());

async function addSession(show: Show, sourceId: string, expiresInSeconds = 3_600): Promise<PublishSessionCreated> {
  const wish = { role: "publish", sourceId, expiresInSeconds };
  return PublishSessionCreated.parse(granted(await show.ask("POST", "/media-sessions", wish), 201));
}

/** Tries to publish, and waits until it was sent away. A server refuses RTMP after a few seconds only. */
async function assertSentAway(context: TestContext, url: string, why: string): Promise<void> {
  const publisher = owned(context, await startFfmpegPublisher({ url }));
  await eventually(`${why}: sent away`, publisher.hasExited, Boolean);
  assert.notEqual(await publisher.exited, 0, why);
}

/** The session's end disconnects its publisher within a second; the rest is what a busy machine adds. */
const disconnectedWithinMs = 3_000;

async function assertDisconnected(context: TestContext, publisher: FfmpegPublisher, from = Date.now()): Promise<void> {
  await eventually("the publisher is disconnected", publisher.hasExited, Boolean, from - Date.now() + 20_000);
  const tookMs = Date.now() - from;
  context.diagnostic(`disconnected after ${tookMs} ms`);
  assert.ok(tookMs < disconnectedWithinMs, `disconnected after ${tookMs} ms`);
}

function withToken(ingest: Ingest, from: string, to: string): Ingest {
  return Ingest.parse(JSON.parse(JSON.stringify(ingest).replaceAll(from, to)));
}

describe("publishers", { concurrency: 3 }, () => {
  test("a wrong, another source's, a revoked and an expired token, and none, let nobody in", async (context) => {
    const show = await openShow(context, await sharedInstance());
    const log = await followEvents(show.account, show.studioId);
    context.after(log.close);
    const [source, other] = [await show.addSource(), await show.addSource()];
    const { session } = source;
    const revoked = await addSession(show, source.id);
    assert.equal((await show.ask("DELETE", `/media-sessions/${revoked.id}`)).status, 204);
    const expired = await addSession(show, source.id, 1);
    await eventually("it has expired", () => Date.now() > Date.parse(expired.expiresAt), Boolean);
    const attempts: readonly (readonly [why: string, ingest: Ingest])[] = [
      ["wrong", withToken(session.ingest, session.token, `${session.token.slice(0, -4)}AAAA`)],
      ["another source's", withToken(session.ingest, session.token, other.session.token)],
      ["revoked", revoked.ingest],
      ["expired", expired.ingest],
      ["none", withToken(session.ingest, session.token, "")],
    ];
    await Promise.all(
      attempts.map(async ([why, ingest]) => {
        await assertSentAway(context, publishUrl(ingest, "rtmp"), `${why}, RTMP`);
        await assertSentAway(context, publishUrl(ingest, "srt"), `${why}, SRT`);
      }),
    );
    const address = session.ingest.rtmp.url.replace(/in$/, "");
    for (const path of [`program/${show.studioId}`, `in/nothing?token=${session.token}`, `live/${newKey()}`])
      await assertSentAway(context, address + path, path);
    assert.deepEqual(log.told(), [], "no source was online for a moment");

    await publish(context, session.ingest);
    await show.untilOnline(source.id);
  });

  for (const protocol of ["rtmp", "rtmps", "srt"] as const) {
    test(`revoking a session disconnects its publisher by ${protocol}, and no other session's`, async (context) => {
      const show = await openShow(context, await sharedInstance());
      const [source, other] = [await show.addSource(), await show.addSource()];
      const session = await addSession(show, source.id);
      const publisher = await publish(context, session.ingest, protocol);
      const beside = await publish(context, other.session.ingest);
      await show.untilOnline(source.id);
      await show.untilOnline(other.id);
      assert.equal((await show.ask("DELETE", `/media-sessions/${session.id}`)).status, 204);
      await assertDisconnected(context, publisher);
      await show.until("offline", ({ sources }) => sources.some((one) => one.status === "offline"));
      await beside.waitForFrames(beside.frames() + 30);
      assert.equal((await show.source(other.id)).status, "online");
      await publish(context, source.session.ingest, "srt");
      await show.untilOnline(source.id);
    });
  }

  test("a session that expires disconnects its publisher", async (context) => {
    const show = await openShow(context, await sharedInstance());
    const source = await show.addSource();
    const session = await addSession(show, source.id, 8);
    const publisher = await publish(context, session.ingest);
    await show.untilOnline(source.id);
    assert.ok(Date.now() < Date.parse(session.expiresAt) && !publisher.hasExited());
    await assertDisconnected(context, publisher, Date.parse(session.expiresAt));
  });

  test("deleting a source ends its publisher", async (context) => {
    const show = await openShow(context, await sharedInstance());
    const source = await show.addSource();
    const publisher = await publish(context, source.session.ingest);
    await show.untilOnline(source.id);
    assert.equal((await show.ask("DELETE", `/sources/${source.id}`)).status, 204);
    await assertDisconnected(context, publisher);
    assert.deepEqual((await show.status()).sources, []);
    await assertSentAway(context, publishUrl(source.session.ingest, "srt"), "a source that is no more");
  });

  test("a second publisher is refused, and the first one does not notice", async (context) => {
    const { show, publisher, assertHealthyGotAll } = await openWatchedShow(context, await nginx());
    await show.until("the studio is live", ({ state }) => state === "live");
    const log = await followEvents(show.account, show.studioId);
    context.after(log.close);
    const sourceId = (await show.status()).sources[0]?.sourceId ?? "";
    const session = await addSession(show, sourceId);
    await assertSentAway(context, publishUrl(session.ingest, "rtmp"), "a second, RTMP");
    await assertSentAway(context, publishUrl(session.ingest, "srt"), "a second, SRT");
    assert.equal(publisher.hasExited(), false);
    assert.deepEqual(log.told(), [], "nothing changed");
    await assertHealthyGotAll();
  });

  test("where the source says so a second publisher replaces the first, on the same destination connection", async (context) => {
    const show = await openShow(context, await sharedInstance());
    const server = owned(context, await startRtmpServer({ keepPayloads: false }));
    const source = await show.addSource({ onConflict: "replace" });
    const destination = await show.addDestination({ url: server.url, streamKey: newKey() });
    const first = await publish(context, source.session.ingest, "rtmp");
    await show.untilOnline(source.id);
    await show.goLive();
    await show.untilLive(destination.id);
    const session = await addSession(show, source.id);
    const second = await publish(context, session.ingest, "rtmp", { size: "256x144" });
    await eventually("the first is sent away", first.hasExited, Boolean);
    await eventually(
      "the second is on air",
      () => show.source(source.id),
      ({ video }) => video?.width === 256,
    );
    await show.untilLive(destination.id);
    await throughout("the second stays", second.hasExited, (exited) => !exited, 2_000);
    assert.equal(server.connections.length, 1);
  });
});
