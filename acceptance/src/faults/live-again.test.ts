import assert from "node:assert/strict";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { startNginxRtmp } from "@trax/peers";
import { startRtmpServer } from "@trax/peers/rtmp-server/server";
import type { RtmpServer } from "@trax/peers/rtmp-server/server";
import { startInstance } from "../instance.ts";
import { assertEachChangeOnce, followEvents } from "../media/event-log.ts";
import { eventually } from "../media/eventually.ts";
import { bytesIn, newKey } from "../media/nginx-view.ts";
import { fileOwned, owned } from "../media/owned.ts";
import { publishUrl } from "../media/publishing.ts";
import { receivedTrack } from "../media/received.ts";
import { openShow } from "../media/show.ts";
import type { Show } from "../media/show.ts";
import { killUntilBack, killable, signal } from "./killing.ts";
import type { Killable } from "./killing.ts";
import { startPersistentPublisher } from "./persistent-publisher.ts";

// A live studio is live again soon after what was killed is back, with no call by anyone, and never twice.

const instance = fileOwned(() => startInstance());
const nginx = fileOwned(() => startNginxRtmp());

/** The promise is five seconds; the rest is what a busy machine adds. */
const liveAgainMs = 12_000;

type Scene = {
  readonly show: Show;
  readonly server: RtmpServer;
  readonly key: string;
  /** Media that both destinations have received since this was called. */
  readonly receives: () => Promise<() => Promise<boolean>>;
};

async function onAir(context: TestContext): Promise<Scene> {
  const show = await openShow(context, await instance());
  const recorder = await nginx();
  const server = owned(context, await startRtmpServer({ keepPayloads: false }));
  const [source, key] = [await show.addSource(), newKey()];
  const one = await show.addDestination({ name: "nginx", url: recorder.liveUrl, streamKey: key });
  const other = await show.addDestination({ name: "Witness", url: server.url, streamKey: key });
  owned(context, await startPersistentPublisher(publishUrl(source.session.ingest, "rtmp")));
  await show.goLive();
  await show.untilLive(one.id, other.id);
  const frames = () => server.connections.reduce((sum, connection) => sum + connection.media.length, 0);
  return {
    show,
    server,
    key,
    receives: async () => {
      const [connections, media, bytes] = [server.connections.length, frames(), await bytesIn(recorder, key)];
      return async () => {
        const now = await bytesIn(recorder, key);
        const isAnew = server.connections.length > connections;
        return frames() > media + 60 && (isAnew ? now > 60_000 : now > bytes + 60_000);
      };
    },
  };
}

/** At no moment did two connections publish to it. */
function assertNeverTwice({ connections }: RtmpServer): void {
  const times = connections.flatMap(({ publishingAt, closedAt }) =>
    publishingAt === null ? [] : [{ from: publishingAt, to: closedAt ?? Number.POSITIVE_INFINITY }],
  );
  for (const [index, { from }] of times.entries())
    for (const before of times.slice(0, index)) assert.ok(before.to <= from, `two at once: ${JSON.stringify(times)}`);
}

async function untilLiveAgain(context: TestContext, { show, receives }: Scene, what: string): Promise<void> {
  const from = performance.now();
  const hasReceived = await receives();
  await eventually(
    `live again after ${what}`,
    async () => {
      const status = await show.status().catch(() => null);
      return { received: await hasReceived(), status };
    },
    ({ received, status }) =>
      received && status?.state === "live" && status.destinations.every((destination) => destination.status === "live"),
    liveAgainMs,
  );
  context.diagnostic(`${what}: live again ${Math.round(performance.now() - from)} ms after it was back`);
}

test("a live studio outlives kill -9 of everything, one at a time and all at once", async (context) => {
  const scene = await onAir(context);
  const { show, server, key } = scene;
  const { broadcastId } = await show.status();
  const rounds: readonly (readonly Killable[])[] = [...killable.map((name) => [name]), killable, killable];
  for (const names of rounds) {
    await killUntilBack(await instance(), names);
    await untilLiveAgain(context, scene, names.join(" and "));
    assertNeverTwice(server);
  }
  const status = await show.status();
  assert.equal(status.broadcastId, broadcastId, "the same broadcast");
  for (const one of status.destinations) assert.notEqual(one.lastError?.code, "name_in_use");
  await show.goOffline();
  await show.untilOffline();
  assertNeverTwice(server);
  for (const file of await (await nginx()).recordings(key)) {
    const video = await receivedTrack(file, "video");
    assert.ok(video.startsWithKeyframe && video.shortestStepMs > 0, `${file}: ${JSON.stringify(video)}`);
  }
});

test("a relay that is stopped when its agent is killed does not go on beside its successor", async (context) => {
  const scene = await onAir(context);
  const log = await followEvents(scene.show.account, scene.show.studioId);
  context.after(log.close);
  await signal(await instance(), ["relay"], "SIGSTOP");
  await killUntilBack(await instance(), ["media-agent"]);
  await untilLiveAgain(context, scene, "a stopped relay and its agent");
  assertNeverTwice(scene.server);
  assertEachChangeOnce(log.events);
});

test("what was asked for just before everything was killed is done", async (context) => {
  const scene = await onAir(context);
  const { show, server } = scene;
  assert.ok(["stopping", "offline"].includes((await show.goOffline()).state));
  await killUntilBack(await instance(), killable);
  await show.untilOffline();
  await eventually("every connection is closed", () => server.connections.every((one) => one.closed), Boolean);

  const { broadcastId } = await show.goLive();
  await killUntilBack(await instance(), killable);
  await untilLiveAgain(context, scene, "going live and losing everything");
  assert.equal((await show.status()).broadcastId, broadcastId);
  assertNeverTwice(server);
});
