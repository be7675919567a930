import assert from "node:assert/strict";
import { test } from "node:test";
import type { DestinationReport } from "../relay/protocol.ts";
import { DestinationLedger } from "./destination-ledger.ts";
import { destinationOf } from "./testing/desired-rows.ts";

const row = destinationOf({});
const at = "2026-01-01T00:00:00.000Z";

function report(change: Partial<DestinationReport>): DestinationReport {
  return {
    destinationId: "dst_1",
    revision: 1,
    status: "connecting",
    connectedAt: null,
    reconnects: 0,
    lastError: null,
    ...change,
  };
}

test("what is not on air is not recorded", () => {
  assert.equal(new DestinationLedger().report(report({ status: "live" })), null);
});

test("a report about an address that was edited since is not recorded", () => {
  const ledger = new DestinationLedger();
  ledger.follow({ ...row, revision: 2 }, "brd_1", undefined);
  assert.equal(ledger.report(report({ status: "live" })), null);
});

test("a worker that dies costs one reconnect, and its bytes stay counted", () => {
  const ledger = new DestinationLedger();
  ledger.follow(row, "brd_1", undefined);
  ledger.report(report({ status: "live", connectedAt: at, reconnects: 2 }));
  ledger.gauge({ destinationId: "dst_1", bitrate: 1, sentBytes: 100, droppedFrames: 3 });
  const lost = ledger.lost("dst_1");
  assert.equal(lost?.status, "reconnecting");
  assert.equal(lost?.reconnects, 3);
  assert.equal(
    ledger.report(report({}))?.status,
    "reconnecting",
    "its successor connects again, which is not the first time",
  );
  assert.equal(ledger.report(report({ status: "live", connectedAt: at }))?.reconnects, 3);
  assert.deepEqual(ledger.gauge({ destinationId: "dst_1", bitrate: 1, sentBytes: 10, droppedFrames: 0 }), {
    destinationId: "dst_1",
    broadcastId: "brd_1",
    bitrate: 1,
    sentBytes: 110,
    droppedFrames: 3,
    roundTripMs: null,
    lastTakenAt: null,
  });
});

test("what an agent before left as live is recorded as reconnecting at once, with its counters", () => {
  const ledger = new DestinationLedger();
  const seen = ledger.follow({ ...row, status: "live", reconnects: 4 }, "brd_1", {
    sentBytes: 500,
    droppedFrames: 1,
    lastTakenAt: at,
  });
  assert.equal(seen?.status, "reconnecting");
  assert.equal(seen?.reconnects, 5);
  assert.equal(ledger.totals("dst_1")?.sentBytes, 500);
  assert.equal(ledger.totals("dst_1")?.lastTakenAt, at);
});

test("counters that begin anew are added to those before", () => {
  const ledger = new DestinationLedger();
  ledger.follow(row, "brd_1", undefined);
  ledger.gauge({ destinationId: "dst_1", bitrate: 0, sentBytes: 100, droppedFrames: 0 });
  assert.equal(ledger.gauge({ destinationId: "dst_1", bitrate: 0, sentBytes: 20, droppedFrames: 0 })?.sentBytes, 120);
});

test("another broadcast counts from zero", () => {
  const ledger = new DestinationLedger();
  ledger.follow(row, "brd_1", undefined);
  ledger.gauge({ destinationId: "dst_1", bitrate: 0, sentBytes: 100, droppedFrames: 0 });
  ledger.follow(row, "brd_2", undefined);
  assert.equal(ledger.totals("dst_1")?.sentBytes, 0);
});

test("what is taken off air keeps its counters for the end, and goes on from them when it is back", () => {
  const ledger = new DestinationLedger();
  ledger.follow(row, "brd_1", undefined);
  ledger.report(report({ status: "live", connectedAt: at, reconnects: 2 }));
  ledger.rest("dst_1");
  assert.equal(ledger.report(report({ status: "idle" })), null);
  ledger.gauge({ destinationId: "dst_1", bitrate: 0, sentBytes: 100, droppedFrames: 0, lastTakenAt: at });
  assert.equal(ledger.lost("dst_1"), null);
  assert.equal(ledger.finals("brd_1")[0]?.sentBytes, 100);
  assert.equal(ledger.finals("brd_1")[0]?.lastTakenAt, at);
  ledger.follow(row, "brd_1", undefined);
  assert.equal(ledger.report(report({}))?.status, "connecting", "it was not lost, it was taken off");
  assert.equal(ledger.report(report({ status: "live", connectedAt: at }))?.reconnects, 2);
  assert.equal(ledger.gauge({ destinationId: "dst_1", bitrate: 0, sentBytes: 10, droppedFrames: 0 })?.sentBytes, 110);
  ledger.end("brd_1");
  assert.deepEqual(ledger.finals("brd_1"), []);
});
