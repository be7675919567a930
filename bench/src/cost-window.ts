import { setTimeout as delay } from "node:timers/promises";
import { costOf } from "./process-cost.ts";

export type WindowCost = {
  /** Percent of one core, over the window. */
  readonly cpuPercent: number;
  /** Resident memory at the window's end, MB. */
  readonly rssMb: number;
};

/** What groups of processes cost while `ms` pass, all in the same window. */
export async function costDuring<Name extends string>(
  ms: number,
  groups: Readonly<Record<Name, readonly number[]>>,
): Promise<Map<Name, WindowCost>> {
  const names = namesOf(groups);
  const before = await Promise.all(names.map((name) => costOf(groups[name])));
  const start = performance.now();
  // The window itself: there is no condition to wait for.
  await delay(ms);
  const after = await Promise.all(names.map((name) => costOf(groups[name])));
  const elapsed = performance.now() - start;
  return new Map(
    names.map((name, index) => [
      name,
      {
        cpuPercent: (((after[index]?.cpuMs ?? 0) - (before[index]?.cpuMs ?? 0)) / elapsed) * 100,
        rssMb: (after[index]?.rssBytes ?? 0) / 1e6,
      },
    ]),
  );
}

function namesOf<Name extends string>(groups: Readonly<Record<Name, unknown>>): Name[] {
  const names: Name[] = [];
  for (const name in groups) names.push(name);
  return names;
}
