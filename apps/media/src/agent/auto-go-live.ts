import type { DesiredStudio } from "@trax/media-protocol";

export type AutomaticStep = {
  readonly goLive: boolean;
  /** The broadcast that is over because its last source is. */
  readonly end: string | null;
  /** Every source is offline: `autoGoLive` may fire again. */
  readonly rearm: boolean;
  /** The broadcast that has a source for the first time. */
  readonly hadSource: string | null;
  readonly lookAgainInMs: number | null;
};

/**
 * `autoGoLive`: live with the first source, offline when the last has been gone
 * for `graceMs`. It fires once: after a deliberate go-offline it waits until
 * every source has been offline. Pure; `now` in ms since the epoch.
 */
export function automaticStep(studio: DesiredStudio, now: number): AutomaticStep {
  // What a program itself opens is there while it runs, and says nothing of a show.
  const sources = studio.sources.filter((source) => source.kind === "ingest");
  const anyOnline = sources.some((source) => source.status !== "offline");
  const current = studio.broadcasts.find((broadcast) => broadcast.desired === "live");
  const step = {
    goLive: false,
    end: null,
    rearm: !studio.autoArmed && !anyOnline && current === undefined,
    hadSource: current !== undefined && anyOnline && !current.hadSource ? current.id : null,
    lookAgainInMs: null,
  };
  if (!studio.autoGoLive) return step;
  if (current === undefined) return anyOnline && studio.autoArmed ? { ...step, goLive: true } : step;
  if (anyOnline || !current.hadSource) return step;
  const lastGone = Math.max(
    ...sources.map((source) => (source.offlineAt === null ? 0 : Date.parse(source.offlineAt))),
    0,
  );
  const left = lastGone + studio.graceMs - now;
  return left <= 0 ? { ...step, end: current.id } : { ...step, lookAgainInMs: left };
}
