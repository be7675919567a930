import { readdir, readFile, readlink } from "node:fs/promises";
import { basename } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

/**
 * What /proc says about other processes. Only Linux has it; elsewhere nothing
 * is found, and cleaning up after a killed supervisor is left to the user.
 */
async function listPids(): Promise<number[]> {
  try {
    return (await readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(Number);
  } catch {
    return [];
  }
}

type Stat = { readonly state: string; readonly parent: number; readonly startTime: string };

async function readStat(pid: number): Promise<Stat | null> {
  try {
    const text = await readFile(`/proc/${pid}/stat`, "utf8");
    // The name stands in parentheses and may hold anything, so read from its end.
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    const [state, parent, startTime] = [fields[0], fields[1], fields[19]];
    if (state === undefined || parent === undefined || startTime === undefined) return null;
    return { state, parent: Number(parent), startTime };
  } catch {
    return null;
  }
}

/** Whether the process exists and has not already ended (a zombie that nobody reaps counts as ended). */
export async function isAlive(pid: number): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  const stat = await readStat(pid);
  return stat === null || (stat.state !== "Z" && stat.state !== "X");
}

/** Processes that were started with `name=value` in their environment, this one not counted. */
export async function findByEnvironment(name: string, value: string): Promise<number[]> {
  const wanted = `${name}=${value}`;
  return filterPids(async (pid) => (await readFile(`/proc/${pid}/environ`, "utf8")).split("\0").includes(wanted));
}

/** Processes that run a program of that file name in that directory. */
export async function findByDirectory(program: string, directory: string): Promise<number[]> {
  return filterPids(async (pid) => {
    if ((await readlink(`/proc/${pid}/cwd`)) !== directory) return false;
    // An executable that was replaced meanwhile reads "… (deleted)".
    return basename(await readlink(`/proc/${pid}/exe`)).split(" ")[0] === program;
  });
}

/** Processes that work in that directory, on a file in it that their arguments name. */
export async function findByWorkIn(directory: string): Promise<number[]> {
  return filterPids(async (pid) => {
    if ((await readlink(`/proc/${pid}/cwd`)) !== directory) return false;
    const args = (await readFile(`/proc/${pid}/cmdline`, "utf8")).split("\0").slice(1);
    return args.some((arg) => arg.startsWith(`${directory}/`));
  });
}

/** Which processes these are, so that `stillRunning` is not misled by a pid that was given away again. */
export type KnownProcesses = ReadonlyMap<number, string>;

export async function rememberProcesses(pids: readonly number[]): Promise<KnownProcesses> {
  const known = new Map<number, string>();
  for (const pid of pids) {
    const stat = await readStat(pid);
    if (stat !== null) known.set(pid, stat.startTime);
  }
  return known;
}

export async function stillRunning(known: KnownProcesses): Promise<number[]> {
  const now = await rememberProcesses([...known.keys()]);
  return [...known].filter(([pid, startTime]) => now.get(pid) === startTime).map(([pid]) => pid);
}

/** Every living process below `ancestor`, children of children included. */
export async function findDescendants(ancestor: number): Promise<number[]> {
  const children = new Map<number, number[]>();
  for (const pid of await listPids()) {
    const stat = await readStat(pid);
    if (stat === null || stat.state === "Z") continue;
    children.set(stat.parent, [...(children.get(stat.parent) ?? []), pid]);
  }
  const found: number[] = [];
  const visit = (pid: number): void => {
    for (const child of children.get(pid) ?? []) {
      found.push(child);
      visit(child);
    }
  };
  visit(ancestor);
  return found;
}

async function filterPids(matches: (pid: number) => Promise<boolean>): Promise<number[]> {
  const pids = (await listPids()).filter((pid) => pid !== process.pid);
  // A process that ends while it is looked at, or is somebody else's, does not match.
  const verdicts = await Promise.all(pids.map((pid) => matches(pid).catch(() => false)));
  return pids.filter((_, index) => verdicts[index]);
}

/** Sends a signal; a process that is gone already is no error. */
export function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // Gone, which is what a signal was to bring about.
  }
}

/** Waits until all of them have ended, and gives those that have not after `withinMs`. */
export async function waitUntilGone(pids: readonly number[], withinMs: number): Promise<number[]> {
  const deadline = performance.now() + withinMs;
  let left = await stillAlive(pids);
  while (left.length > 0 && performance.now() < deadline) {
    await delay(20);
    left = await stillAlive(left);
  }
  return left;
}

async function stillAlive(pids: readonly number[]): Promise<number[]> {
  const verdicts = await Promise.all(pids.map(isAlive));
  return pids.filter((_, index) => verdicts[index]);
}

/** Asks processes to end, and ends by force those that have not after `graceMs`. Gives those that could not be ended. */
export async function endProcesses(pids: readonly number[], graceMs: number): Promise<number[]> {
  for (const pid of pids) signalProcess(pid, "SIGTERM");
  const stubborn = await waitUntilGone(pids, graceMs);
  for (const pid of stubborn) signalProcess(pid, "SIGKILL");
  return waitUntilGone(stubborn, 5_000);
}
