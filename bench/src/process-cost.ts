import { readdir, readFile } from "node:fs/promises";

/** What a process has used so far (CPU) and holds now (memory). */
export type Cost = {
  /** ms on a core, user and system, of all threads that live. */
  readonly cpuMs: number;
  /** Resident bytes; pages that processes share are counted in each. */
  readonly rssBytes: number;
};

/**
 * Reads what a process costs; null when it has ended. CPU time is the
 * scheduler's own count (/proc/PID/task/TID/schedstat, ns), since the clock
 * ticks of /proc/PID/stat are 10 ms, which is as much as nginx uses in seconds.
 */
export async function costOf(pid: number): Promise<Cost | null> {
  try {
    const threads = await readdir(`/proc/${pid}/task`);
    const spent = await Promise.all(
      threads.map(async (thread) => {
        // A thread may end between the two reads.
        const text = await readFile(`/proc/${pid}/task/${thread}/schedstat`, "utf8").catch(() => "0");
        return Number(text.split(" ")[0]) / 1e6;
      }),
    );
    const status = await readFile(`/proc/${pid}/status`, "utf8");
    const resident = /^VmRSS:\s+(\d+) kB/m.exec(status)?.[1];
    return { cpuMs: spent.reduce((total, ms) => total + ms, 0), rssBytes: Number(resident ?? 0) * 1024 };
  } catch (error) {
    if (error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ESRCH")) return null;
    throw error;
  }
}

/** CPU that each of these processes uses while `work` runs, ms. */
export async function cpuWhile<T>(
  pids: readonly number[],
  work: () => Promise<T>,
): Promise<{ cpuMs: number[]; result: T }> {
  const before = await Promise.all(pids.map((pid) => costOf(pid)));
  const result = await work();
  const after = await Promise.all(pids.map((pid) => costOf(pid)));
  const cpuMs = pids.map((pid, index) => {
    const [then, now] = [before[index] ?? null, after[index] ?? null];
    if (then === null || now === null) throw new Error(`process ${pid} has ended`);
    return now.cpuMs - then.cpuMs;
  });
  return { cpuMs, result };
}

/** The process and all that it started, directly or not. */
export async function treeOf(pid: number): Promise<number[]> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8").catch(() => "");
  const trees = await Promise.all(
    children
      .split(" ")
      .filter((text) => text !== "")
      .map((child) => treeOf(Number(child))),
  );
  return [pid, ...trees.flat()];
}
