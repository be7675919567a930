import assert from "node:assert/strict";
import { test } from "node:test";
import { healthOf } from "./health.ts";
import type { DestinationFacts, HealthFacts } from "./health.ts";

const dest = (status: DestinationFacts["status"], message?: string): DestinationFacts => ({
  name: "Twitch",
  status,
  lastError: message === undefined ? null : { message },
  drops: false,
});
const program = { running: true, onSlate: false, behindMs: 0, skips: false, preset: "veryfast", driftMs: 0 };

const live: HealthFacts = {
  state: "live",
  heldBack: false,
  hadSource: true,
  sourceOnline: true,
  program: null,
  brokenSources: [],
  starvedSources: [],
  lossySources: [],
  nodeBusy: false,
  mediaNodeSilent: false,
  destinations: [dest("live")],
};
const starting: HealthFacts = { ...live, state: "starting", hadSource: false, destinations: [dest("connecting")] };

/** Composed: what is online does not matter, what is made does. */
const composed: HealthFacts = { ...live, sourceOnline: false, program };
const made = (change: Partial<typeof program>): HealthFacts => ({ ...composed, program: { ...program, ...change } });

type Row = readonly [about: string, facts: HealthFacts, level: string, ...codes: string[]];

const table: readonly Row[] = [
  ["offline", { ...live, state: "offline", sourceOnline: false, destinations: [dest("idle")] }, "offline"],
  [
    "offline, and nobody can tell of its sources",
    { ...live, state: "offline", mediaNodeSilent: true },
    "offline",
    "media_node_silent",
  ],
  ["offline, and held back", { ...live, state: "offline", heldBack: true }, "offline", "no_capacity"],
  ["live, and held back a moment ago", { ...live, heldBack: true }, "good"],
  ["live, all well", live, "good"],
  ["starting normally", starting, "degraded", "destination_connecting"],
  ["starting, not picked up yet", { ...starting, destinations: [dest("idle")] }, "degraded", "destination_connecting"],
  ["starting, all taken", { ...starting, destinations: [dest("live")] }, "degraded"],
  [
    "starting without a source",
    { ...starting, sourceOnline: false },
    "bad",
    "waiting_for_source",
    "destination_connecting",
  ],
  [
    "starting, the only destination refuses",
    { ...starting, destinations: [dest("failed")] },
    "bad",
    "destination_failed",
  ],
  ["live, source lost", { ...live, sourceOnline: false }, "bad", "source_lost"],
  ["live, no source ever", { ...live, hadSource: false, sourceOnline: false }, "bad", "waiting_for_source"],
  [
    "live, one of two reconnecting",
    { ...live, destinations: [dest("live"), dest("reconnecting")] },
    "degraded",
    "destination_reconnecting",
  ],
  [
    "live, one of two failed",
    { ...live, destinations: [dest("failed"), dest("live")] },
    "degraded",
    "destination_failed",
  ],
  ["live, one added", { ...live, destinations: [dest("live"), dest("idle")] }, "degraded", "destination_connecting"],
  [
    "live, all down",
    { ...live, destinations: [dest("failed"), dest("reconnecting")] },
    "bad",
    "destination_failed",
    "destination_reconnecting",
  ],
  ["live, nothing enabled", { ...live, destinations: [] }, "degraded", "no_destination"],
  [
    "live, the node is silent",
    { ...live, mediaNodeSilent: true, destinations: [dest("reconnecting")] },
    "bad",
    "media_node_silent",
    "destination_reconnecting",
  ],
  ["composed, live, all well", composed, "good"],
  ["composed, being started", { ...made({ running: false }), state: "starting" }, "degraded", "program_starting"],
  ["composed, its worker gone", made({ running: false, onSlate: true }), "bad", "program_restarting"],
  ["composed, on slate", made({ onSlate: true }), "degraded", "on_slate"],
  ["the encoder late", made({ behindMs: 501 }), "degraded", "encoder_behind"],
  ["the encoder skipping", made({ skips: true }), "degraded", "encoder_behind"],
  ["the encoder lowered", made({ preset: "superfast" }), "degraded", "encoder_lowered"],
  ["lowered further", made({ preset: "ultrafast/2" }), "degraded", "encoder_lowered"],
  ["a source's sound 41 ms off", made({ driftMs: 41 }), "degraded", "av_drift"],
  ["a source's sound 40 ms off", made({ driftMs: 40 }), "good"],
  [
    "a source that cannot be shown",
    { ...composed, brokenSources: [{ name: "Camera", why: null }] },
    "degraded",
    "source_error",
  ],
  ["a source starved", { ...composed, starvedSources: ["Camera"] }, "degraded", "source_bitrate_low"],
  [
    "a source that loses packets",
    { ...composed, lossySources: [{ name: "Camera", loss: 0.05, isResent: true }] },
    "degraded",
    "source_packet_loss",
  ],
  ["the node busy, which is nothing to a relay", { ...live, nodeBusy: true }, "good"],
  ["the node busy", { ...composed, nodeBusy: true }, "degraded", "node_busy"],
  [
    "a destination dropping frames",
    { ...live, destinations: [{ ...dest("live"), drops: true }] },
    "degraded",
    "destination_queue",
  ],
  ["stopping", { ...live, state: "stopping", sourceOnline: false }, "degraded", "stopping"],
  [
    "stopping, and nobody does it",
    { ...live, state: "stopping", mediaNodeSilent: true },
    "bad",
    "media_node_silent",
    "stopping",
  ],
];

for (const [about, facts, level, ...codes] of table) {
  test(`health: ${about}`, () => {
    const health = healthOf(facts);
    assert.equal(health.level, level);
    assert.deepEqual(
      health.reasons.map((reason) => reason.code),
      codes,
    );
  });
}

test("a reason names the destination and what its server said", () => {
  const health = healthOf({ ...live, destinations: [dest("failed", "The server refused the stream key.")] });
  assert.equal(health.reasons[0]?.message, "Twitch failed. The server refused the stream key.");
});
