import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { constants, setPriority } from "node:os";
import { fileURLToPath } from "node:url";

const entry = fileURLToPath(new URL("worker.ts", import.meta.url));

/** What a worker may see of the environment: no database, no keys. */
const passedOn = /^(PATH|HOME|LANG|TZ|TRAX_LOG_LEVEL|OTEL_.*|NODE_EXTRA_CA_CERTS|NODE_COMPILE_CACHE)$/;

/**
 * Pictures and sound lie outside V8's heap, a few MB more or fewer of them at a
 * time. With its defaults V8 holds that against the room that its old generation
 * has left, and marks all of it once a second; and it lets go of what is outside
 * only when 16 MB of small things have been made. In a smaller room for new
 * things the short-lived ones would be taken for old ones, and be marked as often.
 */
const memoryOptions = [
  "--min-semi-space-size=8",
  "--max-semi-space-size=8",
  "--external-memory-accounted-in-global-limit",
  // Garbage outside is let go of when there is as much again as is in use, not three times that.
  "--heap-growing-percent=100",
];

export type ForkOptions = {
  /** Where its log lines go: where ours go unless set. */
  readonly output?: "inherit" | "pipe";
};

/** Starts a program worker, which says `ready` when it can be told its program. */
export function forkProgramWorker(options: ForkOptions = {}): ChildProcess {
  const environment = Object.fromEntries(Object.entries(process.env).filter(([name]) => passedOn.test(name)));
  const { output = "inherit" } = options;
  const child = fork(entry, [], {
    env: {
      ...environment,
      // FFmpeg's calls block a thread each: as many as sources, outputs and stages, and some to spare.
      UV_THREADPOOL_SIZE: "64",
      // Without it FFmpeg's allocations grow for ever.
      MALLOC_ARENA_MAX: "2",
    },
    execArgv: memoryOptions,
    stdio: ["ignore", output, output, "ipc"],
    serialization: "json",
  });
  if (child.pid !== undefined) preferred(child.pid);
  return child;
}

/** A frame that comes late is seen by everybody; most else on a machine can wait. Set before it has threads, which inherit it. */
function preferred(pid: number): void {
  try {
    setPriority(pid, constants.priority.PRIORITY_ABOVE_NORMAL);
  } catch {
    // Only the superuser may: without it the program takes its turn like everything else.
  }
}
