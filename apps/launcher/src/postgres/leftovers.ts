import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { Failure } from "../failure.ts";
import { findByDirectory, signalProcess, waitUntilGone } from "../process/process-table.ts";

/**
 * Clears away what a PostgreSQL that was killed, or whose supervisor was, left
 * behind: its processes, then its lock files. PostgreSQL itself believes a
 * lock file whose pid is a zombie nobody reaps, or has been given to another
 * process. The order matters: without the files it would not notice that
 * processes of the last run still write to the cluster.
 */
export async function clearLeftovers(cluster: string, socketDir: string): Promise<void> {
  const pidFile = join(cluster, "postmaster.pid");
  const processes = await findByDirectory("postgres", cluster);
  if (processes.length > 0) {
    const postmaster = await readPid(pidFile);
    if (postmaster !== null && processes.includes(postmaster)) {
      // SIGINT is a fast shutdown: it breaks off its clients and writes everything out.
      signalProcess(postmaster, "SIGINT");
      await waitUntilGone([postmaster], 5_000);
    }
    const rest = await findByDirectory("postgres", cluster);
    for (const pid of rest) signalProcess(pid, "SIGKILL");
    const stubborn = await waitUntilGone(rest, 10_000);
    if (stubborn.length > 0)
      throw new Failure(`An earlier PostgreSQL on ${cluster} does not end (pid ${stubborn.join(", ")})`);
  }
  for (const file of [pidFile, join(socketDir, ".s.PGSQL.5432.lock"), join(socketDir, ".s.PGSQL.5432")])
    await rm(file, { force: true });
}

async function readPid(pidFile: string): Promise<number | null> {
  try {
    const pid = Number((await readFile(pidFile, "utf8")).split("\n")[0]);
    return Number.isSafeInteger(pid) && pid > 1 ? pid : null;
  } catch {
    return null;
  }
}
