import assert from "node:assert/strict";
import { test } from "node:test";
import { DelayLine } from "./delay-line.ts";
import { SharedMessage } from "./shared-message.ts";
import { FakeWorld } from "./testing/fake-peer.ts";
import { videoConfiguration, videoFrame } from "./testing/messages.ts";

const message = (media: ConstructorParameters<typeof SharedMessage>[0]) =>
  ({ type: "message", message: new SharedMessage(media) }) as const;

test("gives back what came, in order and on time", () => {
  const line = new DelayLine(1_000);
  line.push({ type: "flowing", flowing: true }, 0);
  line.push({ type: "interrupt" }, 10);
  assert.equal(line.take(999), null);
  assert.equal(line.take(1_000)?.type, "flowing");
  assert.equal(line.take(1_000), null);
  assert.equal(line.take(5_000)?.type, "interrupt");
  assert.equal(line.take(5_000), null);
});

test("over its bound it drops frames, keeps configuration, and interrupts the stream there", () => {
  const line = new DelayLine(1_000, 25_000);
  line.push(message(videoConfiguration(0)), 0);
  for (const at of [100, 200, 300]) line.push(message(videoFrame(at, { keyframe: at === 100, size: 10_000 })), at);
  assert.equal(line.droppedFrames, 3);
  const left = [line.take(9_000), line.take(9_000), line.take(9_000)];
  assert.deepEqual(
    left.map((event) => (event?.type === "message" ? event.message.media.configuration : event?.type)),
    [true, "interrupt", undefined],
  );
});

test("a delayed destination connects late, and is sent what was shown then", async () => {
  const world = new FakeWorld();
  const destination = world.destination({ delayMs: 3_000 });
  world.stream(destination, 1_000);
  destination.start(true);
  world.stream(destination, 2_900);
  await world.settle();
  assert.equal(world.connections.length, 0);
  assert.equal(world.last?.status, "idle");
  world.stream(destination, 200);
  await world.accept();
  world.stream(destination, 2_000);
  assert.equal(world.last?.status, "live");
  const { sent } = world.connection();
  assert.equal(sent[0]?.media.configuration, true);
  assert.equal(sent[1]?.media.keyframe, true);
  assert.ok(sent.length >= 20 && sent.length <= 25, `${sent.length} messages of 2 s and a group`);
  assert.deepEqual(world.crashes, []);
});

test("the source's end reaches a delayed destination after what was shown before it", async () => {
  const world = new FakeWorld();
  const destination = world.destination({ delayMs: 2_000 });
  destination.start(true);
  world.stream(destination, 2_100);
  await world.accept();
  world.stream(destination, 3_000);
  assert.equal(world.last?.status, "live");
  const before = world.connection().sent.length;
  destination.setFlowing(false);
  world.pass(destination, 1_750);
  assert.equal(world.last?.status, "live");
  world.pass(destination, 500);
  assert.equal(world.last?.status, "idle");
  assert.ok(world.connection().sent.length - before >= 18);
});

test("another delay is a new connection with what is due then", async () => {
  const world = new FakeWorld();
  const destination = world.destination();
  destination.start(true);
  await world.accept();
  world.stream(destination, 2_000);
  assert.equal(world.last?.status, "live");
  destination.update(world.settings({ revision: 2, delayMs: 1_000 }));
  assert.equal(world.connections.length, 1);
  assert.equal(world.connection().isClosing, true);
  assert.equal(world.last?.status, "idle");
  world.connection().listener.onClosed(null);
  world.stream(destination, 1_200);
  await world.accept();
  assert.equal(world.connections.length, 2);
  world.stream(destination, 1_000);
  assert.equal(world.last?.status, "live");
  assert.deepEqual(world.crashes, []);
});
