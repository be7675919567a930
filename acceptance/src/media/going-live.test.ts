import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { startNginxRtmp } from "@trax/peers";
import { sharedInstance } from "../instance.ts";
import { assertRefused } from "../refusal.ts";
import { newKey, untilEnded, untilPublished } from "./nginx-view.ts";
import { throughout } from "./eventually.ts";
import { fileOwned } from "./owned.ts";
import { publish } from "./publishing.ts";
import { openShow, reasonsOf } from "./show.ts";

// What a studio waits for, by itself or when it is asked.

const nginx = fileOwned(() => startNginxRtmp());

describe("going live", { concurrency: 3 }, () => {
  test("without an enabled destination it is refused, unless that is meant", async (context) => {
    const show = await openShow(context, await sharedInstance());
    assertRefused(await show.ask("POST", "/go-live"), "no_enabled_destination");
    await show.addDestination({ url: (await nginx()).liveUrl, streamKey: newKey(), enabled: false });
    assertRefused(await show.ask("POST", "/go-live", {}), "no_enabled_destination");
    assert.equal((await show.status()).broadcastId, null);

    const source = await show.addSource();
    const starting = await show.goLive({ allowNoDestinations: true });
    assert.equal(starting.state, "starting");
    assert.ok(reasonsOf(starting).includes("waiting_for_source"), JSON.stringify(starting.health));
    await publish(context, source.session.ingest);
    const live = await show.until("live once the program runs", ({ state }) => state === "live");
    assert.deepEqual([live.sources[0]?.status, live.health.level], ["online", "degraded"]);
    assert.deepEqual(reasonsOf(live), ["no_destination"]);
  });

  test("before its source it waits and says for what", async (context) => {
    const [show, server] = [await openShow(context, await sharedInstance()), await nginx()];
    const [source, key] = [await show.addSource(), newKey()];
    const destination = await show.addDestination({ url: server.liveUrl, streamKey: key });
    await show.goLive();
    await throughout(
      "starting, and waiting for a source",
      show.status,
      (status) =>
        status.state === "starting" &&
        status.startedAt === null &&
        status.health.level === "bad" &&
        reasonsOf(status).includes("waiting_for_source") &&
        status.destinations.every((one) => one.status === "idle" || one.status === "connecting"),
      2_000,
    );
    await publish(context, source.session.ingest);
    await show.untilLive(destination.id);
    const live = await show.until("live and well", (status) => status.health.level === "good");
    assert.deepEqual([live.state, reasonsOf(live)], ["live", []]);
    await untilPublished(server, key);
  });

  test("only a destination that takes media makes the studio live", async (context) => {
    const show = await openShow(context, await sharedInstance());
    const source = await show.addSource();
    await publish(context, source.session.ingest);
    const destination = await show.addDestination({ url: "rtmp://127.0.0.1:9/live", streamKey: newKey() });
    await show.goLive();
    await show.untilDestination(destination.id, "it is failing", ({ lastError }) => lastError !== null);
    await throughout("starting", show.status, ({ state }) => state === "starting", 2_000);
    await show.until(
      "its health names the destination",
      ({ health }) => health.reasons.some(({ message }) => message.startsWith("Out")) && health.level !== "good",
    );
  });

  test("autoGoLive goes live with the first source and offline after the last", async (context) => {
    const [show, server] = [
      await openShow(context, await sharedInstance(), { autoGoLive: true, graceMs: 1_500 }),
      await nginx(),
    ];
    const [first, second, key] = [await show.addSource(), await show.addSource(), newKey()];
    const destination = await show.addDestination({ url: server.liveUrl, streamKey: key });
    const one = await publish(context, first.session.ingest);
    await show.untilLive(destination.id);
    const { broadcastId } = await show.status();

    const other = await publish(context, second.session.ingest);
    await show.untilOnline(second.id);
    await one.stop();
    await show.until(
      "the first is gone",
      ({ sources }) => sources[0]?.status !== "online" || sources[1]?.status !== "online",
    );
    await throughout("live with one source left", show.status, ({ state }) => state === "live", 3_000);
    await other.stop();
    await show.untilOffline();
    await untilEnded(server, key);
    const { endReason } = await show.broadcast(broadcastId ?? "");
    assert.equal(endReason, "source_gone");

    await publish(context, first.session.ingest);
    await show.untilLive(destination.id);
    assert.notEqual((await show.status()).broadcastId, broadcastId, "and live again with the next");
  });

  test("what was taken offline by hand stays so while its source stays, and goes live with its next", async (context) => {
    const [show, server] = [
      await openShow(context, await sharedInstance(), { autoGoLive: true, graceMs: 500 }),
      await nginx(),
    ];
    const source = await show.addSource();
    const destination = await show.addDestination({ url: server.liveUrl, streamKey: newKey() });
    const publisher = await publish(context, source.session.ingest);
    await show.untilLive(destination.id);
    await show.goOffline();
    await show.untilOffline();
    await throughout("offline although its source is online", show.status, ({ state }) => state === "offline", 4_000);
    await publisher.stop();
    await show.until("the source is gone", ({ sources }) => sources[0]?.status === "offline");
    await publish(context, source.session.ingest);
    await show.untilLive(destination.id);
  });

  test("without autoGoLive a source takes nothing live, and what is live outlasts it", async (context) => {
    const [show, server] = [await openShow(context, await sharedInstance(), { graceMs: 500 }), await nginx()];
    const source = await show.addSource();
    const destination = await show.addDestination({ url: server.liveUrl, streamKey: newKey() });
    const publisher = await publish(context, source.session.ingest);
    await show.untilOnline(source.id);
    await throughout("offline", show.status, ({ state }) => state === "offline", 2_000);
    await show.goLive();
    await show.untilLive(destination.id);
    await publisher.stop();
    await show.until("the source is gone", (status) => reasonsOf(status).includes("source_lost"));
    await throughout("live", show.status, ({ state }) => state === "live", 3_000);
  });
});
