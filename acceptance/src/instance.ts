import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { textAt } from "./json.ts";
import { findLeaks } from "./leak-search.ts";
import { descendantsOf, stillThere } from "./process-search.ts";
import { afterAll } from "./promise.ts";

/** A TRaX that answers. */
export type Instance = {
  readonly baseUrl: string;
  readonly rtmpUrl: string;
  readonly operatorUrl: string;
  readonly dataDir: string;
};

export type OwnedInstance = Instance & {
  /** `./trax up` itself. */
  readonly pid: number;
  /** SIGTERM; then nothing of it may be left, and none of its logs may hold a secret. Its data go too. */
  readonly stop: () => Promise<void>;
  /** The same, and up again on the same data with another environment. */
  readonly restart: (environment: Readonly<Record<string, string>>) => Promise<OwnedInstance>;
};

export const root = fileURLToPath(new URL("../..", import.meta.url));
const portNames = ["HTTP", "RTMP", "RTMPS", "SRT", "WEBRTC", "WEBRTC_UDP", "HLS", "MOQ", "OPERATOR"];
const startDeadlineMs = 300_000;
const stopDeadlineMs = 40_000;

/**
 * Starts `./trax up` on a data directory of its own and any free ports. `prefix`
 * is a command that becomes the one it is given, as `nice` does.
 */
export async function startInstance(
  environment: Readonly<Record<string, string>> = {},
  prefix: readonly string[] = [],
): Promise<OwnedInstance> {
  return startOn(await realpath(await mkdtemp(join(tmpdir(), "trax-acceptance-"))), environment, prefix);
}

async function startOn(
  dataDir: string,
  environment: Readonly<Record<string, string>>,
  prefix: readonly string[],
): Promise<OwnedInstance> {
  const readyFile = join(dataDir, "ready.json");
  const [command = "", ...words] = [...prefix, join(root, "trax")];
  const child = spawn(command, [...words, "up", "--data", dataDir, "--ready-file", readyFile], {
    env: {
      ...process.env,
      ...Object.fromEntries(portNames.map((name) => [`TRAX_${name}_PORT`, "0"])),
      TRAX_RATE_LIMIT: "1000000/60",
      // Small canvases, and many of them at a time: what a go-live is refused for is tested apart.
      TRAX_PROGRAM_CORES: "64",
      ...environment,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => (output = (output + text).slice(-20_000)));
  const instance = await readyOf(child, readyFile, () => output);
  const pid = child.pid ?? 0;
  const stop = (): Promise<void> => stopInstance(child, { ...instance, pid }, () => output);
  return {
    ...instance,
    pid,
    stop: () => stop().finally(() => rm(dataDir, { recursive: true, force: true })),
    restart: async (changed) => {
      await stop();
      return startOn(dataDir, changed, prefix);
    },
  };
}

async function readyOf(child: ChildProcess, readyFile: string, output: () => string): Promise<Instance> {
  const deadline = performance.now() + startDeadlineMs;
  for (;;) {
    const ready = await readInstance(readyFile).catch(() => null);
    if (ready !== null) return ready;
    if (child.exitCode !== null) throw new Error(`./trax up ended with ${child.exitCode}:\n${output()}`);
    if (performance.now() > deadline) {
      child.kill("SIGTERM");
      throw new Error(`./trax up is not ready after ${startDeadlineMs} ms:\n${output()}`);
    }
    await delay(50);
  }
}

/** The instance of a ready file, which lies in its data directory. */
export async function readInstance(readyFile: string): Promise<Instance> {
  const ready: unknown = JSON.parse(await readFile(readyFile, "utf8"));
  return {
    baseUrl: textAt(ready, "baseUrl"),
    rtmpUrl: textAt(ready, "rtmpUrl"),
    operatorUrl: textAt(ready, "operatorUrl"),
    dataDir: await realpath(join(readyFile, "..")),
  };
}

async function stopInstance(
  child: ChildProcess,
  instance: Instance & { pid: number },
  output: () => string,
): Promise<void> {
  const processes = await descendantsOf(instance.pid);
  const leaks = await findLeaks(instance.dataDir, processes);
  const exited = once(child, "exit");
  child.kill("SIGTERM");
  const force = setTimeout(() => child.kill("SIGKILL"), stopDeadlineMs);
  const [code, signal]: unknown[] =
    child.exitCode === null && child.signalCode === null ? await exited : [child.exitCode];
  clearTimeout(force);
  const left = await stillThere(processes);
  for (const { pid } of left) process.kill(pid, "SIGKILL");
  leaks.push(...(await findLeaks(instance.dataDir, [])));
  assert.equal(signal ?? code, 0, `./trax up did not stop in order:\n${output()}`);
  assert.deepEqual(left, [], "processes that ./trax up left behind");
  assert.deepEqual([...new Set(leaks)], [], "secrets in logs or command lines");
}

let shared: Promise<Instance> | undefined;

/** The instance of the whole run: see global-setup.ts. */
export function sharedInstance(): Promise<Instance> {
  const readyFile = process.env[readyFileVariable];
  if (readyFile === undefined) {
    throw new Error(
      `no instance: run ./trax test acceptance, or node --test --test-global-setup=acceptance/src/global-setup.ts FILE`,
    );
  }
  shared ??= readInstance(readyFile);
  return shared;
}

export const readyFileVariable = "TRAX_ACCEPTANCE_READY_FILE";

/** An instance of this file's own, started when it is first asked for and stopped after the last test. */
export function ownInstance(start: () => Promise<OwnedInstance>): () => Promise<OwnedInstance> {
  let started: Promise<OwnedInstance> | undefined;
  afterAll(async () => {
    if (started !== undefined) await (await started).stop();
  });
  return () => (started ??= start());
}
