import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { TestContext } from "node:test";
import { startRtmpServer } from "@trax/peers/rtmp-server/server";
import type { RtmpServer } from "@trax/peers/rtmp-server/server";
import type { ReceivedMedia, RtmpServerConnection } from "@trax/peers/rtmp-server/connection";
import { sharedInstance } from "../instance.ts";
import { eventually, throughout } from "./eventually.ts";
import { owned } from "./owned.ts";
import { publish } from "./publishing.ts";
import { destinationOf, openShow, reasonsOf } from "./show.ts";
import type { Show } from "./show.ts";

// A source that goes and comes back, seen by a server that remembers every connection and message.

type Scene = {
  readonly show: Show;
  readonly server: RtmpServer;
  readonly destinationId: string;
  readonly publish: () => ReturnType<typeof publish>;
};

async function onAir(context: TestContext, settings: object): Promise<Scene> {
  const show = await openShow(context, await sharedInstance(), settings);
  const server = owned(context, await startRtmpServer());
  const [source, destination] = [
    await show.addSource(),
    await show.addDestination({ url: server.url, streamKey: "k" }),
  ];
  return {
    show,
    server,
    destinationId: destination.id,
    publish: () => publish(context, source.session.ingest, "rtmp"),
  };
}

function connection(server: RtmpServer, index: number): RtmpServerConnection {
  const found = server.connections[index];
  assert.ok(found !== undefined, `connection ${index} of ${server.connections.length}`);
  return found;
}

/** FLV's tag byte: the upper half is the frame's type, 1 for a keyframe. */
const isKeyframe = ({ kind, payload }: ReceivedMedia): boolean => kind === "video" && (payload[0] ?? 0) >> 4 === 1;

/** Time only goes forward, for the picture and for the sound. */
function assertForward(media: readonly ReceivedMedia[]): void {
  for (const kind of ["video", "audio"] as const) {
    const times = media.filter((message) => message.kind === kind).map((message) => message.timestamp);
    const back = times.findIndex((time, index) => time < (times[index - 1] ?? 0));
    assert.equal(back, -1, `${kind} goes back after ${times.slice(Math.max(0, back - 3), back + 2).join(", ")}`);
  }
}

/** Destinations are told to be live for 10 s at most after nothing flowed any more. */
const honestMs = 10_000;

async function untilNotLive({ show, destinationId }: Scene): Promise<void> {
  const told = await show.until(
    "not live without a source, and it says why",
    (status) => destinationOf(status, destinationId).status !== "live" && reasonsOf(status).includes("source_lost"),
    honestMs,
  );
  assert.deepEqual([told.state, told.health.level], ["live", "bad"], "the studio stays live");
}

describe("a source that goes and returns", { concurrency: 3 }, () => {
  test("within the grace, by a crash: on the same connection, and time goes on", async (context) => {
    const scene = await onAir(context, {});
    const { show, server, destinationId } = scene;
    const crashing = await scene.publish();
    await show.goLive();
    await show.untilLive(destinationId);
    crashing.signal("SIGKILL");
    await untilNotLive(scene);
    await throughout(
      "held open",
      () => server.connections.map((one) => one.closed),
      (closed) => closed.join() === "false",
      5_000,
    );

    const only = connection(server, 0);
    const [before, lastTime] = [only.media.length, only.media.at(-1)?.timestamp ?? 0];
    await scene.publish();
    await show.untilLive(destinationId);
    await eventually(
      "more media",
      () => only.media.length,
      (count) => count > before + 100,
    );
    assert.equal(server.connections.length, 1, "one connection throughout");
    const told = destinationOf(await show.status(), destinationId);
    assert.deepEqual([told.reconnects, told.lastError], [0, null]);
    assertForward(only.media);
    const returned = only.media.slice(before).filter(({ kind }) => kind === "video");
    assert.ok(returned.slice(0, 2).every(isKeyframe), "it returns with its configuration and a keyframe");
    assert.ok((returned[0]?.timestamp ?? 0) - lastTime > 3_000, "the time that passed is in the timestamps");
    await show.until("all is well again", ({ health }) => health.level === "good");
  });

  test("within the grace, by falling silent with its connection open", async (context) => {
    const scene = await onAir(context, {});
    const { show, server, destinationId } = scene;
    const silent = await scene.publish();
    await show.goLive();
    await show.untilLive(destinationId);
    silent.signal("SIGSTOP");
    await untilNotLive(scene);
    silent.signal("SIGCONT");
    await show.untilLive(destinationId);
    assert.equal(server.connections.length, 1, "one connection throughout");
    assertForward(connection(server, 0).media);
  });

  test("after the grace: connections were closed politely, and are opened again", async (context) => {
    const scene = await onAir(context, { graceMs: 1_000 });
    const { show, server, destinationId } = scene;
    const leaving = await scene.publish();
    await show.goLive();
    await show.untilLive(destinationId);
    const first = connection(server, 0);
    await leaving.stop();
    await eventually("the connection is closed", () => first.closed, Boolean);
    assert.ok(first.saidGoodbye, "politely");
    await untilNotLive(scene);
    await throughout(
      "nothing is opened without a source",
      () => server.connections.length,
      (count) => count === 1,
      3_000,
    );

    const { sentBytes } = destinationOf(await show.status(), destinationId);
    await scene.publish();
    await show.untilLive(destinationId);
    assert.equal(server.connections.length, 2);
    assertForward(connection(server, 1).media);
    await show.untilDestination(destinationId, "bytes are counted on", (told) => told.sentBytes > sentBytes + 100_000);
    await show.goOffline();
    await show.untilOffline();
    assert.ok(connection(server, 1).closed);
  });

  test("offline while the source is away, and live again with its return", async (context) => {
    const scene = await onAir(context, {});
    const { show, server, destinationId } = scene;
    const leaving = await scene.publish();
    await show.goLive();
    await show.untilLive(destinationId);
    await leaving.stop();
    await untilNotLive(scene);
    await show.goOffline();
    await show.untilOffline();
    assert.ok(connection(server, 0).closed, "nothing is held open for a show that is over");
    assert.equal((await show.goLive()).state, "starting");
    await scene.publish();
    await show.untilLive(destinationId);
    assert.equal(server.connections.length, 2);
  });
});
