import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { z } from "zod";
import { waitFor } from "@trax/peers";
import { ApiClient } from "./api-client.ts";
import { treeOf } from "./process-cost.ts";
import { repository } from "./repository.ts";

const run = promisify(execFile);
const launcher = join(repository, "trax");
const ports = ["HTTP", "RTMP", "RTMPS", "SRT", "WEBRTC", "WEBRTC_UDP", "HLS", "MOQ", "OPERATOR"];
const startDeadlineMs = 300_000;
const stopDeadlineMs = 40_000;

const Ready = z.object({ baseUrl: z.string(), rtmpUrl: z.string() });
const Status = z.object({
  processes: z.array(
    z.object({
      name: z.string(),
      pid: z.number(),
      studioId: z.string().optional(),
      studioIds: z.array(z.string()).optional(),
    }),
  ),
});
export type TraxProcess = z.infer<typeof Status>["processes"][number];

export type Trax = {
  readonly baseUrl: string;
  /** Where publishers go. */
  readonly rtmpUrl: string;
  /** Where PostgreSQL's Unix socket is, for clients of libpq. */
  readonly socketDirectory: string;
  /** A new account, with a key that may do everything. */
  readonly newAccount: () => Promise<ApiClient>;
  /** What runs now, by `./trax status`. */
  readonly processes: () => Promise<TraxProcess[]>;
  /** The one process of that name. */
  readonly pidOf: (name: string) => Promise<number>;
  /** PostgreSQL and its backends. */
  readonly databasePids: () => Promise<number[]>;
  readonly stop: () => Promise<void>;
};

/** Starts `./trax up` as it is shipped, on a new data directory and any free ports; only the rate limit is out of the way. @param environment More of it. */
export async function startTrax(directory: string, environment: Readonly<Record<string, string>> = {}): Promise<Trax> {
  const dataDir = join(directory, `trax-${process.hrtime.bigint()}`);
  await mkdir(dataDir);
  const readyFile = join(dataDir, "ready.json");
  const child = spawn(launcher, ["up", "--data", dataDir, "--ready-file", readyFile], {
    env: {
      ...process.env,
      ...Object.fromEntries(ports.map((name) => [`TRAX_${name}_PORT`, "0"])),
      TRAX_RATE_LIMIT: "100000000/60",
      TRAX_PROGRAM_CORES: "64",
      ...environment,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => (output = (output + text).slice(-10_000)));
  const exited = once(child, "exit");
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) child.kill("SIGTERM");
    const force = setTimeout(() => child.kill("SIGKILL"), stopDeadlineMs);
    await exited;
    clearTimeout(force);
  };
  const admin = async (...args: readonly string[]): Promise<unknown> =>
    JSON.parse((await run(launcher, ["admin", ...args, "--data", dataDir])).stdout);
  const processes = async (): Promise<TraxProcess[]> =>
    Status.parse(JSON.parse((await run(launcher, ["status", "--json", "--data", dataDir])).stdout)).processes;
  const pidOf = async (name: string): Promise<number> => {
    const [found, ...more] = (await processes()).filter((one) => one.name === name);
    if (found === undefined || more.length > 0) throw new Error(`not exactly one ${name} process`);
    return found.pid;
  };
  try {
    const { baseUrl, rtmpUrl } = await waitFor(
      "./trax up is ready",
      async () => {
        if (child.exitCode !== null) throw new Error(`./trax up ended with ${child.exitCode}:\n${output}`);
        const text = await readFile(readyFile, "utf8").catch(() => null);
        return text === null ? null : Ready.parse(JSON.parse(text));
      },
      startDeadlineMs,
    );
    let accounts = 0;
    return {
      baseUrl,
      rtmpUrl,
      socketDirectory: join(dataDir, "postgres/socket"),
      newAccount: async () => {
        accounts += 1;
        const email = `bench${accounts}@example.com`;
        const { accountId } = z
          .object({ accountId: z.string() })
          .parse(await admin("create-account", "--email", email, "--name", "Bench"));
        const key = await admin("create-key", "--email", email, "--name", "bench", "--scopes", "all");
        return new ApiClient(baseUrl, accountId, z.object({ secret: z.string() }).parse(key).secret);
      },
      processes,
      pidOf,
      databasePids: async () => treeOf(await pidOf("postgres")),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
