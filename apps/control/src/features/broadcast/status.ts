import type { StreamStatus } from "@trax/contract";
import { healthOf } from "./health.ts";
import type { ProgramFacts } from "./program-health.ts";
import { videoNow } from "./video-now.ts";
import type { DestinationRow, SourceRow, StatusRow } from "./status-sql.ts";

/** A PostgreSQL time as the contract writes it. */
export function isoTime(time: string | null): string | null {
  return time === null ? null : new Date(time).toISOString();
}

/**
 * The source a passthrough program is made of: the chosen one, else the first
 * that came online and stayed. Null when it is not online.
 */
function programSource(row: StatusRow): SourceRow | null {
  const online = row.sources.filter((source) => source.status === "online");
  if (row.programSourceId !== null) return online.find((source) => source.id === row.programSourceId) ?? null;
  const since = (source: SourceRow) => (source.onlineAt === null ? 0 : Date.parse(source.onlineAt));
  return online.toSorted((a, b) => since(a) - since(b))[0] ?? null;
}

function passthroughOf(source: SourceRow | null): StreamStatus["program"] {
  const video = source === null ? null : videoNow(source.video, source.audio, source.bitrateNow);
  return {
    width: video?.width ?? null,
    height: video?.height ?? null,
    frameRate: video?.frameRate ?? null,
    videoBitrate: video?.bitrate ?? null,
    audioBitrate: source?.audio?.bitrate ?? null,
    onSlate: false,
  };
}

/** What is made, as measured; what is sent is measured as a whole, and audio is as it is set. */
function composedOf({ gauge, canvas, onSlate }: StatusRow): StreamStatus["program"] {
  const { width, height, audioBitrate } = canvas;
  if (gauge === null)
    return { width: null, height: null, frameRate: null, videoBitrate: null, audioBitrate: null, onSlate: false };
  return {
    width,
    height,
    frameRate: gauge.frameRate,
    videoBitrate: Math.max(0, gauge.bitrate - audioBitrate),
    audioBitrate,
    onSlate,
  };
}

function programFacts({ programMode, gauge, onSlate }: StatusRow): ProgramFacts | null {
  if (programMode === "passthrough") return null;
  if (gauge === null) return { running: false, onSlate, behindMs: 0, skips: false, preset: "", driftMs: 0 };
  return { ...gauge, running: gauge.frameRate > 0, onSlate };
}

/** Less than this part of what is usual is a collapse; below this rate nothing can be told. */
const starvedPart = 0.3;
const tellingBitrate = 100_000;

function isStarved({ status, bitrateNow, usualBitrate }: SourceRow): boolean {
  if (status !== "online" || bitrateNow === null || usualBitrate === null) return false;
  return usualBitrate > tellingBitrate && bitrateNow < usualBitrate * starvedPart;
}

/** From here on it is worth telling. */
const lossyPart = 0.02;

function isLossy({ status, packetLoss }: SourceRow): boolean {
  return status === "online" && packetLoss !== null && packetLoss >= lossyPart;
}

/** A node with no more than this left is told of. */
const busyPart = 0.9;

export function destinationStatusOf(
  row: Omit<DestinationRow, "name" | "enabled" | "silent" | "drops">,
): StreamStatus["destinations"][number] {
  return {
    destinationId: row.id,
    status: row.status,
    connectedAt: isoTime(row.connectedAt),
    bitrate: row.bitrate,
    sentBytes: row.sentBytes,
    droppedFrames: row.droppedFrames,
    reconnects: row.reconnects,
    roundTripMs: row.roundTripMs,
    // Being connected is to have taken something; the gauge that says so follows within a second.
    lastTakenAt: later(isoTime(row.connectedAt), isoTime(row.lastTakenAt)),
    lastError: row.lastError,
  };
}

/** Of two times as the contract writes them. */
function later(one: string | null, other: string | null): string | null {
  return (
    [one, other]
      .filter((time) => time !== null)
      .toSorted()
      .at(-1) ?? null
  );
}

/** What is told of a studio on air, from what was read of it. Pure. */
export function streamStatusOf(row: StatusRow): StreamStatus {
  const source = programSource(row);
  const running = row.state !== "offline";
  const enabled = row.destinations.filter((destination) => destination.enabled);
  const silent =
    (running && !row.nodeAlive) || row.sources.some((one) => one.silent) || row.destinations.some((one) => one.silent);
  return {
    studioId: row.studioId,
    state: row.state,
    broadcastId: row.broadcast?.id ?? null,
    startedAt: isoTime(row.broadcast?.startedAt ?? null),
    program: row.programMode === "composed" ? composedOf(row) : passthroughOf(running ? source : null),
    sources: row.sources.map((one) => ({
      sourceId: one.id,
      status: one.status,
      bitrate: one.bitrateNow ?? 0,
      lastFrameAt: isoTime(one.lastFrameAt),
    })),
    destinations: row.destinations.map(destinationStatusOf),
    health: healthOf({
      state: row.state,
      heldBack: row.heldBack,
      hadSource: row.broadcast?.hadSource ?? false,
      sourceOnline: source !== null,
      program: programFacts(row),
      brokenSources: row.sources
        .filter(({ status }) => status === "error")
        .map(({ name, lastError }) => ({ name, why: lastError?.message ?? null })),
      starvedSources: row.sources.filter(isStarved).map(({ name }) => name),
      lossySources: row.sources
        .filter(isLossy)
        .map(({ name, packetLoss, protocol }) => ({ name, loss: packetLoss ?? 0, isResent: protocol === "srt" })),
      nodeBusy: (row.nodeBusy ?? 0) > busyPart,
      mediaNodeSilent: silent,
      destinations: enabled,
    }),
  };
}
