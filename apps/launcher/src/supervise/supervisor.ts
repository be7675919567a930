import { setTimeout as delay } from "node:timers/promises";
import { Failure, messageOf } from "../failure.ts";
import { addressesOf } from "../instance/addresses.ts";
import type { Addresses } from "../instance/addresses.ts";
import type { DataDirectory } from "../instance/data-directory.ts";
import { ensureEncryptionKeys } from "../instance/encryption-keys.ts";
import { childEnvironment, readSettings } from "../instance/environment.ts";
import type { Environment } from "../instance/environment.ts";
import { untilHealthy } from "../instance/health.ts";
import { findInstanceProcesses } from "../instance/processes.ts";
import type { Programs } from "../instance/programs.ts";
import { runOnce } from "../instance/run-once.ts";
import type { InstanceStatus } from "../instance/status.ts";
import { choosePorts } from "../ports/ports.ts";
import { PostgresServer } from "../postgres/server.ts";
import { endProcesses, findDescendants, rememberProcesses, stillRunning } from "../process/process-table.ts";
import { readVersion } from "../repository.ts";
import type { Progress } from "../terminal/progress.ts";
import { Keeper } from "./keeper.ts";
import type { KeeperListener } from "./keeper.ts";
import { NodeProgram } from "./node-program.ts";
import type { ProcessEntry } from "./node-program.ts";
import { ProcessLog } from "./process-log.ts";
import type { LogListener } from "./process-log.ts";
import type { Program } from "./running.ts";

/** A first start on a slow machine takes its time; one that hangs is said to. */
const readyWithinMs = 60_000;

export type SupervisorOptions = {
  readonly directory: DataDirectory;
  /** What the operator set, with the defaults of `up`. */
  readonly environment: Environment;
  readonly programs: Programs;
  readonly progress: Progress;
  readonly listener: KeeperListener & LogListener;
  /** Aborted when the instance is to stop: breaks a start off, and ends restarts. */
  readonly stop: AbortSignal;
};

/**
 * Owns the processes of one instance: starts them in order, keeps them
 * running, stops them in the opposite order. Holds the lock of the data
 * directory for as long as it lives (its caller sees to that).
 */
