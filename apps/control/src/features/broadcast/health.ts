import type { Destination, Health, StudioState } from "@trax/contract";
import { programReasons } from "./program-health.ts";
import type { ProgramFacts } from "./program-health.ts";

/** What a studio's health is judged by. Destinations that are not enabled are no part of it. */
export type HealthFacts = {
  readonly state: StudioState;
  /** Its source is to take it live, and there is no room. */
  readonly heldBack: boolean;
  /** The running broadcast has had a source before. */
  readonly hadSource: boolean;
  /** A source that a passthrough program can take is online, as last seen. */
  readonly sourceOnline: boolean;
  /** Null: passthrough. */
  readonly program: ProgramFacts | null;
  /** Sources that are there and cannot be shown, with why, where that is known. */
  readonly brokenSources: readonly { readonly name: string; readonly why: string | null }[];
  /** Names of the sources online of which far less arrives than usual. */
  readonly starvedSources: readonly string[];
  /** Sources online that lose packets on their way. `loss`: their part, 0 to 1. `isResent`: may still have come in time. */
  readonly lossySources: readonly { readonly name: string; readonly loss: number; readonly isResent: boolean }[];
  /** The node that runs it has hardly a processor left. */
  readonly nodeBusy: boolean;
  /** What should report on this studio does not: what is known of it may be old. */
  readonly mediaNodeSilent: boolean;
  readonly destinations: readonly DestinationFacts[];
};

export type DestinationFacts = {
  readonly name: string;
  readonly status: Destination["status"];
  readonly lastError: { readonly message: string } | null;
  /** Frames were dropped in the last seconds. */
  readonly drops: boolean;
};

type Reason = Health["reasons"][number];

const silent: Reason = {
  code: "media_node_silent",
  message: "The media node does not report. What is shown may be out of date until it is back.",
};

const busy: Reason = {
  code: "node_busy",
  message: "The media node is at the end of its strength: what it makes may soon be late.",
};

const heldBack: Reason = {
  code: "no_capacity",
  message:
    "A source is there, and the media nodes cannot carry another program now: the studio goes live by itself when they can.",
};

function reasonOf({ name, status, lastError, drops }: DestinationFacts): Reason | null {
  const because = lastError === null ? "" : ` ${lastError.message}`;
  switch (status) {
    case "live":
      if (!drops) return null;
      return { code: "destination_queue", message: `${name} takes less than is sent: frames are dropped for it.` };
    case "idle":
    case "connecting":
      return { code: "destination_connecting", message: `${name} is being connected.` };
    case "reconnecting":
      return { code: "destination_reconnecting", message: `${name} is being reconnected.${because}` };
    case "failed":
      return { code: "destination_failed", message: `${name} failed.${because}` };
  }
}

const starved = (name: string): Reason => ({
  code: "source_bitrate_low",
  message: `Far less arrives of ${name} than usual: its connection may be failing.`,
});

function lossy({ name, loss, isResent }: HealthFacts["lossySources"][number]): Reason {
  const what = isResent
    ? "are lost on their way and have to be sent again: what does not come in time is missing."
    : "are lost: its picture and sound are damaged.";
  return { code: "source_packet_loss", message: `${Math.round(loss * 100)} % of the packets of ${name} ${what}` };
}

const broken = ({ name, why }: HealthFacts["brokenSources"][number]): Reason => ({
  code: "source_error",
  message: `${name} cannot be shown. ${why ?? "It sends what TRaX cannot play."}`,
});

/** What is amiss with what the program is made of, or with its making. */
function programsReasons(facts: HealthFacts): Reason[] {
  const { program, state, hadSource } = facts;
  // Nobody knows.
  if (program !== null && !program.running && facts.mediaNodeSilent) return [];
  const own = program === null ? sourceReason(facts) : programReasons(program, state === "live", hadSource);
  return [own ?? []].flat();
}

function sourceReason(facts: HealthFacts): Reason | null {
  if (facts.sourceOnline) return null;
  return facts.hadSource
    ? { code: "source_lost", message: "The source is gone. Destinations are held open until it returns." }
    : { code: "waiting_for_source", message: "No source has come online yet." };
}

/** Nothing gets out, or nobody can tell that it does. */
function isBad(facts: HealthFacts): boolean {
  const down = (one: DestinationFacts) => one.status === "reconnecting" || one.status === "failed";
  const allDown = facts.destinations.length > 0 && facts.destinations.every(down);
  const { program } = facts;
  const stands = program === null ? !facts.sourceOnline : facts.state === "live" && !program.running;
  return facts.mediaNodeSilent || stands || allDown;
}

/**
 * How a studio fares: `good` when it is live and all it should do happens,
 * `bad` when nothing gets out, `degraded` in between (coming up and going down
 * included), `offline` when it is. Each thing that is amiss is a reason. Pure.
 */
export function healthOf(facts: HealthFacts): Health {
  const silence = facts.mediaNodeSilent ? [silent] : [];
  if (facts.state === "offline")
    return { level: "offline", reasons: [...silence, ...(facts.heldBack ? [heldBack] : [])] };
  if (facts.state === "stopping") {
    const stopping = { code: "stopping", message: "The studio is going offline." };
    return { level: facts.mediaNodeSilent ? "bad" : "degraded", reasons: [...silence, stopping] };
  }
  const reasons = [
    ...silence,
    ...programsReasons(facts),
    ...facts.brokenSources.map(broken),
    ...facts.starvedSources.map(starved),
    ...facts.lossySources.map(lossy),
    // A relay asks next to nothing of it.
    ...(facts.nodeBusy && facts.program !== null ? [busy] : []),
    ...facts.destinations.map(reasonOf).filter((reason) => reason !== null),
  ];
  if (facts.destinations.length === 0) {
    reasons.push({
      code: "no_destination",
      message: "No destination is enabled: the program runs and is sent nowhere.",
    });
  }
  if (isBad(facts)) return { level: "bad", reasons };
  if (reasons.length > 0 || facts.state === "starting") return { level: "degraded", reasons };
  return { level: "good", reasons };
}
