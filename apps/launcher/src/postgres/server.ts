import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { Failure } from "../failure.ts";
import type { DataDirectory } from "../instance/data-directory.ts";
import { signalProcess } from "../process/process-table.ts";
import { describeExit, exitOf } from "../supervise/running.ts";
import type { Exit, Program, Running } from "../supervise/running.ts";
import type { ProcessLog } from "../supervise/process-log.ts";
import { findBinaries } from "./binaries.ts";
import type { Binaries } from "./binaries.ts";
import { databaseName, databaseRole, ensureCluster, postgresEnvironment } from "./cluster.ts";
import { asUser } from "./database-user.ts";
import { findHome, makeSocketDirectory, ownDirectory } from "./home.ts";
import type { Home, SocketDirectory } from "./home.ts";
import { clearLeftovers } from "./leftovers.ts";

/** The port of a Unix socket is only a part of its name. */
const port = 5432;

/** fsync stays on, as it is by default: what was acknowledged is on disk. */
const settings: Readonly<Record<string, string>> = {
  listen_addresses: "",
  port: String(port),
  unix_socket_permissions: "0700",
  max_connections: "100",
  shared_buffers: "64MB",
  max_wal_size: "512MB",
  jit: "off",
  log_destination: "stderr",
  logging_collector: "off",
  log_line_prefix: "%m [%p] ",
  log_timezone: "UTC",
  timezone: "UTC",
};

/** The embedded PostgreSQL of one data directory. */
export class PostgresServer implements Program {
  readonly name = "postgres";
  readonly stopWithinMs = 10_000;
  readonly version: string;
  readonly #home: Home;
  readonly #binaries: Binaries;
  readonly #socketDirectory: SocketDirectory;
  readonly #log: ProcessLog;

  /** Gets everything in place, the cluster included, and clears away an earlier run. Nothing runs yet. */
  static async prepare(
    directory: DataDirectory,
    log: ProcessLog,
    note: (text: string) => void,
    signal: AbortSignal,
  ): Promise<PostgresServer> {
    const home = await findHome(directory);
    const binaries = await findBinaries(home.user, home.copiesDir);
    if (binaries.copied) note(`The database's user cannot reach node_modules: its programs are in ${binaries.native}`);
    await ensureCluster(home, binaries, signal);
    return new PostgresServer(home, binaries, await makeSocketDirectory(home), log);
  }

  private constructor(home: Home, binaries: Binaries, socketDirectory: SocketDirectory, log: ProcessLog) {
    this.#home = home;
    this.#binaries = binaries;
    this.#socketDirectory = socketDirectory;
    this.#log = log;
    this.version = binaries.version.split("-")[0] ?? binaries.version;
  }

  get cluster(): string {
    return this.#home.cluster;
  }

  /** For DATABASE_URL: a Unix socket that only its user and root can reach, so it needs no password. */
  get url(): string {
    const host = encodeURIComponent(this.#socketDirectory.path);
    return `postgres://${databaseRole}@localhost:${port}/${databaseName}?host=${host}`;
  }

  async launch(): Promise<Running> {
    await clearLeftovers(this.#home.cluster, this.#socketDirectory.path);
    const child = spawn(join(this.#binaries.native, "bin/postgres"), this.#arguments(), {
      ...asUser(this.#home.user),
      cwd: this.#home.cluster,
      env: postgresEnvironment(),
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    this.#log.follow(child.stdout, child.stderr);
    const exited = exitOf(child);
    const { pid } = child;
    if (pid === undefined) throw new Failure("PostgreSQL could not be started");
    const ready = this.#untilReady(pid, exited);
    ready.catch(() => undefined);
    return { pid, ready, exited };
  }

  askToStop(pid: number): void {
    signalProcess(pid, "SIGINT");
  }

  /** Once it has ended for good: what it left behind, where it had to be ended by force. */
  async cleanUp(): Promise<void> {
    await clearLeftovers(this.#home.cluster, this.#socketDirectory.path);
    await this.#socketDirectory.remove();
  }

  #arguments(): string[] {
    const all = { ...settings, unix_socket_directories: quoteSetting(this.#socketDirectory.setting) };
    return ["-D", ownDirectory, ...Object.entries(all).flatMap(([name, value]) => ["-c", `${name}=${value}`])];
  }

  /** As pg_ctl does it: the server writes its status on the eighth line of its pid file. */
  async #untilReady(pid: number, exited: Promise<Exit>): Promise<void> {
    let exit: Exit | null = null;
    void exited.then((how) => (exit = how));
    for (;;) {
      const lines = await readFile(join(this.#home.cluster, "postmaster.pid"), "utf8").then(
        (text) => text.split("\n"),
        () => [],
      );
      if (Number(lines[0]) === pid && lines[7]?.trim() === "ready") return;
      if (exit !== null) throw new Failure(`PostgreSQL ${describeExit(exit)} before it was ready`);
      await delay(15);
    }
  }
}

/** A path in a list setting: quoted, so that it may hold commas and spaces. */
function quoteSetting(path: string): string {
  return `"${path.replaceAll('"', '""')}"`;
}
