import { systemClock } from "../relay/clock.ts";
import type { ProgramGauges } from "./protocol.ts";
import type { ProgramInput } from "./program-input.ts";

const windowMs = 3_000;

/** Measures a program as it runs: frames, delay and processor. */
export class GaugeTaker {
  readonly #frames: number[] = [];
  #behindMs = 0;
  #cpu = process.cpuUsage();
  #takenAt = performance.now();

  /** A frame came out so far behind real time. */
  note(behindMs: number): void {
    this.#behindMs = Math.max(this.#behindMs, behindMs);
    this.#frames.push(performance.now());
  }

  /** Once a second. */
  take(of: {
    readonly skippedFrames: number;
    readonly preset: string;
    readonly sources: readonly ProgramInput[];
    readonly driftOf: (sourceId: string) => number;
  }): ProgramGauges {
    const now = performance.now();
    const used = process.cpuUsage(this.#cpu);
    const cores = (used.user + used.system) / 1_000 / Math.max(1, now - this.#takenAt);
    this.#cpu = process.cpuUsage();
    this.#takenAt = now;
    while ((this.#frames[0] ?? now) < now - windowMs) this.#frames.shift();
    const [first, newest] = [this.#frames[0] ?? now, this.#frames.at(-1) ?? now];
    const frameRate = newest > first ? ((this.#frames.length - 1) * 1_000) / (newest - first) : 0;
    const behindMs = Math.round(this.#behindMs);
    this.#behindMs = 0;
    const gauges = of.sources.map((source) => ({ sourceId: source.sourceId, ...source.gauge() }));
    return {
      frameRate: Math.round(frameRate * 100) / 100,
      behindMs,
      skippedFrames: of.skippedFrames,
      preset: of.preset,
      cores: Math.round(cores * 1_000) / 1_000,
      driftMs: Math.round(
        Math.max(0, ...gauges.map(({ sourceId, skewMs }) => Math.max(Math.abs(skewMs), of.driftOf(sourceId)))),
      ),
      sources: gauges.map(({ sourceId, bitrate, lastFrameAt }) => {
        const at = lastFrameAt === null ? null : systemClock.timestampOf(lastFrameAt);
        return { sourceId, bitrate, lastFrameAt: at };
      }),
    };
  }
}
