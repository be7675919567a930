import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

export type ForkedProcess = { readonly child: ChildProcess; readonly pid: number; readonly stop: () => Promise<void> };

/** Forks one of our own files; it ends when its IPC channel closes, which is how it is stopped. */
export async function forkProcess(file: string): Promise<ForkedProcess> {
  const child = fork(fileURLToPath(new URL(file, import.meta.url)), [], {
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  await once(child, "spawn");
  const { pid } = child;
  if (pid === undefined) throw new Error(`${file} has no process id`);
  const exited = once(child, "exit");
  return {
    child,
    pid,
    stop: async () => {
      if (child.connected) child.disconnect();
      await exited;
    },
  };
}
