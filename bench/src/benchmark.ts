/** What is to be reached: at least, or at most, so much of the series' unit, by its median. */
export type Goal = { readonly atLeast: number } | { readonly atMost: number };

/** One figure with all its samples, one a repetition, in the order they were taken. */
export type Series = {
  readonly name: string;
  /** `requests/s`, `ms`, `% of a core`, `MB` (10^6 bytes), `ratio`, ... */
  readonly unit: string;
  readonly samples: readonly number[];
  readonly goal?: Goal;
};

export type Outcome = {
  /** What was done, in sentences: enough to do it again. */
  readonly method: string;
  readonly series: readonly Series[];
  /** What a reader must know to judge the figures. */
  readonly notes: readonly string[];
};

export type Setting = {
  /** A few short repetitions, to see that everything runs; its figures mean little. */
  readonly quick: boolean;
  /** Progress, for a human. */
  readonly say: (line: string) => void;
  /** A directory of the run's own that is removed after it. */
  readonly directory: string;
};

export type Benchmark = {
  readonly name: string;
  readonly title: string;
  readonly run: (setting: Setting) => Promise<Outcome>;
};
