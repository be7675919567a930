import { readFile, readdir } from "node:fs/promises";

/** `startedAt` is the kernel's: with the pid it names one process for good. */
export type FoundProcess = { readonly pid: number; readonly startedAt: string; readonly commandLine: string };

type Stat = { readonly parent: number; readonly startedAt: string; readonly isZombie: boolean };

async function textOf(pid: number, file: "cmdline" | "stat"): Promise<string> {
  return readFile(`/proc/${pid}/${file}`, "utf8").catch(() => "");
}

/** After the name, which may hold anything: state, parent and, as the 22nd field, the start; null for one that is gone. */
async function statOf(pid: number): Promise<Stat | null> {
  const stat = await textOf(pid, "stat");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [state, parent, startedAt] = [fields[0], fields[1], fields[19]];
  if (parent === undefined || startedAt === undefined) return null;
  return { parent: Number(parent), startedAt, isZombie: state === "Z" };
}

/** What descends from a process: an instance's own processes, where it is the supervisor. */
export async function descendantsOf(ancestor: number): Promise<FoundProcess[]> {
  const stats = new Map<number, Stat>();
  for (const name of await readdir("/proc")) {
    const stat = /^\d+$/.test(name) ? await statOf(Number(name)) : null;
    if (stat !== null) stats.set(Number(name), stat);
  }
  const descends = (pid: number): boolean => {
    for (let one = stats.get(pid)?.parent ?? 0; one > 1; one = stats.get(one)?.parent ?? 0)
      if (one === ancestor) return true;
    return false;
  };
  const found: FoundProcess[] = [];
  for (const [pid, { startedAt, isZombie }] of stats) {
    if (isZombie || !descends(pid)) continue;
    found.push({ pid, startedAt, commandLine: (await textOf(pid, "cmdline")).replaceAll("\0", " ").trim() });
  }
  return found;
}

/** Those of them that still run. */
export async function stillThere(processes: readonly FoundProcess[]): Promise<FoundProcess[]> {
  const left: FoundProcess[] = [];
  for (const one of processes) {
    const stat = await statOf(one.pid);
    if (stat?.startedAt === one.startedAt && !stat.isZombie) left.push(one);
  }
  return left;
}
