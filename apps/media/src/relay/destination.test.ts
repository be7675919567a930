import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeWorld } from "./testing/fake-peer.ts";

/** A destination that went live. */
async function live(world: FakeWorld, settings: Parameters<FakeWorld["destination"]>[0] = {}) {
  const destination = world.destination(settings);
  destination.start(true);
  await world.accept();
  world.stream(destination, 2_000);
  assert.equal(world.last?.status, "live");
  return destination;
}

test("is connecting until the peer took media, then live", async () => {
  const world = new FakeWorld();
  world.takes = false;
  const destination = world.destination();
  destination.start(true);
  assert.deepEqual(world.statuses, ["connecting"]);
  await world.accept();
  world.stream(destination, 2_000);
  assert.deepEqual(world.statuses, ["connecting"], "open, and still not live");
  assert.equal(world.last?.connectedAt, null);
  world.takes = true;
  world.stream(destination, 100);
  assert.deepEqual(world.statuses, ["connecting", "live"]);
  assert.notEqual(world.last?.connectedAt, null);
  assert.deepEqual(world.crashes, []);
});

test("starts with configuration and a keyframe at 0, and joins late ones at the last keyframe", async () => {
  const world = new FakeWorld();
  const destination = world.destination();
  world.stream(destination, 3_500);
  destination.start(true);
  await world.accept();
  world.stream(destination, 300);
  const sent = world.connection().sent.map(({ media }) => [media.configuration, media.keyframe, media.timestamp]);
  assert.deepEqual(sent.slice(0, 3), [
    [true, false, 0],
    [false, true, 0],
    [false, false, 100],
  ]);
  assert.equal(sent.length, 2 + 5 + 3, "the group so far, then what came");
});

test("does not connect while there is nothing to send", async () => {
  const world = new FakeWorld();
  const destination = world.destination();
  destination.start(false);
  await world.settle();
  assert.deepEqual(world.statuses, ["idle"]);
  assert.equal(world.connections.length, 0);
  destination.setFlowing(true);
  assert.deepEqual(world.statuses, ["idle", "connecting"]);
});

test("a lost source leaves the connection open for the grace time; its return is no reconnect", async () => {
  const world = new FakeWorld();
  const destination = await live(world, { graceMs: 10_000 });
  const connectedAt = world.last?.connectedAt;
  destination.setFlowing(false);
  assert.equal(world.last?.status, "idle");
  world.pass(destination, 9_000);
  assert.equal(world.connection().isClosing, false);
  world.cache.clear();
  destination.interrupt();
  const before = world.connection().sent.length;
  destination.setFlowing(true);
  assert.equal(world.last?.status, "idle", "not live before the peer takes media again");
  world.stream(destination, 2_000);
  assert.equal(world.last?.status, "live");
  assert.equal(world.last?.reconnects, 0);
  assert.equal(world.last?.connectedAt, connectedAt);
  assert.equal(world.connections.length, 1);
  assert.equal(world.connection().sent[before]?.media.keyframe, true, "goes on at a keyframe");
});

test("after the grace time the connection is closed politely, and opened again for the source's return", async () => {
  const world = new FakeWorld();
  const destination = await live(world, { graceMs: 10_000 });
  destination.setFlowing(false);
  world.pass(destination, 10_500);
  assert.equal(world.connection().isClosing, true);
  assert.deepEqual([world.last?.status, world.last?.connectedAt], ["idle", null]);
  world.connection().listener.onClosed(null);
  destination.setFlowing(true);
  assert.equal(world.last?.status, "connecting");
  await world.accept();
  world.stream(destination, 2_000);
  assert.equal(world.connections.length, 2);
  assert.deepEqual([world.last?.status, world.last?.reconnects, world.last?.lastError], ["live", 0, null]);
});

test("a lost connection is made again, counted, and its reason kept", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const world = new FakeWorld();
  const destination = await live(world);
  world.connection().listener.onClosed({ code: "closed_by_peer", message: "gone" });
  assert.equal(world.last?.status, "reconnecting");
  assert.equal(world.last?.lastError?.code, "closed_by_peer");
  t.mock.timers.tick(1);
  await world.accept();
  world.stream(destination, 2_000);
  assert.deepEqual([world.last?.status, world.last?.reconnects], ["live", 1]);
  assert.equal(world.last?.lastError?.code, "closed_by_peer");
  assert.equal(world.connection().sent[1]?.media.timestamp, 0, "a new connection starts at 0 again");
});

