import type { X264Preset } from "../ffmpeg/video-encoder.ts";

/** How much work the encoder is given. */
export type Effort = { readonly name: string; readonly preset: X264Preset; readonly halfRate: boolean };

export const usualEffort: Effort = { name: "veryfast", preset: "veryfast", halfRate: false };
const steps: readonly Effort[] = [
  usualEffort,
  { name: "superfast", preset: "superfast", halfRate: false },
  { name: "ultrafast", preset: "ultrafast", halfRate: false },
  { name: "ultrafast/2", preset: "ultrafast", halfRate: true },
];

/** Behind by more than this for so long, it cannot keep up. */
const behindMs = 150;
const behindForMs = 2_000;
/** Time for a lower step to catch up before it counts as too slow as well. */
const patienceMs = 4_000;
const quietMs = 60_000;
/** A step that failed is tried again after twice the time, at the most after this. */
const longestQuietMs = 15 * 60_000;
/** A raised step that falls behind so soon was raised too early. */
const tooSoonMs = 20_000;

/** Decides how much work the encoder is given, by how far it is behind real time. */
export class PresetLadder {
  #step = 0;
  #behindSince: number | null = null;
  #quietSince: number | null = null;
  #changedAt = -Infinity;
  #wasRaised = false;
  #quietMs = quietMs;

  get effort(): Effort {
    return steps[this.#step] ?? usualEffort;
  }

  /** After each frame: how far behind it came out, and when (ms). */
  note(lateMs: number, now: number): void {
    if (lateMs <= behindMs) {
      this.#behindSince = null;
      this.#quietSince ??= now;
      if (this.#step > 0 && now - this.#quietSince >= this.#quietMs) this.#change(-1, now);
      return;
    }
    this.#quietSince = null;
    this.#behindSince ??= now;
    const isPatient = now - this.#changedAt < patienceMs;
    if (!isPatient && now - this.#behindSince >= behindForMs) this.#change(1, now);
  }

  #change(by: 1 | -1, now: number): void {
    const step = this.#step + by;
    if (steps[step] === undefined) return;
    if (by === 1 && this.#wasRaised) {
      const wasTooSoon = now - this.#changedAt < tooSoonMs;
      this.#quietMs = wasTooSoon ? Math.min(longestQuietMs, this.#quietMs * 2) : quietMs;
    }
    this.#step = step;
    this.#wasRaised = by === -1;
    this.#changedAt = now;
    this.#behindSince = null;
    this.#quietSince = null;
  }
}
