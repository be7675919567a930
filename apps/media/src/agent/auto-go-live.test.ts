import assert from "node:assert/strict";
import { test } from "node:test";
import type { DesiredStudio } from "@trax/media-protocol";
import { automaticStep } from "./auto-go-live.ts";
import { sourceOf, studioOf } from "./testing/desired-rows.ts";

const now = Date.parse("2026-01-01T00:01:00.000Z");

const studio = (change: Partial<DesiredStudio>) => studioOf({ autoGoLive: true, ...change });
const online = sourceOf({ onlineAt: "2026-01-01T00:00:00.000Z" });
const gone = (offlineAt: string) => ({ ...online, status: "offline", offlineAt }) as const;
const broadcast = {
  id: "brd_1",
  desired: "live",
  startedAt: null,
  hadSource: true,
  traceparent: null,
  nodeId: "n",
} as const;

test("the first source takes an armed studio live", () => {
  assert.equal(automaticStep(studio({ sources: [online] }), now).goLive, true);
});

test("a studio not set so is left alone", () => {
  assert.equal(automaticStep(studio({ autoGoLive: false, sources: [online] }), now).goLive, false);
});

test("after a deliberate go-offline the same source does not take it live again", () => {
  const step = automaticStep(studio({ autoArmed: false, sources: [online] }), now);
  assert.equal(step.goLive, false);
  assert.equal(step.rearm, false);
});

test("it is armed again once every source is offline", () => {
  assert.equal(
    automaticStep(studio({ autoArmed: false, sources: [gone("2026-01-01T00:00:59.000Z")] }), now).rearm,
    true,
  );
});

test("within the grace it stays live and looks again when that ends", () => {
  const step = automaticStep(studio({ broadcasts: [broadcast], sources: [gone("2026-01-01T00:00:50.000Z")] }), now);
  assert.equal(step.end, null);
  assert.equal(step.lookAgainInMs, 20_000);
});

test("after the grace it goes offline", () => {
  assert.equal(
    automaticStep(studio({ broadcasts: [broadcast], sources: [gone("2026-01-01T00:00:30.000Z")] }), now).end,
    "brd_1",
  );
});

test("a broadcast that never had a source waits for its first one", () => {
  const waiting = { ...broadcast, hadSource: false };
  assert.equal(
    automaticStep(studio({ broadcasts: [waiting], sources: [gone("2026-01-01T00:00:00.000Z")] }), now).end,
    null,
  );
  assert.equal(automaticStep(studio({ broadcasts: [waiting], sources: [online] }), now).hadSource, "brd_1");
});

test("what the program itself opens neither begins nor holds a show", () => {
  const clip = { ...online, id: "src_2", kind: "media" } as const;
  assert.equal(automaticStep(studio({ sources: [clip] }), now).goLive, false);
  const lost = studio({ broadcasts: [broadcast], sources: [clip, gone("2026-01-01T00:00:00.000Z")] });
  assert.equal(automaticStep(lost, now).end, "brd_1");
});
