import { readdir, readFile } from "node:fs/promises";

/**
 * When a process started, in the kernel's clock ticks since boot (field 22 of
 * /proc/PID/stat): with the pid it names one process for good. Null when it is
 * gone, or only waits for its parent to notice.
 */
export async function processStartTime(pid: number): Promise<string | null> {
  const text = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  // The name in brackets may hold anything, brackets and spaces included.
  const [state, ...fields] = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return state === "Z" || state === "X" ? null : (fields[18] ?? null);
}

/** The processes that were started with exactly this first argument. */
export async function findByArgument(argument: string): Promise<number[]> {
  const pids = (await readdir("/proc")).map(Number).filter((pid) => Number.isInteger(pid) && pid > 0);
  const found: number[] = [];
  for (const pid of pids) {
    const commandLine = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
    if (commandLine.split("\0")[1] === argument && (await processStartTime(pid)) !== null) found.push(pid);
  }
  return found;
}