test("a peer that stops taking is not live within seconds, and is tried again once its connection is gone", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const world = new FakeWorld();
  const destination = await live(world);
  world.takes = false;
  world.stream(destination, 7_000);
  assert.deepEqual([world.last?.status, world.last?.lastError?.code], ["reconnecting", "write_timeout"]);
  t.mock.timers.tick(1);
  await world.settle();
  assert.equal(world.connections.length, 1, "the frozen connection is still closing");
  world.connection().listener.onClosed(null);
  await world.settle();
  assert.equal(world.connections.length, 2);
});

test("a refusal is failed at once, is tried again, and repeats are no news", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const world = new FakeWorld();
  world.refusal = { code: "auth_refused", message: "bad key" };
  const destination = world.destination();
  destination.start(true);
  await world.settle();
  assert.deepEqual(world.statuses, ["connecting", "failed"]);
  for (let attempt = 0; attempt < 4; attempt += 1) {
    t.mock.timers.tick(1);
    await world.settle();
  }
  assert.deepEqual(world.statuses, ["connecting", "failed"]);
  world.refusal = null;
  t.mock.timers.tick(1);
  await world.accept();
  world.stream(destination, 2_000);
  assert.deepEqual([world.last?.status, world.last?.reconnects], ["live", 0]);
});

test("five attempts in a row that came to nothing are a failure", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const world = new FakeWorld();
  world.refusal = { code: "connect_failed", message: "nobody there" };
  const destination = world.destination();
  destination.start(true);
  for (let attempt = 1; attempt <= 4; attempt += 1) {
    await world.settle();
    assert.equal(world.last?.status, "connecting", `after ${attempt}`);
    t.mock.timers.tick(1);
  }
  await world.settle();
  assert.equal(world.last?.status, "failed");
});

test("a name that is gone is told apart from one that never was", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const typingMistake = { code: "dns_failed", message: "Check it for a typing mistake." } as const;
  const never = new FakeWorld();
  never.refusal = typingMistake;
  never.destination().start(true);
  await never.settle();
  assert.equal(never.last?.lastError?.message, typingMistake.message);

  const world = new FakeWorld();
  await live(world);
  world.refusal = typingMistake;
  world.connection().listener.onClosed({ code: "closed_by_peer", message: "reset" });
  t.mock.timers.tick(1);
  await world.settle();
  assert.equal(world.last?.status, "reconnecting");
  assert.match(world.last?.lastError?.message ?? "", /^The server's name can no longer be found/);
});

test("a new revision closes the old connection before it opens its own, and forgets the old error", async () => {
  const world = new FakeWorld();
  const destination = await live(world);
  const sentBytes = destination.gauge().sentBytes;
  destination.update(world.settings({ revision: 2 }));
  await world.settle();
  assert.equal(world.connections.length, 1);
  assert.equal(world.connection().isClosing, true);
  world.connection().listener.onClosed(null);
  await world.accept();
  assert.equal(world.connection().destination.revision, 2);
  world.stream(destination, 2_000);
  assert.deepEqual([world.last?.status, world.last?.revision, world.last?.lastError], ["live", 2, null]);
  assert.ok(destination.gauge().sentBytes > sentBytes, "bytes of this broadcast go on");
});

test("the same revision again changes nothing", async () => {
  const world = new FakeWorld();
  const destination = await live(world);
  const reports = world.reports.length;
  destination.update(world.settings({ revision: 1 }));
  await world.settle();
  assert.equal(world.reports.length, reports);
  assert.equal(world.connection().isClosing, false);
});

test("closing waits for the connection to be gone, and nothing is tried afterwards", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const world = new FakeWorld();
  const destination = await live(world);
  const closing = destination.close();
  await world.settle();
  assert.equal(world.connection().isClosing, true);
  assert.equal(world.last?.status, "live", "not idle before it is closed");
  world.connection().listener.onClosed(null);
  await closing;
  assert.equal(world.last?.status, "idle");
  t.mock.timers.tick(60_000);
  await world.settle();
  assert.equal(world.connections.length, 1);
});

test("nothing is opened while an earlier connection to the same place is still there", async () => {
  const world = new FakeWorld();
  const { promise, resolve } = Promise.withResolvers<void>();
  const destination = world.destination({ after: promise });
  destination.start(true);
  await world.settle();
  assert.equal(world.connections.length, 0);
  resolve();
  await world.settle();
  assert.equal(world.connections.length, 1);
});
