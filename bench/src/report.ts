import type { Benchmark, Goal, Outcome, Series } from "./benchmark.ts";
import type { Machine } from "./machine.ts";
import { median, percentile } from "./statistics.ts";

export type Circumstances = {
  readonly startedAt: string;
  readonly seconds: number;
  readonly quick: boolean;
  readonly machine: Machine;
  readonly versions: Readonly<Record<string, string>>;
  /** The machine's load before and after: how much else ran. */
  readonly load: { readonly before: number; readonly after: number };
};

export type Report = ReturnType<typeof makeReport>;

/** All there is to say about one run of one benchmark, ready to be written as JSON. */
export function makeReport(benchmark: Benchmark, outcome: Outcome, circumstances: Circumstances) {
  return {
    name: benchmark.name,
    title: benchmark.title,
    ...circumstances,
    method: outcome.method,
    figures: outcome.series.map((series) => summarise(series)),
    notes: outcome.notes,
  };
}

function summarise({ name, unit, samples, goal }: Series) {
  const middle = median(samples);
  return {
    name,
    unit,
    median: round(middle),
    p95: round(percentile(samples, 0.95)),
    min: round(Math.min(...samples)),
    max: round(Math.max(...samples)),
    goal: goal === undefined ? null : words(goal),
    met: goal === undefined ? null : isMet(goal, middle),
    samples: samples.map((sample) => round(sample)),
  };
}

function isMet(goal: Goal, value: number): boolean {
  return "atLeast" in goal ? value >= goal.atLeast : value <= goal.atMost;
}

function words(goal: Goal): string {
  return "atLeast" in goal ? `${goal.atLeast} or more` : `${goal.atMost} or less`;
}

/** Four digits that matter. */
function round(value: number): number {
  return Number(value.toPrecision(4));
}

export function asMarkdown(report: Report): string {
  const { machine, versions, load } = report;
  const rows = report.figures.map(({ name, unit, samples, goal, met, ...figure }) =>
    [
      name,
      unit,
      show(figure.median),
      show(figure.p95),
      show(figure.min),
      show(figure.max),
      String(samples.length),
      goal ?? "",
      met === null ? "" : met ? "met" : "**not met**",
    ].join(" | "),
  );
  return [
    `# ${report.title}`,
    "",
    ...(report.quick ? ["**A quick run, to see that it works: its figures mean little.**", ""] : []),
    report.method,
    "",
    "| what | unit | median | p95 | min | max | samples | goal | |",
    "| --- | --- | ---: | ---: | ---: | ---: | ---: | --- | --- |",
    ...rows.map((row) => `| ${row} |`),
    "",
    ...report.notes.map((note) => `- ${note}`),
    "",
    `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGb} GB, ${machine.kernel}; load ${load.before} before, ${load.after} after.`,
    `${Object.entries(versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(", ")}.`,
    `${report.startedAt}, ${report.seconds} s. Again: \`node bench/src/run.ts ${report.name}\`.`,
    "",
  ].join("\n");
}

function show(value: number): string {
  return value.toLocaleString("en-US", { maximumSignificantDigits: 4 });
}
