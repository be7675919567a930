import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { startNginxRtmp } from "@trax/peers";
import type { NginxRtmp } from "@trax/peers";
import { sharedInstance } from "../instance.ts";
import { assertEachChangeOnce, followEvents } from "./event-log.ts";
import { eventually } from "./eventually.ts";
import { isPublished, newKey, untilEnded, untilPublished } from "./nginx-view.ts";
import { fileOwned } from "./owned.ts";
import { publish } from "./publishing.ts";
import { assertWholeRecording, receivedTrack } from "./received.ts";
import { destinationOf, makeShow, openShow } from "./show.ts";

// What is edited while a show is on air changes that and nothing else.

const nginx = fileOwned(() => startNginxRtmp());

/** The one recording that nginx made under that key: there was one connection. */
async function onlyRecording(server: NginxRtmp, key: string): Promise<string> {
  const files = await server.recordings(key);
  assert.equal(files.length, 1, `one connection under one key: ${files.join(", ")}`);
  return files[0] ?? "";
}

describe("edits while live", { concurrency: 3 }, () => {
  test("destinations are added, edited, disabled, enabled and deleted, and another one gets every frame", async (context) => {
    const [show, server] = [await openShow(context, await sharedInstance()), await nginx()];
    const log = await followEvents(show.account, show.studioId);
    context.after(log.close);
    const source = await show.addSource();
    const publisher = await publish(context, source.session.ingest, "rtmp");
    await show.untilOnline(source.id);
    const [steadyKey, firstKey, secondKey] = [newKey(), newKey(), newKey()];
    const steady = await show.addDestination({ name: "Steady", url: server.liveUrl, streamKey: steadyKey });
    await show.goLive();
    await show.untilLive(steady.id);
    const framesThen = publisher.frames();

    const edited = await show.addDestination({ name: "Edited", url: server.liveUrl, streamKey: firstKey });
    await show.untilLive(steady.id, edited.id);
    assert.equal((await show.setDestination(edited.id, { name: "Renamed" })).name, "Renamed");
    await show.setDestination(edited.id, { streamKey: secondKey });
    await untilPublished(server, secondKey);
    assert.equal(await isPublished(server, firstKey), false, "never two copies");
    await show.untilLive(edited.id);
    await onlyRecording(server, firstKey);

    await show.setDestination(edited.id, { enabled: false });
    await show.untilDestination(edited.id, "idle once disabled", ({ status }) => status === "idle");
    await untilEnded(server, secondKey);
    assert.equal((await show.status()).health.level, "good");
    await onlyRecording(server, secondKey);

    await show.setDestination(edited.id, { url: `${server.liveUrl}/`, enabled: true });
    await show.untilLive(edited.id);
    await untilPublished(server, secondKey);
    assert.equal((await show.ask("DELETE", `/destinations/${edited.id}`)).status, 204);
    await untilEnded(server, secondKey);
    assert.deepEqual(
      (await show.status()).destinations.map((one) => one.destinationId),
      [steady.id],
    );

    const end = destinationOf(await show.status(), steady.id);
    assert.deepEqual([end.status, end.reconnects, end.droppedFrames, end.lastError], ["live", 0, 0, null]);
    const sent = publisher.frames() - framesThen;
    await show.goOffline();
    await show.untilOffline();
    await untilEnded(server, steadyKey);
    await assertWholeRecording(await onlyRecording(server, steadyKey), { frames: sent });
    assert.deepEqual(log.statusesOf(steady.id), ["live", "idle"]);
    assertEachChangeOnce(log.events);
  });

  test("going live and offline twenty times at once is going once", async (context) => {
    const [show, server] = [await openShow(context, await sharedInstance()), await nginx()];
    const log = await followEvents(show.account, show.studioId);
    context.after(log.close);
    const source = await show.addSource();
    await publish(context, source.session.ingest);
    const key = newKey();
    const destination = await show.addDestination({ url: server.liveUrl, streamKey: key });

    const began = await Promise.all(Array.from({ length: 20 }, () => show.goLive()));
    const [broadcastId, ...others] = new Set(began.map((status) => status.broadcastId));
    assert.deepEqual(others, [], "one broadcast");
    await show.untilLive(destination.id);
    assert.equal((await show.goLive()).broadcastId, broadcastId, "live again is live still");
    assert.equal((await show.ask("DELETE", "")).status, 409, "not while it is live");

    const ended = await Promise.all(Array.from({ length: 20 }, () => show.goOffline()));
    assert.ok(ended.every(({ state }) => state === "stopping" || state === "offline"));
    await show.untilOffline();
    assert.equal((await show.goOffline()).state, "offline", "offline again is offline still");
    await untilEnded(server, key);
    await onlyRecording(server, key);

    const next = await show.goLive();
    assert.notEqual(next.broadcastId, broadcastId);
    await show.untilLive(destination.id);
    await show.goOffline();
    await show.untilOffline();
    const listed = await show.ask("GET", "/broadcasts");
    const ids = [next.broadcastId, broadcastId].map((id) => id ?? "");
    const expected = await Promise.all(ids.map((id) => show.broadcast(id)));
    assert.deepEqual(listed.json, { data: expected, nextCursor: null });
    await eventually(
      "the events are there",
      () => log.told(),
      (told) => told.at(-1) === "stream.offline",
    );
    assert.deepEqual(
      log.told().filter((what) => what.startsWith("stream.")),
      ["stream.live", "stream.offline", "stream.live", "stream.offline"],
    );
    assertEachChangeOnce(log.events);
  });

  test("the program is switched between sources on one connection, and another studio does not notice", async (context) => {
    const [show, server] = [await openShow(context, await sharedInstance()), await nginx()];
    const other = await makeShow(show.account, { name: "Beside" });
    context.after(async () => void (await other.goOffline()));
    const [first, second, beside] = [await show.addSource(), await show.addSource(), await other.addSource()];
    const [key, besideKey] = [newKey(), newKey()];
    const destination = await show.addDestination({ url: server.liveUrl, streamKey: key });
    const besideDestination = await other.addDestination({ url: server.liveUrl, streamKey: besideKey });
    const besidePublisher = await publish(context, beside.session.ingest, "rtmp");
    await other.untilOnline(beside.id);
    await other.goLive();
    await other.untilLive(besideDestination.id);
    const besideThen = besidePublisher.frames();

    await publish(context, first.session.ingest, "srt", { size: "320x180" });
    await show.untilOnline(first.id);
    await show.goLive();
    await show.untilLive(destination.id);
    await publish(context, second.session.ingest, "srt", { size: "256x144" });
    await show.untilOnline(second.id);
    assert.equal((await show.status()).program.width, 320, "what is on air stays on air");

    await show.setStudio({ program: { sourceId: second.id } });
    await show.until("the second source is on air", ({ program }) => program.width === 256);
    const switched = destinationOf(await show.status(), destination.id).sentBytes;
    await show.untilDestination(
      destination.id,
      "it takes the second source",
      ({ status, sentBytes }) => status === "live" && sentBytes > switched + 150_000,
    );
    await show.setStudio({ program: { sourceId: first.id } });
    await show.until("the first source is on air again", ({ program }) => program.width === 320);
    const back = destinationOf(await show.status(), destination.id).sentBytes;
    const end = await show.untilDestination(
      destination.id,
      "it takes the first source again",
      ({ status, sentBytes }) => status === "live" && sentBytes > back + 150_000,
    );
    assert.deepEqual([end.reconnects, end.lastError], [0, null]);
    await show.goOffline();
    await show.untilOffline();
    await untilEnded(server, key);
    const { shortestStepMs } = await receivedTrack(await onlyRecording(server, key), "video");
    assert.ok(shortestStepMs > 0, `time goes forward: ${shortestStepMs}`);

    const besideSent = besidePublisher.frames() - besideThen;
    await other.goOffline();
    await other.untilOffline();
    await untilEnded(server, besideKey);
    await assertWholeRecording(await onlyRecording(server, besideKey), { frames: besideSent });
  });
});
