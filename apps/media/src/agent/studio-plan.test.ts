import assert from "node:assert/strict";
import { test } from "node:test";
import type { DesiredStudio } from "@trax/media-protocol";
import { destinationOf, programOf, sourceOf, studioOf } from "./testing/desired-rows.ts";
import type { SourceView } from "./source-watch.ts";
import { planStudio, withRecording } from "./studio-plan.ts";
import type { NodeView } from "./studio-plan.ts";

const broadcast = {
  id: "brd_1",
  desired: "live",
  startedAt: null,
  hadSource: false,
  traceparent: null,
  nodeId: "n",
} as const;
const row = (id: string) => sourceOf({ id });
const destination = (id: string, url: string, enabled = true) => destinationOf({ id, url, enabled });

function studio(change: Partial<DesiredStudio>): DesiredStudio {
  return studioOf({
    state: "starting",
    broadcasts: [broadcast],
    sources: [row("src_a"), row("src_b")],
    destinations: [
      destination("dst_r", "rtmp://h/a"),
      destination("dst_s", "SRT://h:1"),
      destination("dst_off", "rtmps://h/a", false),
    ],
    ...change,
  });
}

const nothing = { program: false, rtc: false, preview: false };

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
    nodeId: "n",
    online,
    owned: new Set(["brd_1"]),
    playing: null,
    transcoding: false,
    watched: () => nothing,
    lingering: () => nothing,
    playUrl: (path) => `play ${path}`,
    publishUrl: (path) => `publish ${path}`,
    linkPath: (studioId) => `/run/${studioId}`,
    openUrl: (_, source) => source.url,
    openTarget: (_, { url }) => ({ url, streamKey: null }),
    assetPath: () => null,
    allowedNetworks: [],
    ...change,
  };
}

test("the first source online is played, and kept while it stays", () => {
  const both = view([
    ["src_a", 2, "aac"],
    ["src_b", 1, "aac"],
  ]);
  assert.equal(planStudio(studio({}), both).playing, "src_b");
  assert.equal(planStudio(studio({}), { ...both, playing: "src_a" }).playing, "src_a");
});

