import { sourcePath } from "@trax/media-protocol";
import type { DesiredBroadcast, DesiredDestination, DesiredStudio } from "@trax/media-protocol";
import type { DestinationProtocol, RelayDestination, RelaySpec } from "../relay/protocol.ts";
import type { Lane } from "./relay-pool.ts";
import type { SourceView } from "./source-watch.ts";

/** What this node knows beside the rows. */
export type NodeView = {
  readonly online: ReadonlyMap<string, SourceView>;
  /** Broadcasts whose lease this node holds. */
  readonly owned: ReadonlySet<string>;
  /** The source the studio's relay plays now. */
  readonly playing: string | null;
  /** The studio's relay makes the audio AAC now. */
  readonly transcoding: boolean;
  /** Where a worker plays a source path from. */
  readonly playUrl: (path: string) => string;
  readonly openKey: (studio: DesiredStudio, destination: DesiredDestination) => string | null;
  readonly allowedNetworks: readonly string[];
};

export type StudioPlan = {
  /** The broadcast this node is to run, or null. */
  readonly broadcast: DesiredBroadcast | null;
  /** Broadcasts that are to end. */
  readonly ending: readonly DesiredBroadcast[];
  readonly sourceId: string | null;
  readonly transcode: boolean;
  /** Null: no relay in that lane. */
  readonly relays: Readonly<Record<Lane, RelaySpec | null>>;
  /** The destinations that are to be sent to. */
  readonly active: readonly DesiredDestination[];
};

/** What should run for a studio. Pure: the same rows and view give the same plan. */
export function planStudio(studio: DesiredStudio, view: NodeView): StudioPlan {
  const ending = studio.broadcasts.filter((one) => one.desired === "ended" && view.owned.has(one.id));
  const current = studio.broadcasts.find((one) => one.desired === "live");
  // One after the other: a broadcast begins when the one before has let go of its destinations.
  const broadcast = current !== undefined && view.owned.has(current.id) && ending.length === 0 ? current : null;
  const source = chooseSource(studio, view);
  const active = broadcast === null ? [] : studio.destinations.filter((destination) => destination.enabled);
  // Kept over a loss or a change of the source: a destination that changes its process is disconnected.
  const transcode = needsAac(source) || (broadcast !== null && view.transcoding);
  const inLane = (lane: Lane) => active.filter((destination) => laneOf(destination, transcode) === lane);

  const spec = (destinations: readonly DesiredDestination[]): RelaySpec => ({
    studioId: studio.studioId,
    source: source === null ? null : { sourceId: source.sourceId, url: view.playUrl(sourcePath(source.sourceId)) },
    transcodeAudio: transcode,
    destinations: destinations.map((destination) => relayDestination(destination, view.openKey(studio, destination))),
    graceMs: studio.graceMs,
    allowedNetworks: view.allowedNetworks,
    traceparent: broadcast?.traceparent ?? null,
  });
  // The shared relay also runs while nothing is on air: it keeps the last keyframe group at hand.
  const shared = broadcast !== null || (source !== null && !transcode) ? spec(inLane("shared")) : null;
  const own = inLane("own");
  return {
    broadcast,
    ending,
    sourceId: source?.sourceId ?? null,
    transcode,
    relays: { shared, own: own.length === 0 ? null : spec(own) },
    active,
  };
}

/** The studio's chosen source; where none is chosen the one that plays, while it stays, else the first that came online. */
function chooseSource(studio: DesiredStudio, view: NodeView): SourceView | null {
  const online = studio.sources.flatMap((source) => view.online.get(source.id) ?? []);
  if (studio.programSourceId !== null)
    return online.find((source) => source.sourceId === studio.programSourceId) ?? null;
  const playing = online.find((source) => source.sourceId === view.playing);
  return playing ?? online.toSorted((a, b) => a.since - b.since)[0] ?? null;
}

function needsAac(source: SourceView | null): boolean {
  return source !== null && source.audio !== null && source.audio.codec !== "aac";
}

function protocolOf(url: string): DestinationProtocol {
  const scheme = url.slice(0, url.indexOf(":")).toLowerCase();
  return scheme === "rtmps" || scheme === "srt" ? scheme : "rtmp";
}

function laneOf(destination: DesiredDestination, transcode: boolean): Lane {
  return transcode || protocolOf(destination.url) === "srt" ? "own" : "shared";
}

function relayDestination(destination: DesiredDestination, streamKey: string | null): RelayDestination {
  return {
    destinationId: destination.id,
    revision: destination.revision,
    protocol: protocolOf(destination.url),
    url: destination.url,
    streamKey,
  };
}
