import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";

const entry = fileURLToPath(new URL("../relay/worker.ts", import.meta.url));

/** What a worker may see of the environment: no database, no keys. */
const passedOn = /^(PATH|HOME|LANG|TZ|TRAX_LOG_LEVEL|OTEL_.*|NODE_EXTRA_CA_CERTS|NODE_COMPILE_CACHE)$/;

/** Starts a relay worker; its log lines go where ours go. */
export function forkRelayWorker(withFfmpeg: boolean): ChildProcess {
  const environment = Object.fromEntries(Object.entries(process.env).filter(([name]) => passedOn.test(name)));
  return fork(entry, [], {
    env: {
      ...environment,
      // Names are resolved on the thread pool, and FFmpeg's calls block it: neither may starve the other.
      UV_THREADPOOL_SIZE: "16",
      // Without it FFmpeg's allocations grow for ever.
      ...(withFfmpeg ? { MALLOC_ARENA_MAX: "2" } : {}),
    },
    stdio: ["ignore", "inherit", "inherit", "ipc"],
    serialization: "json",
  });
}
