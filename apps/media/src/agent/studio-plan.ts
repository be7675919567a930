import { sourcePath } from "@trax/media-protocol";
import type { DesiredBroadcast, DesiredDestination, DesiredStudio } from "@trax/media-protocol";
import type { ProgramSpec } from "../program/protocol.ts";
import type { DestinationProtocol, RelayDestination, RelaySpec } from "../relay/protocol.ts";
import { planProgram } from "./program-plan.ts";
import type { ProgramNeeds, ProgramView } from "./program-plan.ts";
import type { Lane } from "./relay-pool.ts";
import type { SourceView } from "./source-watch.ts";

/** Where a destination's media goes, opened. Secret. */
type Target = Pick<RelayDestination, "url" | "streamKey">;

/** What this node knows beside the rows. */
export type NodeView = ProgramView & {
  /** The source the studio's relay plays now. */
  readonly playing: string | null;
  /** The studio's relay makes the audio AAC now. */
  readonly transcoding: boolean;
  readonly openTarget: (studio: DesiredStudio, destination: DesiredDestination) => Target;
};

export type StudioPlan = {
  /** The broadcast this node is to run, or null. */
  readonly broadcast: DesiredBroadcast | null;
  /** Broadcasts that are to end. */
  readonly ending: readonly DesiredBroadcast[];
  /** What its relays play: a source or, composed, the studio's own program. */
  readonly playing: string | null;
  readonly transcode: boolean;
  /** Sources that it is made of: news of them is news for the studio. */
  readonly sourceIds: readonly string[];
  /** Composed: null while no program is to run here. */
  readonly program: ProgramSpec | null;
  readonly needs: ProgramNeeds;
  /** What its relays have in common. */
  readonly relay: Omit<RelaySpec, "destinations">;
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
  const active = broadcast === null ? [] : studio.destinations.filter(({ enabled, waits }) => enabled && !waits);
  const { spec: program, needs } = planProgram(studio, broadcast, view);
  const feed = studio.programMode === "composed" ? programFeed(studio, broadcast, view) : sourceFeed(studio, view);
  const isPassthrough = studio.programMode === "passthrough";
  // Kept over a loss or a change of the source: a destination that changes its process is disconnected.
  const transcode = isPassthrough && ((feed?.needsAac ?? false) || (broadcast !== null && view.transcoding));
  const inLane = (lane: Lane) => active.filter((destination) => laneOf(destination, transcode) === lane);

  const relay = {
    studioId: studio.studioId,
    source: feed === null ? null : { sourceId: feed.id, url: feed.url },
    transcodeAudio: transcode,
    // A program that pauses is being started again: that is no source's loss.
    graceMs: isPassthrough ? studio.graceMs : programGraceMs,
    allowedNetworks: view.allowedNetworks,
    traceparent: broadcast?.traceparent ?? null,
  };
  const spec = (destinations: readonly DesiredDestination[]): RelaySpec => ({
    ...relay,
    destinations: destinations.map((destination) =>
      relayDestination(destination, view.openTarget(studio, destination)),
    ),
  });
  // The shared relay also runs while nothing is on air: it keeps the last keyframe group at hand.
  const shared = broadcast !== null || (feed !== null && !transcode) ? spec(inLane("shared")) : null;
  const own = inLane("own");
  return {
    broadcast,
    ending,
    playing: feed?.id ?? null,
    transcode,
    sourceIds: isPassthrough && feed !== null ? [feed.id] : studio.sources.map((source) => source.id),
    program,
    needs,
    relay,
    relays: { shared, own: own.length === 0 ? null : spec(own) },
    active,
  };
}

/** The plan with what the broadcast is recorded to; it needs FFmpeg's libraries. Null: nothing. */
export function withRecording(plan: StudioPlan, recording: RelayDestination | null): StudioPlan {
  if (recording === null) return plan;
  const destinations = [...(plan.relays.own?.destinations ?? []), recording];
  return { ...plan, relays: { ...plan.relays, own: { ...plan.relay, destinations } } };
}

/** Nothing is to run, and nothing to end. */
export function isAtRest({ relays, program, ending, broadcast }: StudioPlan): boolean {
  return relays.shared === null && relays.own === null && program === null && ending.length === 0 && broadcast === null;
}

/** How long destinations are held open while a program's worker is started again. */
const programGraceMs = 30_000;

/** What a relay plays. */
type Feed = { readonly id: string; readonly url: string; readonly needsAac: boolean };

function programFeed({ studioId }: DesiredStudio, broadcast: DesiredBroadcast | null, view: NodeView): Feed | null {
  // Its link has the last keyframe group at hand: nothing need play it before the studio is on air.
  return broadcast === null ? null : { id: studioId, url: `unix:${view.linkPath(studioId)}`, needsAac: false };
}

function sourceFeed(studio: DesiredStudio, view: NodeView): Feed | null {
  const source = chooseSource(studio, view);
  if (source === null) return null;
  const { sourceId, audio } = source;
  return {
    id: sourceId,
    url: view.playUrl(sourcePath(sourceId)),
    needsAac: audio !== null && audio.codec !== "aac",
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

function protocolOf(url: string): DestinationProtocol {
  const scheme = url.slice(0, url.indexOf(":")).toLowerCase();
  if (scheme === "https" || scheme === "http") return "whip";
  return scheme === "rtmps" || scheme === "srt" ? scheme : "rtmp";
}

function laneOf(destination: DesiredDestination, transcode: boolean): Lane {
  const protocol = protocolOf(destination.url);
  return transcode || (protocol !== "rtmp" && protocol !== "rtmps") ? "own" : "shared";
}

function relayDestination(destination: DesiredDestination, { url, streamKey }: Target): RelayDestination {
  return {
    destinationId: destination.id,
    revision: destination.revision,
    protocol: protocolOf(destination.url),
    url,
    streamKey,
    delayMs: destination.delayMs,
  };
}
