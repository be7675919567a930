import { isDeepStrictEqual } from "node:util";
import type { ProgramReport } from "./protocol.ts";
import type { SourceState } from "./program-input.ts";
import type { Sources } from "./sources.ts";

/** Reports what is known of sources whenever it has changed. */
export class SourceReporter {
  readonly #sources: Sources;
  readonly #report: (report: ProgramReport) => void;
  readonly #told = new Map<string, SourceState>();

  constructor(sources: Sources, report: (report: ProgramReport) => void) {
    this.#sources = sources;
    this.#report = report;
  }

  /** A few times a second. */
  tick(): void {
    const { inputs } = this.#sources;
    for (const input of inputs) {
      const { sourceId } = input;
      const state = input.state();
      if (isDeepStrictEqual(state, this.#told.get(sourceId))) continue;
      this.#told.set(sourceId, state);
      this.#report({ type: "source", sourceId, ...state });
    }
    for (const sourceId of this.#told.keys())
      if (this.#sources.get(sourceId) === undefined) this.#told.delete(sourceId);
  }
}
