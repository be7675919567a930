import assert from "node:assert/strict";
import { test } from "node:test";
import { destinationStatusOf } from "./status.ts";

test("a destination has taken something since it was connected, also before its gauge says so", () => {
  const row = {
    id: "dst_1",
    status: "live",
    bitrate: 0,
    sentBytes: 0,
    droppedFrames: 0,
    reconnects: 1,
    roundTripMs: null,
    lastError: null,
  } as const;
  const [before, after] = ["2026-11-23T00:00:01.5+00:00", "2026-11-23T00:00:02+00:00"];
  const taken = (connectedAt: string | null, lastTakenAt: string | null) =>
    destinationStatusOf({ ...row, connectedAt, lastTakenAt }).lastTakenAt;
  assert.equal(taken(after, before), "2026-11-23T00:00:02.000Z");
  assert.equal(taken(before, after), "2026-11-23T00:00:02.000Z");
  assert.equal(taken(null, before), "2026-11-23T00:00:01.500Z");
  assert.equal(taken(null, null), null);
});
