import type { DesiredDestination, DesiredProgram, DesiredSource, DesiredStudio } from "@trax/media-protocol";

/** A passthrough studio at rest, as rows say it. */
export function studioOf(change: Partial<DesiredStudio>): DesiredStudio {
  return {
    studioId: "std_1",
    accountId: "acc_1",
    state: "offline",
    graceMs: 30_000,
    autoGoLive: false,
    autoArmed: true,
    programMode: "passthrough",
    programSourceId: null,
    canvas: { width: 320, height: 180, frameRate: 30, videoBitrate: 500_000, audioBitrate: 128_000 },
    slate: { assetId: null, text: null, color: null },
    fallbackSourceIds: [],
    isRecorded: false,
    program: null,
    broadcasts: [],
    sources: [],
    assets: [],
    destinations: [],
    ...change,
  };
}

export function sourceOf(change: Partial<DesiredSource>): DesiredSource {
  return {
    id: "src_1",
    kind: "ingest",
    assetId: null,
    url: null,
    loop: true,
    silenceMs: 1_000,
    revision: 1,
    nodeId: null,
    status: "online",
    audioCodec: "aac",
    onlineAt: null,
    offlineAt: null,
    ...change,
  };
}

export function destinationOf(change: Partial<DesiredDestination>): DesiredDestination {
  return {
    id: "dst_1",
    revision: 1,
    url: "rtmp://example.com/a",
    passphrase: null,
    streamKey: null,
    enabled: true,
    status: "idle",
    reconnects: 0,
    connectedAt: null,
    delayMs: 0,
    waits: false,
    ...change,
  };
}

export function programOf(change: Partial<DesiredProgram>): DesiredProgram {
  return {
    scene: null,
    preview: null,
    overlays: [],
    take: 0,
    transition: "cut",
    transitionMs: 0,
    watched: false,
    previewWatched: false,
    meters: false,
    gaveWay: false,
    ...change,
  };
}
