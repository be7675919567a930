import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Load generators of the system, and the Debian packages that bring them. */
const packages = { wrk: ["wrk"], pgbench: ["postgresql-contrib"] } as const;

/** Sees to it that a load generator is there: installs it where we are root, else says in one line how to get it. */
export async function ensureProgram(program: keyof typeof packages): Promise<void> {
  if (await isThere(program)) return;
  const wanted = packages[program];
  if (process.getuid?.() === 0) {
    const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
    const options = ["-qq", "-o", "DPkg::Lock::Timeout=300"];
    await run("apt-get", [...options, "update"], { env }).catch(() => null);
    await run("apt-get", [...options, "install", "-y", "--no-install-recommends", ...wanted], { env }).catch(
      () => null,
    );
  }
  if (!(await isThere(program)))
    throw new Error(`Missing for this benchmark: ${program}. Get it with: apt-get install -y ${wanted.join(" ")}`);
}

async function isThere(program: string): Promise<boolean> {
  return run("sh", ["-c", `command -v ${program}`]).then(
    () => true,
    () => false,
  );
}