test("a chosen source is waited for, whatever else is online", () => {
  const chosen = studio({ programSourceId: "src_a" });
  assert.equal(planStudio(chosen, view([["src_b", 1, "aac"]])).playing, null);
  assert.equal(
    planStudio(
      chosen,
      view([
        ["src_b", 1, "aac"],
        ["src_a", 2, "aac"],
      ]),
    ).playing,
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

test("nothing is sent where a platform has not told yet where to", () => {
  const waiting = destinationOf({ id: "dst_w", waits: true });
  const plan = planStudio(studio({ destinations: [waiting, destination("dst_r", "rtmp://h/a")] }), view([]));
  assert.deepEqual(
    plan.active.map(({ id }) => id),
    ["dst_r"],
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

const composed = (change: Partial<DesiredStudio>) => studio({ programMode: "composed", ...change });

test("a composed studio's relays play its program, and hold destinations while that is started again", () => {
  const { program, relays, playing } = planStudio(composed({ graceMs: 0 }), view([["src_a", 1, "opus"]]));
  assert.equal(playing, "std_1");
  assert.deepEqual(relays.shared?.source, { sourceId: "std_1", url: "unix:/run/std_1" });
  assert.equal(relays.shared.transcodeAudio, false);
  assert.ok(relays.shared.graceMs >= 30_000);
  assert.equal(program?.linkPath, "/run/std_1");
});

test("a program plays what is online here, and opens clips and pulls itself", () => {
  const pull = sourceOf({ id: "src_p", kind: "pull", url: "srt://h:1", status: "offline" });
  const { program, sourceIds } = planStudio(
    composed({ sources: [row("src_a"), row("src_b"), pull] }),
    view([["src_b", 1, "aac"]]),
  );
  assert.deepEqual(
    program?.sources.map(({ sourceId, url }) => [sourceId, url]),
    [
      ["src_a", null],
      ["src_b", "play in/src_b"],
      ["src_p", "srt://h:1"],
    ],
  );
  assert.deepEqual(sourceIds, ["src_a", "src_b", "src_p"]);
});

test("a program runs while it is on air, watched, or was until a moment ago, and only then", () => {
  const idle = composed({ broadcasts: [] });
  const here = view([["src_a", 1, "aac"]]);
  assert.equal(planStudio(idle, here).program, null);
  assert.equal(planStudio(idle, here).relays.shared, null);
  const watched = { ...nothing, program: true };
  assert.notEqual(planStudio({ ...idle, program: programOf({ watched: true }) }, here).program, null);
  assert.notEqual(planStudio(idle, { ...here, watched: () => watched }).program, null);
  const left = planStudio(idle, { ...here, lingering: () => watched });
  assert.notEqual(left.program, null);
  assert.deepEqual(left.needs, nothing);
});

test("a program that gave way is not made for those who read it, nor for a while longer, but is on air", () => {
  const gaveWay = { program: programOf({ gaveWay: true }) };
  const read = { ...nothing, program: true };
  const here = view([["src_a", 1, "aac"]], { watched: () => read, lingering: () => read });
  const { program, needs } = planStudio(composed({ ...gaveWay, broadcasts: [] }), here);
  assert.deepEqual({ program, needs }, { program: null, needs: nothing });
  assert.notEqual(planStudio(composed(gaveWay), here).program, null);
});

test("a program is made for WebRTC while somebody watches it so, or did until a moment ago", () => {
  const rtcOf = (change: Partial<NodeView>, rows = programOf({})) =>
    planStudio(composed({ program: rows }), view([], change)).program?.publish?.rtc;
  assert.equal(rtcOf({}), null);
  const rtc = "publish program/std_1/rtc";
  const watched = () => ({ ...nothing, rtc: true });
  assert.equal(rtcOf({ watched }), rtc);
  assert.equal(rtcOf({ lingering: watched }), rtc);
  assert.equal(rtcOf({}, programOf({ watched: true })), rtc);
  assert.equal(rtcOf({ watched: () => ({ ...nothing, program: true }) }), null);
});

test("a preview is made while it is watched, with the program", () => {
  const scene = { id: "scn_1", content: { preset: null, slots: [], layers: [], audio: [], audioFollowsVideo: true } };
  const rows = programOf({ preview: scene, previewWatched: true, take: 3, transition: "fade", transitionMs: 400 });
  const { program, needs } = planStudio(composed({ broadcasts: [], program: rows }), view([]));
  assert.deepEqual(program?.preview, { content: scene.content, rtc: "publish preview/std_1/rtc" });
  assert.deepEqual(program.take, { number: 3, transition: "fade", durationMs: 400 });
  assert.deepEqual(needs, { program: true, rtc: false, preview: true });
  assert.equal(planStudio(composed({ program: { ...rows, previewWatched: false } }), view([])).program?.preview, null);
});

test("a program on air runs where its lease is; one that is only watched where its sources are", () => {
  assert.equal(planStudio(composed({}), view([], { owned: new Set() })).program, null);
  const elsewhere = composed({
    broadcasts: [],
    program: programOf({ watched: true }),
    sources: [sourceOf({ id: "src_a", nodeId: "other" })],
  });
  assert.equal(planStudio(elsewhere, view([])).program, null);
  assert.notEqual(planStudio(elsewhere, view([["src_a", 1, "aac"]])).program, null);
});

test("what is recorded is one more destination, in the process of its own", () => {
  const recording = { destinationId: "rec_1", revision: 1, protocol: "file", url: "/r.mp4", streamKey: null } as const;
  const plan = planStudio(composed({ destinations: [] }), view([]));
  assert.equal(plan.relays.own, null);
  const { own, shared } = withRecording(plan, recording).relays;
  assert.deepEqual(own?.destinations, [recording]);
  assert.deepEqual(own.source, shared?.source);
});

test("what is opened of a destination is what its relay is told", () => {
  const openTarget = () => ({ url: "srt://h:1?passphrase=secret-secret", streamKey: "key" });
  const { relays } = planStudio(studio({}), view([["src_a", 1, "aac"]], { openTarget }));
  const [sent] = relays.own?.destinations ?? [];
  assert.deepEqual([sent?.url, sent?.streamKey, sent?.protocol], [openTarget().url, "key", "srt"]);
});
