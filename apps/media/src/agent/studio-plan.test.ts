import assert from "node:assert/strict";
import { test } from "node:test";
import type { DesiredStudio } from "@trax/media-protocol";
import type { SourceView } from "./source-watch.ts";
import { planStudio } from "./studio-plan.ts";
import type { NodeView } from "./studio-plan.ts";

const broadcast = {
  id: "brd_1",
  desired: "live",
  startedAt: null,
  hadSource: false,
  traceparent: null,
  nodeId: "n",
} as const;
const row = (id: string) => ({ id, status: "online", audioCodec: "aac", onlineAt: null, offlineAt: null }) as const;
const destination = (id: string, url: string, enabled = true) => ({
  id,
  revision: 1,
  url,
  streamKey: null,
  enabled,
  status: "idle",
  reconnects: 0,
  connectedAt: null,
});

function studio(change: Partial<DesiredStudio>): DesiredStudio {
  return {
    studioId: "std_1",
    accountId: "acc_1",
    state: "starting",
    graceMs: 30_000,
    autoGoLive: false,
    autoArmed: true,
    programSourceId: null,
    broadcasts: [broadcast],
    sources: [row("src_a"), row("src_b")],
    destinations: [
      destination("dst_r", "rtmp://h/a"),
      destination("dst_s", "SRT://h:1"),
      destination("dst_off", "rtmps://h/a", false),
    ],
    ...change,
  };
}

function view(sources: readonly [string, number, "aac" | "opus"][], change: Partial<NodeView> = {}): NodeView {
  const online = new Map(
    sources.map(([sourceId, since, codec]): [string, SourceView] => [
      sourceId,
      {
        sourceId,
        since,
        protocol: "rtmp",
        video: null,
        audio: { codec, sampleRate: 48_000, channels: 2 },
        bitrate: 0,
        lastFrameAt: "",
      },
    ]),
  );
  return {
    online,
    owned: new Set(["brd_1"]),
    playing: null,
    transcoding: false,
    playUrl: (path) => path,
    openKey: () => null,
    allowedNetworks: [],
    ...change,
  };
}

test("the first source online is played, and kept while it stays", () => {
  const both = view([
    ["src_a", 2, "aac"],
    ["src_b", 1, "aac"],
  ]);
  assert.equal(planStudio(studio({}), both).sourceId, "src_b");
  assert.equal(planStudio(studio({}), { ...both, playing: "src_a" }).sourceId, "src_a");
});

test("a chosen source is waited for, whatever else is online", () => {
  const chosen = studio({ programSourceId: "src_a" });
  assert.equal(planStudio(chosen, view([["src_b", 1, "aac"]])).sourceId, null);
  assert.equal(
    planStudio(
      chosen,
      view([
        ["src_b", 1, "aac"],
        ["src_a", 2, "aac"],
      ]),
    ).sourceId,
    "src_a",
  );
});

test("SRT has a process of its own, RTMP shares one, what is disabled has none", () => {
  const { relays } = planStudio(studio({}), view([["src_a", 1, "aac"]]));
  assert.deepEqual(
    relays.shared?.destinations.map((one) => one.destinationId),
    ["dst_r"],
  );
  assert.deepEqual(
    relays.own?.destinations.map((one) => one.destinationId),
    ["dst_s"],
  );
});

test("audio that has to be transcoded takes everything to the process of its own", () => {
  const { relays } = planStudio(studio({}), view([["src_a", 1, "opus"]]));
  assert.deepEqual(relays.shared?.destinations, []);
  assert.deepEqual(
    relays.own?.destinations.map((one) => one.destinationId),
    ["dst_r", "dst_s"],
  );
  assert.equal(relays.own?.transcodeAudio, true);
});

test("a source that drops or gives way to one with AAC leaves destinations where they are", () => {
  for (const sources of [[], [["src_a", 1, "aac"]]] satisfies [string, number, "aac"][][]) {
    const { relays, transcode } = planStudio(studio({}), view(sources, { transcoding: true }));
    assert.equal(transcode, true);
    assert.deepEqual(relays.shared?.destinations, []);
    assert.equal(relays.own?.destinations.length, 2);
  }
  assert.equal(planStudio(studio({ broadcasts: [] }), view([], { transcoding: true })).transcode, false);
});

test("a source is played before the studio is live, and nothing is sent", () => {
  const { relays, broadcast: running } = planStudio(studio({ broadcasts: [] }), view([["src_a", 1, "aac"]]));
  assert.equal(running, null);
  assert.equal(relays.shared?.source?.sourceId, "src_a");
  assert.deepEqual(relays.shared?.destinations, []);
});

test("nothing is sent for a broadcast whose lease is another node's", () => {
  const { relays, active } = planStudio(studio({}), view([], { owned: new Set() }));
  assert.deepEqual(active, []);
  assert.equal(relays.shared, null);
});

test("a broadcast begins only when the one before it has ended", () => {
  const ending = { ...broadcast, id: "brd_0", desired: "ended" } as const;
  const plan = planStudio(
    studio({ broadcasts: [ending, broadcast] }),
    view([["src_a", 1, "aac"]], { owned: new Set(["brd_0", "brd_1"]) }),
  );
  assert.equal(plan.broadcast, null);
  assert.deepEqual(plan.active, []);
  assert.deepEqual(
    plan.ending.map((one) => one.id),
    ["brd_0"],
  );
});