export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #stack = new AsyncDisposableStack();
  readonly #keepers: Keeper[] = [];
  readonly #startedAt = new Date().toISOString();
  #media: NodeProgram | null = null;
  #state: InstanceStatus["state"] = "starting";
  #addresses: Addresses | null = null;
  #childEnvironment: NodeJS.ProcessEnv | null = null;

  constructor(options: SupervisorOptions) {
    this.#options = options;
  }

  /** What `./trax admin` runs its commands with. Throws while the database is not up yet. */
  get childEnvironment(): NodeJS.ProcessEnv {
    if (this.#childEnvironment === null) throw new Failure("TRaX is still starting");
    return this.#childEnvironment;
  }

  /** Starts everything and resolves when the API answers. */
  async start(): Promise<Addresses> {
    const { directory, environment, programs, progress, stop: signal } = this.#options;
    const settings = readSettings(environment);
    await this.#endOrphans();
    const ports = await choosePorts(settings, settings.TRAX_HOST);
    const keys = await ensureEncryptionKeys(directory);
    signal.throwIfAborted();

    const [mediaMtxBinary, databaseUrl] = await together(signal, [
      (either) => progress.step("MediaMTX", (note) => programs.getMediaMtx(note, either)),
      (either) =>
        settings.DATABASE_URL === null ? this.#startPostgres(either) : Promise.resolve(settings.DATABASE_URL.reveal()),
    ]);

    const childSettings = childEnvironment(environment, {
      databaseUrl,
      ports,
      dataDir: directory.path,
      instanceId: directory.id,
      mediaMtxBinary,
      encryptionKeys: keys,
    });
    await progress.step("Database schema", () => runOnce("The migration", programs.migrate, [], childSettings, signal));
    signal.throwIfAborted();

    // Stopped in the opposite order: control first, so that nothing new is accepted.
    const media = this.#nodeProgram("media-agent", programs.media, childSettings);
    const control = this.#nodeProgram("control", programs.control, childSettings);
    this.#media = media.program;
    const addresses = addressesOf(ports, settings.TRAX_HOST);
    await progress.step("Control and media agent", async () => {
      await together(signal, [
        (either) => this.#startKept(media, either),
        (either) => this.#startKept(control, either),
      ]);
      await untilHealthy(addresses.baseUrl, signal);
    });
    this.#childEnvironment = childSettings;
    this.#addresses = addresses;
    this.#state = "ready";
    return addresses;
  }

  /** Stops everything in order. Resolves when no process of this instance is left. */
  async stop(): Promise<void> {
    this.#state = "stopping";
    const below = await rememberProcesses(await findDescendants(process.pid));
    await this.#stack.disposeAsync();
    await this.#endOrphans();
    // What belonged to a media agent that had to be ended by force.
    await endProcesses(await stillRunning(below), 0);
  }

  async status(): Promise<InstanceStatus> {
    const kept = this.#keepers.flatMap(({ name, pid }): ProcessEntry[] => (pid === null ? [] : [{ name, pid }]));
    const below = (await this.#media?.askForProcesses()) ?? [];
    return {
      state: this.#state,
      version: readVersion(),
      dataDir: this.#options.directory.path,
      startedAt: this.#startedAt,
      ...this.#addresses,
      processes: [{ name: "supervisor", pid: process.pid }, ...kept, ...below],
      missing: this.#keepers.filter(({ pid }) => pid === null).map(({ name }) => name),
    };
  }

  async #startPostgres(signal: AbortSignal): Promise<string> {
    const { directory, progress } = this.#options;
    const log = this.#openLog("postgres");
    return progress.step("PostgreSQL", async (note) => {
      const server = await PostgresServer.prepare(directory, log, note, signal);
      this.#stack.defer(() => server.cleanUp());
      signal.throwIfAborted();
      await this.#startKept({ program: server, log }, signal);
      return server.url;
    });
  }

  #nodeProgram(name: string, script: string, environment: NodeJS.ProcessEnv) {
    const log = this.#openLog(name);
    return { program: new NodeProgram({ name, script, environment, log, stopWithinMs: 10_000 }), log };
  }

  #openLog(name: string): ProcessLog {
    const log = new ProcessLog(this.#options.directory.logs, name, this.#options.listener);
    this.#stack.defer(() => log.close());
    return log;
  }

  async #startKept(
    { program, log }: { readonly program: Program; readonly log: ProcessLog },
    signal: AbortSignal,
  ): Promise<void> {
    const keeper = new Keeper(program, this.#options.listener, this.#options.stop);
    this.#keepers.push(keeper);
    this.#stack.defer(() => keeper.stop());
    try {
      await unlessAborted(keeper.start(), signal, readyWithinMs);
    } catch (error) {
      signal.throwIfAborted();
      const reason = isTimeout(error)
        ? `${program.name} is not ready after ${readyWithinMs / 1_000} s`
        : messageOf(error);
      const said = log.lastLines.map((line) => `\n  ${line}`).join("");
      throw new Failure(`${reason}${said}`, `Its log is ${log.path}`, { cause: error });
    }
  }

  /** Processes of this data directory that no supervisor has: those of one that was killed, or that would not end. */
  async #endOrphans(): Promise<void> {
    const orphans = await findInstanceProcesses(this.#options.directory);
    const left = await endProcesses(orphans, 5_000);
    if (left.length > 0) throw new Failure(`Processes of an earlier run do not end: pid ${left.join(", ")}`);
  }
}

/** The work, but no longer than until it is aborted or the time is over; its owner ends what it has started. */
async function unlessAborted(work: Promise<void>, signal: AbortSignal, withinMs: number): Promise<void> {
  // When something else ends the wait, nobody hears of its failure any more.
  work.catch(() => undefined);
  const over = new AbortController();
  const wait = delay(withinMs, undefined, { signal: AbortSignal.any([signal, over.signal]) });
  const late = wait.then(() => Promise.reject(new DOMException("too late", "TimeoutError")));
  try {
    await Promise.race([work, late]);
  } finally {
    over.abort();
  }
}

function isTimeout(error: unknown): boolean {
  return error instanceof DOMException && error.name === "TimeoutError";
}

type Work<T> = (signal: AbortSignal) => Promise<T>;

/** Does two things at once. When one fails the other is broken off, and has ended before the failure is thrown. */
async function together<A, B>(signal: AbortSignal, [first, second]: readonly [Work<A>, Work<B>]): Promise<[A, B]> {
  const broken = new AbortController();
  const either = AbortSignal.any([signal, broken.signal]);
  const works = [first(either), second(either)] as const;
  try {
    return await Promise.all(works);
  } catch (error) {
    broken.abort(error);
    await Promise.allSettled(works);
    throw error;
  }
}
