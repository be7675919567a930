import type { Health } from "@trax/contract";

/** How a composed program fares, as measured. */
export type ProgramFacts = {
  /** Frames are made: its worker has told so just now. */
  readonly running: boolean;
  readonly onSlate: boolean;
  /** How far the encoder is behind real time. */
  readonly behindMs: number;
  /** Frames were skipped in the last seconds. */
  readonly skips: boolean;
  /** x264's, a lower one where the usual could not keep up. */
  readonly preset: string;
  /** The worst source: its sound against its picture. */
  readonly driftMs: number;
};

type Reason = Health["reasons"][number];

const behindAtMs = 500;
const driftAtMs = 40;

function slateReason(hadSource: boolean): Reason {
  return hadSource
    ? { code: "on_slate", message: "What the scene shows is gone: the slate is on air until it returns." }
    : { code: "on_slate", message: "The slate is on air: nothing that the scene shows has come online yet." };
}

function loweredReason(preset: string): Reason | null {
  if (!/^(superfast|ultrafast)/.test(preset)) return null;
  const how = preset.endsWith("/2") ? "a plainer picture at half the frame rate" : "a plainer picture";
  return { code: "encoder_lowered", message: `The media node is too slow for this program: it makes ${how}.` };
}

/** What is amiss with a composed program. `hadSource`: in this broadcast. Pure. */
export function programReasons(facts: ProgramFacts, isLive: boolean, hadSource: boolean): Reason[] {
  if (!facts.running) {
    return isLive
      ? [{ code: "program_restarting", message: "The program stands still and is being started again." }]
      : [{ code: "program_starting", message: "The program is being started." }];
  }
  const reasons: (Reason | null)[] = [
    facts.onSlate ? slateReason(hadSource) : null,
    facts.behindMs > behindAtMs || facts.skips
      ? {
          code: "encoder_behind",
          message: "The media node is too slow for this program: frames are late or left out. A smaller canvas helps.",
        }
      : null,
    loweredReason(facts.preset),
    facts.driftMs > driftAtMs
      ? { code: "av_drift", message: `Sound and picture of a source are ${facts.driftMs} ms apart.` }
      : null,
  ];
  return reasons.filter((reason) => reason !== null);
}
