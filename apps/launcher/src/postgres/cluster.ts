import { spawn } from "node:child_process";
import { access, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Failure } from "../failure.ts";
import type { Binaries } from "./binaries.ts";
import { asUser } from "./database-user.ts";
import type { Home } from "./home.ts";

export const databaseName = "trax";
export const databaseRole = "trax";

/** What PostgreSQL's programs see of our environment: nothing that could lead them elsewhere (PGPORT, PGHOST, …). */
export function postgresEnvironment(): NodeJS.ProcessEnv {
  return { PATH: process.env["PATH"], LC_ALL: "C", TZ: "UTC" };
}

/** Makes the cluster and the database in it, unless it is there. It appears whole or not at all. */
export async function ensureCluster(home: Home, binaries: Binaries): Promise<void> {
  if (await exists(join(home.cluster, "PG_VERSION"))) return;
  const part = `${home.cluster}.new`;
  await rm(part, { recursive: true, force: true });
  // The built-in C.UTF-8 sorts the same on every machine and through every upgrade of its libraries.
  await run(home, binaries, "initdb", [
    `--pgdata=${part}`,
    `--username=${databaseRole}`,
    "--auth=trust",
    "--encoding=UTF8",
    "--locale=C",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--no-instructions",
  ]);
  await run(home, binaries, "postgres", ["--single", "-D", part, "postgres"], `CREATE DATABASE ${databaseName}\n`);
  await rename(part, home.cluster);
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch {
    return false;
  }
}

function run(home: Home, binaries: Binaries, program: string, args: readonly string[], input = ""): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(join(binaries.native, "bin", program), args, {
      ...asUser(home.user),
      cwd: dirname(home.cluster),
      env: postgresEnvironment(),
      stdio: ["pipe", "pipe", "pipe"],
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
            `PostgreSQL's ${program} failed:\n${output.trim()}`,
            "Is the disk full, or its file system read-only? Or name a database in DATABASE_URL",
          ),
        );
    });
    // A program that ends early closes its input; its status tells why.
    child.stdin.on("error", () => undefined);
    child.stdin.end(input);
  });
}
