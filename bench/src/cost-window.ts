import { setTimeout as delay } from "node:timers/promises";
import { costOf } from "./process-cost.ts";
import type { Cost } from "./process-cost.ts";

export type WindowCost = {
  /** Percent of one core, over the window. */
  readonly cpuPercent: number;
  /** Resident memory at the window's end, MB. */
  readonly rssMb: number;
};

/**
 * What groups of processes cost while `ms` pass, all in the same window. Of
 * a group those count that live throughout: a database's backends come and go.
 */
export async function costDuring<Name extends string>(
  ms: number,
  groups: Readonly<Record<Name, readonly number[]>>,
): Promise<Map<Name, WindowCost>> {
  const names = namesOf(groups);
  const read = (): Promise<(Cost | null)[][]> =>
    Promise.all(names.map((name) => Promise.all(groups[name].map((pid) => costOf(pid)))));
  const before = await read();
  const start = performance.now();
  // The window itself: there is no condition to wait for.
  await delay(ms);
  const after = await read();
  const elapsed = performance.now() - start;
  return new Map(names.map((name, index) => [name, groupCost(name, before[index] ?? [], after[index] ?? [], elapsed)]));
}

function groupCost(
  name: string,
  before: readonly (Cost | null)[],
  after: readonly (Cost | null)[],
  elapsed: number,
): WindowCost {
  let [cpuMs, rssBytes, alive] = [0, 0, 0];
  for (const [index, then] of before.entries()) {
    const now = after[index] ?? null;
    if (then === null || now === null) continue;
    alive += 1;
    cpuMs += now.cpuMs - then.cpuMs;
    rssBytes += now.rssBytes;
  }
  if (alive === 0) throw new Error(`no process of "${name}" lived through the window`);
  return { cpuPercent: (cpuMs / elapsed) * 100, rssMb: rssBytes / 1e6 };
}

function namesOf<Name extends string>(groups: Readonly<Record<Name, unknown>>): Name[] {
  const names: Name[] = [];
  for (const name in groups) names.push(name);
  return names;
}
