import { isDeepStrictEqual } from "node:util";
import type { ProgramReport, SourceFault } from "./protocol.ts";
import type { SourceState } from "./program-input.ts";
import type { Sources } from "./sources.ts";

const undrawable: SourceFault = {
  code: "unsupported_format",
  message: "Its pictures cannot be drawn: their format or shape is one that cannot be scaled.",
};

/** Reports what is known of sources whenever it has changed. */
export class SourceReporter {
  readonly #sources: Sources;
  readonly #undrawable: () => ReadonlySet<string>;
  readonly #report: (report: ProgramReport) => void;
  readonly #told = new Map<string, SourceState>();

  /** `undrawableNow`: sources that are meant to be seen and cannot be drawn. */
  constructor(sources: Sources, undrawableNow: () => ReadonlySet<string>, report: (report: ProgramReport) => void) {
    this.#sources = sources;
    this.#undrawable = undrawableNow;
    this.#report = report;
  }

  /** A few times a second. */
  tick(): void {
    const { inputs } = this.#sources;
    for (const input of inputs) {
      const { sourceId } = input;
      const seen = input.state();
      const state = this.#undrawable().has(sourceId) ? { ...seen, flowing: false, error: undrawable } : seen;
      if (isDeepStrictEqual(state, this.#told.get(sourceId))) continue;
      this.#told.set(sourceId, state);
      this.#report({ type: "source", sourceId, ...state });
    }
    for (const sourceId of this.#told.keys())
      if (this.#sources.get(sourceId) === undefined) this.#told.delete(sourceId);
  }
}
