import type { Machine } from "../machine.ts";
import type { Tally } from "./disturbances.ts";
import type { Growth, MemorySample } from "./memory.ts";
import type { Cadence, Sync, SyncOfShow } from "./recording.ts";

export type Verdict = { readonly what: string; readonly goal: string; readonly seen: string; readonly met: boolean };

export type SoakReport = {
  readonly name: string;
  readonly minutes: number;
  readonly startedAt: string;
  readonly machine: Machine;
  readonly versions: Readonly<Record<string, string>>;
  readonly load: { readonly before: number; readonly after: number };
  readonly tally: Tally;
  readonly verdicts: readonly Verdict[];
  readonly picture: Cadence;
  readonly sound: Cadence;
  readonly sync: SyncOfShow;
  readonly growth: Readonly<Record<string, Growth>>;
  /** Of the program, at the end. */
  readonly skippedFrames: number | null;
  readonly preset: string | null;
  readonly destinations: readonly object[];
  readonly memory: readonly MemorySample[];
};

export function soakMarkdown(report: SoakReport): string {
  const { machine, load, tally, growth, sync } = report;
  const rows = report.verdicts.map(
    ({ what, goal, seen, met }) => `| ${what} | ${goal} | ${seen} | ${met ? "met" : "**not met**"} |`,
  );
  const memory = Object.entries(growth).map(
    ([name, { earlyMb, lateMb, percent }]) =>
      `| ${name} | ${earlyMb.toFixed(1)} | ${lateMb.toFixed(1)} | ${percent.toFixed(1)} |`,
  );
  return `# A soak of ${report.minutes} minutes

One composed studio of 320x180 at 30 frames a second with two counted sources by RTMP, three scenes, and two destinations (nginx-rtmp, the first of which records). ${tally.takes} takes (${tally.fades} fades) ten seconds apart, ${tally.kills} times a source killed and back, ${tally.freezes} times the second destination frozen for 20 s. The first destination's recording is read back afterwards: the packets' times, the source's number in each picture, and the steps of the tones.

| what | goal | seen | |
| --- | --- | --- | --- |
${rows.join("\n")}

| memory | second tenth, MB | last tenth, MB | % |
| --- | ---: | ---: | ---: |
${memory.join("\n")}

- Sound behind picture, sources that have been there for three seconds: ${syncWords(sync.settled)}
- The same in a source's first three seconds: ${syncWords(sync.arriving)}
- Frames skipped by the program: ${report.skippedFrames ?? "unknown"}; x264's preset at the end: ${report.preset ?? "unknown"}.

${machine.cpu}, ${machine.cores} cores, ${machine.memoryGb} GB, ${machine.kernel}; load ${load.before} before, ${load.after} after.
${Object.entries(report.versions)
  .map(([name, version]) => `${name} ${version}`)
  .join(", ")}.
${report.startedAt}. Again: \`node bench/src/soak.ts --minutes ${report.minutes}\`.
`;
}

function syncWords({ steps, median, least, most, medians }: Sync): string {
  if (steps === 0) return "no step of a tone to measure at.";
  return `median ${median} ms, least ${least}, most ${most}, at ${steps} steps of the tones; medians of five minutes each: ${medians.join(", ")}.`;
}
