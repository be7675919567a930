import assert from "node:assert/strict";
import { test } from "node:test";
import { Delivery } from "./delivery.ts";

const second = 1000;

test("a peer that acknowledges and then falls silent is noticed, however much its kernel takes", () => {
  const delivery = new Delivery(5000);
  let written = 0;
  let now = 0;
  for (; now < 10 * second; now += second) {
    written += 300_000;
    delivery.acknowledge(written - 1000, now);
    assert.equal(delivery.tick(written, now), false);
    delivery.nextWindow();
  }
  assert.equal(delivery.tellsByItself, true);
  const frozenAt = now;
  for (; !delivery.tick(written, now); now += second) {
    written += 300_000;
    delivery.sampleQueues(written, 0, now);
  }
  assert.ok(now - frozenAt <= 8 * second, `${now - frozenAt} ms`);
  assert.equal(delivery.delivered().takenAt, frozenAt - second);
});

test("a pause in what is sent is not held against the peer, and neither is the burst after it", () => {
  const delivery = new Delivery(5000);
  let written = 200_000;
  delivery.acknowledge(100_000, 0);
  delivery.acknowledge(200_000, 0);
  for (let now = 0; now < 60 * second; now += second) assert.equal(delivery.tick(written, now), false);
  written += 2_000_000;
  assert.equal(delivery.tick(written, 60 * second), false);
  delivery.acknowledge(2_100_000, 61 * second);
  assert.equal(delivery.tick(written, 61 * second), false);
});

test("a peer that never acknowledges is judged by what leaves our queues", () => {
  const delivery = new Delivery(5000);
  for (let now = 0; now <= 5 * second; now += second) {
    delivery.sampleQueues(100_000 + now * 100, 50_000, now);
    assert.equal(delivery.tick(100_000 + now * 100, now), false);
  }
  assert.deepEqual(delivery.delivered(), { takenBytes: 550_000, takenAt: 5 * second, acknowledges: false });
  let now = 6 * second;
  const stuck = 600_000;
  for (; !delivery.tick(now * 100, now); now += second) delivery.sampleQueues(stuck + 1, stuck + 1 - 550_000, now);
  assert.ok(now <= 12 * second, `${now} ms`);
});

test("a trickle into a full buffer is no sign of life, a little that leaves nothing behind is", () => {
  const delivery = new Delivery(5000);
  delivery.sampleQueues(100_000, 0, 0);
  let now = second;
  for (; !delivery.tick(now * 100, now); now += second) delivery.sampleQueues(now * 100, now * 99 - 100_000, now);
  assert.ok(now <= 7 * second, `${now} ms`);
  const quiet = new Delivery(5000);
  for (let at = 0; at < 60 * second; at += second) {
    quiet.sampleQueues(at, 0, at);
    assert.equal(quiet.tick(at + 10, at), false);
  }
});

test("a peer that acknowledges only every few megabytes is judged by our queues too", () => {
  const delivery = new Delivery(5000);
  delivery.acknowledge(2_500_000, 0);
  assert.equal(delivery.tellsByItself, false);
  assert.equal(delivery.delivered().acknowledges, true);
  delivery.sampleQueues(4_000_000, 0, 100);
  assert.equal(delivery.delivered().takenBytes, 4_000_000);
});

test("the window follows the rate, and sequence numbers go round", () => {
  const delivery = new Delivery(5000);
  delivery.tick(0, 0);
  delivery.tick(150_000, second);
  assert.equal(delivery.nextWindow(), 150_000);
  assert.equal(delivery.nextWindow(), null);
  delivery.acknowledge(2 ** 31 - 1, 0);
  delivery.acknowledge(2 ** 32 - 10, 0);
  delivery.acknowledge(90, 1);
  assert.equal(delivery.delivered().takenBytes, 2 ** 32 + 90);
  delivery.acknowledge(80, 2);
  assert.equal(delivery.delivered().takenBytes, 2 ** 32 + 90);
});
