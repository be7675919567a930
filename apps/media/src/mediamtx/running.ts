import { spawn } from "node:child_process";
import { once } from "node:events";
import { open } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { processStartTime } from "./process.ts";

/** A router's process, whether we started it or found it. */
export type Running = {
  readonly pid: number;
  readonly startTime: string;
  /** Fulfilled when it is gone. */
  readonly gone: Promise<void>;
  /** SIGTERM, and SIGKILL to one that is still there at the deadline; fulfilled when it is gone. */
  readonly stop: () => Promise<void>;
  /** SIGKILL, at once, for one that is stuck. */
  readonly kill: () => Promise<void>;
};

const stopDeadlineMs = 5000;
const pollMs = 100;

/**
 * Starts the router so that it outlives us: in a session of its own, with a log
 * file for its output (a pipe to us would end it with SIGPIPE after we are
 * killed), and with an empty environment, because MediaMTX lets any `MTX_...`
 * variable override its configuration.
 */
export async function launch(options: {
  readonly binary: string;
  readonly configPath: string;
  readonly logPath: string;
  readonly directory: string;
}): Promise<Running> {
  const log = await open(options.logPath, "a", 0o600);
  try {
    const child = spawn(options.binary, [options.configPath], {
      cwd: options.directory,
      detached: true,
      env: {},
      stdio: ["ignore", log.fd, log.fd],
    });
    const { promise: gone, resolve } = Promise.withResolvers<void>();
    child.once("exit", () => resolve());
    await once(child, "spawn");
    const { pid } = child;
    if (pid === undefined) throw new Error("the router has no process id");
    const startTime = (await processStartTime(pid)) ?? "";
    return { pid, startTime, gone, stop: () => end(pid, startTime, gone), kill: () => kill(pid, startTime) };
  } finally {
    await log.close();
  }
}

/** Takes over a router that an earlier agent started; null when that process is gone. */
export async function adopt(pid: number, startTime: string): Promise<Running | null> {
  if ((await processStartTime(pid)) !== startTime) return null;
  const { promise: gone, resolve } = Promise.withResolvers<void>();
  // It is not our child, so nobody tells us.
  const timer = setInterval(() => void look(), pollMs);
  timer.unref();
  async function look(): Promise<void> {
    if ((await processStartTime(pid)) === startTime) return;
    clearInterval(timer);
    resolve();
  }
  return { pid, startTime, gone, stop: () => end(pid, startTime, gone), kill: () => kill(pid, startTime) };
}

/** Ends a process that is not ours to keep, and waits until it is gone. */
export async function stopProcess(pid: number): Promise<void> {
  const running = await adopt(pid, (await processStartTime(pid)) ?? "");
  await running?.stop();
}

async function end(pid: number, startTime: string, gone: Promise<void>): Promise<void> {
  // A pid whose process is gone may be somebody else's by now.
  if ((await processStartTime(pid)) === startTime) signal(pid, "SIGTERM");
  const enough = new AbortController();
  const deadline = delay(stopDeadlineMs, true, { signal: enough.signal }).catch(() => false);
  if (await Promise.race([gone.then(() => false), deadline])) signal(pid, "SIGKILL");
  enough.abort();
  await gone;
}

async function kill(pid: number, startTime: string): Promise<void> {
  if ((await processStartTime(pid)) === startTime) signal(pid, "SIGKILL");
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // Gone already.
  }
}
