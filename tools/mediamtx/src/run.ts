import { spawn } from "node:child_process";

type RunOptions = {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal | undefined;
};

/**
 * Runs a program to its end and gives its standard output. Throws with the end
 * of its standard error when it fails, cannot be started, or `signal` aborts.
 */
export async function run(program: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const child = spawn(program, args, {
    cwd: options.cwd,
    env: options.env ?? process.env,
    signal: options.signal,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  let errors = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (errors = (errors + text).slice(-4000)));
  child.once("error", reject);
  child.once("close", (code, signal) => {
    if (code === 0) resolve(output);
    else reject(new Error(`${program} ${args[0] ?? ""} failed (${signal ?? code}): ${errors.trim().slice(-1500)}`));
  });
  return promise;
}
