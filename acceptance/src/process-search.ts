import { readFile, readdir } from "node:fs/promises";

/** What the kernel tells of processes: whose child each is, its arguments and its environment. */
export type FoundProcess = { readonly pid: number; readonly commandLine: string };

async function textOf(pid: number, file: "cmdline" | "environ" | "stat"): Promise<string> {
  return readFile(`/proc/${pid}/${file}`, "utf8").catch(() => "");
}

async function allPids(): Promise<number[]> {
  return (await readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(Number);
}

/** After the name, which may hold anything: state, then the parent. */
async function parentOf(pid: number): Promise<{ parent: number; isZombie: boolean }> {
  const stat = await textOf(pid, "stat");
  const [state, parent] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return { parent: Number(parent ?? 0), isZombie: state === "Z" || state === undefined || state === "" };
}

/**
 * The processes of an instance, its launcher left out: those that descend from
 * it, and those that were left by one (their environment names its data directory).
 */
export async function processesOf(instance: {
  readonly pid: number | null;
  readonly dataDir: string;
}): Promise<FoundProcess[]> {
  const parents = new Map<number, number>();
  const found: FoundProcess[] = [];
  const pids = (await allPids()).filter((pid) => pid !== process.pid);
  const alive: number[] = [];
  for (const pid of pids) {
    const { parent, isZombie } = await parentOf(pid);
    parents.set(pid, parent);
    if (!isZombie) alive.push(pid);
  }
  const descends = (pid: number): boolean => {
    for (let one = parents.get(pid) ?? 0; one > 1; one = parents.get(one) ?? 0) if (one === instance.pid) return true;
    return false;
  };
  for (const pid of alive) {
    if (pid === instance.pid) continue;
    const commandLine = (await textOf(pid, "cmdline")).replaceAll("\0", " ").trim();
    const marked = (await textOf(pid, "environ")).split("\0").includes(`TRAX_DATA_DIR=${instance.dataDir}`);
    if (marked || descends(pid)) found.push({ pid, commandLine });
  }
  return found;
}
