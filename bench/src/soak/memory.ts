import { setTimeout as delay } from "node:timers/promises";
import { costOf } from "../process-cost.ts";
import { median } from "../statistics.ts";
import type { Trax } from "../trax.ts";

/** One look at what the processes hold. */
export type MemorySample = {
  readonly atSeconds: number;
  readonly programPid: number;
  /** MB (10^6 bytes) resident, by process name; the studio's own workers only. */
  readonly rssMb: Readonly<Record<string, number>>;
};

const sampleEveryMs = 10_000;

/** Looks every ten seconds until `until` (`performance.now()`). */
export async function sampleMemory(trax: Trax, studioId: string, until: number): Promise<MemorySample[]> {
  const start = performance.now();
  const samples: MemorySample[] = [];
  for (let count = 0; ; count++) {
    const at = start + count * sampleEveryMs;
    await delay(Math.max(0, Math.min(at, until) - performance.now()));
    if (at >= until) return samples;
    samples.push(await look(trax, studioId, (performance.now() - start) / 1000));
  }
}

async function look(trax: Trax, studioId: string, atSeconds: number): Promise<MemorySample> {
  const rssMb: Record<string, number> = {};
  let programPid = 0;
  for (const { name, pid, studioId: one, studioIds } of await trax.processes()) {
    if (name === "program" && one !== studioId) continue;
    if (name === "relay" && studioIds?.includes(studioId) !== true) continue;
    if (name === "program") programPid = pid;
    rssMb[name] = (rssMb[name] ?? 0) + Math.round(((await costOf(pid))?.rssBytes ?? 0) / 1e5) / 10;
  }
  return { atSeconds: Math.round(atSeconds), programPid, rssMb };
}

export type Growth = { readonly earlyMb: number; readonly lateMb: number; readonly percent: number };

/**
 * How a process' memory grew: the median of the second tenth of the time
 * (once it has done everything once) against that of the last tenth.
 */
export function growthOf(samples: readonly MemorySample[], name: string): Growth {
  const all = samples.map(({ rssMb }) => rssMb[name] ?? Number.NaN);
  const tenth = Math.max(1, Math.floor(all.length / 10));
  const [earlyMb, lateMb] = [median(all.slice(tenth, 2 * tenth)), median(all.slice(-tenth))];
  return { earlyMb, lateMb, percent: ((lateMb - earlyMb) / earlyMb) * 100 };
}
