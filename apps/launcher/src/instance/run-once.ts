import { spawn } from "node:child_process";
import { Failure } from "../failure.ts";
import { root } from "../repository.ts";
import { describeExit, exitOf } from "../supervise/running.ts";

/**
 * Runs one of TRaX's scripts to its end and gives what it wrote to standard
 * output. Throws with the end of its standard error when it fails.
 */
export async function runOnce(
  what: string,
  script: string,
  args: readonly string[],
  environment: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<string> {
  const child = spawn(process.execPath, [script, ...args], {
    cwd: root,
    env: environment,
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
    signal,
    killSignal: "SIGKILL",
  });
  let output = "";
  let errors = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (errors = (errors + text).slice(-4_000)));
  const closed = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const exit = await exitOf(child);
  if (exit.code === 0) {
    await closed;
    return output;
  }
  signal.throwIfAborted();
  if (child.pid !== undefined) await closed;
  const said = (errors.trim() === "" ? output.slice(-4_000) : errors).trim();
  throw new Failure(`${what} ${describeExit(exit)}${said === "" ? "" : `:\n${said}`}`);
}
