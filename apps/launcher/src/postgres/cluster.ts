import { spawn } from "node:child_process";
import { access, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { Failure } from "../failure.ts";
import type { Binaries } from "./binaries.ts";
import { asUser } from "./database-user.ts";
import { makePrivate, ownDirectory } from "./home.ts";
import type { Home } from "./home.ts";

export const databaseName = "trax";
export const databaseRole = "trax";

/** What PostgreSQL's programs see of our environment: nothing that could lead them elsewhere (PGPORT, PGHOST, …). */
export function postgresEnvironment(): NodeJS.ProcessEnv {
  return { PATH: process.env["PATH"], LC_ALL: "C", TZ: "UTC" };
}

/** Makes the cluster and the database in it, unless it is there. It appears whole or not at all. */
export async function ensureCluster(home: Home, binaries: Binaries, signal: AbortSignal): Promise<void> {
  if (await exists(join(home.cluster, "PG_VERSION"))) return;
  await rm(home.unfinished, { recursive: true, force: true });
  await makePrivate(home.unfinished, home.user);
  const run = (program: string, args: readonly string[], input: string): Promise<void> =>
    runProgram(home, join(binaries.native, "bin", program), args, input, signal);
  // The built-in C.UTF-8 sorts the same on every machine and through every upgrade of its libraries.
  const locale = ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"];
  const identity = [`--username=${databaseRole}`, "--auth=trust"];
  await run("initdb", ["-D", ownDirectory, ...identity, ...locale, "--no-instructions"], "");
  await run("postgres", ["--single", "-D", ownDirectory, "postgres"], `CREATE DATABASE ${databaseName}\n`);
  await rename(home.unfinished, home.cluster);
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch {
    return false;
  }
}

function runProgram(
  home: Home,
  program: string,
  args: readonly string[],
  input: string,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      ...asUser(home.user),
      cwd: home.unfinished,
      env: postgresEnvironment(),
      stdio: ["pipe", "pipe", "pipe"],
      detached: true,
      signal,
      killSignal: "SIGKILL",
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (text: string) => (output = (output + text).slice(-4_000)));
    child.once("error", reject);
    child.once("close", (code) => {
      if (code === 0) resolve();
      else
        reject(
          new Failure(
            `PostgreSQL could not make its data directory:\n${output.trim()}`,
            "Is the disk full, or its file system read-only? Or name a database in DATABASE_URL",
          ),
        );
    });
    // A program that ends early closes its input; its status tells why.
    child.stdin.on("error", () => undefined);
    child.stdin.end(input);
  });
}
