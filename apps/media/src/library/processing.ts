import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { LibraryJob, LibraryReport, LibraryResult } from "./protocol.ts";

export type ProcessingLimits = {
  /** It says nothing for so long: it hangs, ms. */
  readonly silentMs: number;
  /** The whole, until it says how long it may take itself, ms. */
  readonly firstMs: number;
  /** Of what may be written to, KiB (RLIMIT_DATA). What Node reserves for itself and never uses counts too: about 700,000. */
  readonly memoryKiB: number;
};

export const processingLimits: ProcessingLimits = { silentMs: 120_000, firstMs: 30 * 60_000, memoryKiB: 2_400_000 };

export type Outcome =
  | { readonly type: "done"; readonly result: LibraryResult }
  | { readonly type: "refused"; readonly reason: string; readonly sha256: string | null }
  /** It came to no end, for whatever reason: it may do so again, or not. */
  | { readonly type: "lost"; readonly why: "hung" | "slow" | "aborted" | "ended"; readonly detail: string };

export type ProcessingListener = {
  readonly onStarted: (pid: number) => void;
  readonly onEnded: (pid: number) => void;
  /** 0 to 100. */
  readonly onProgress: (percent: number) => void;
};

const entry = fileURLToPath(new URL("worker.ts", import.meta.url));

/** What the process may see of the environment: no database, no keys. */
const passedOn = /^(PATH|LANG|TZ|NODE_COMPILE_CACHE)$/;

/** A show on the same machine comes first. */
const niceness = "15";

/**
 * Looks at one file in a process of its own, of low priority and little
 * memory, which is ended by force when it hangs, takes too long, or `signal`
 * says so. Never rejects because of the file.
 */
export async function processFile(
  job: LibraryJob,
  listener: ProcessingListener,
  signal: AbortSignal,
  limits: ProcessingLimits = processingLimits,
): Promise<Outcome> {
  const child = start(limits);
  const { pid } = child;
  if (pid !== undefined) listener.onStarted(pid);
  let outcome: Outcome | null = null;
  const end = (why: "hung" | "slow" | "aborted"): void => {
    outcome ??= { type: "lost", why, detail: why };
    child.kill("SIGKILL");
  };
  const silence = setTimeout(() => end("hung"), limits.silentMs);
  let whole = setTimeout(() => end("slow"), limits.firstMs);
  const abort = (): void => end("aborted");
  signal.addEventListener("abort", abort);
  if (signal.aborted) abort();
  child.on("message", (report: LibraryReport) => {
    silence.refresh();
    switch (report.type) {
      case "progress":
        if (report.longestMs !== null) {
          clearTimeout(whole);
          whole = setTimeout(() => end("slow"), report.longestMs);
        }
        listener.onProgress(report.percent);
        break;
      case "done":
      case "refused":
        outcome ??= report;
        break;
      case "failed":
        outcome ??= { type: "lost", why: "ended", detail: report.message };
    }
  });
  // A failed write means that it is gone: its exit follows.
  if (child.connected) child.send(job, () => undefined);
  const ended = await exitOf(child);
  clearTimeout(silence);
  clearTimeout(whole);
  signal.removeEventListener("abort", abort);
  if (pid !== undefined) listener.onEnded(pid);
  return outcome ?? { type: "lost", why: "ended", detail: ended };
}

/** By the shell's limits: Node has none of its own for memory outside of its heap, where FFmpeg's is. */
function start({ memoryKiB }: ProcessingLimits): ChildProcess {
  const environment = Object.fromEntries(Object.entries(process.env).filter(([name]) => passedOn.test(name)));
  const limited = 'ulimit -d "$1" && ulimit -c 0 && shift && exec nice -n "$@"';
  return spawn(
    "sh",
    ["-c", limited, "sh", String(memoryKiB), niceness, process.execPath, "--max-old-space-size=256", entry],
    {
      env: { ...environment, MALLOC_ARENA_MAX: "2" },
      stdio: ["ignore", "ignore", "inherit", "ipc"],
      serialization: "json",
    },
  );
}

/** Fulfilled when it is gone, with how. */
function exitOf(child: ChildProcess): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  // It could not be started, or not be told its job: in the second case its exit follows.
  child.once("error", (error) => {
    if (child.pid === undefined) resolve(error.message);
  });
  child.once("close", (code, signal) => resolve(signal ?? `exit ${code}`));
  return promise;
}
