import { once } from "node:events";
import { rm } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { Failure, messageOf } from "../failure.ts";
import type { Addresses } from "../instance/addresses.ts";
import { createDataDirectory } from "../instance/data-directory.ts";
import type { DataDirectory } from "../instance/data-directory.ts";
import { withDefaults } from "../instance/environment.ts";
import type { Environment } from "../instance/environment.ts";
import { acquireLock } from "../instance/lock.ts";
import { findInstanceProcesses } from "../instance/processes.ts";
import type { Programs } from "../instance/programs.ts";
import { removeRecord, writeFileAtomically, writeRecord } from "../instance/record.ts";
import { StatusServer } from "../instance/status-server.ts";
import { findDescendants, signalProcess, waitUntilGone } from "../process/process-table.ts";
import { Progress } from "../terminal/progress.ts";
import type { Output } from "../terminal/progress.ts";
import { printWelcome } from "../welcome.ts";
import { NoticeFilter } from "./notices.ts";
import { watchSignals } from "./signals.ts";
import { Supervisor } from "./supervisor.ts";

export type UpOptions = {
  readonly data: string;
  readonly readyFile?: string | undefined;
  readonly verbose?: boolean | undefined;
};

/**
 * `./trax up`: runs an instance until a signal ends it, and gives the exit
 * status: 0 after a stop in order, 1 after a failed start, 128 + the signal's
 * number when a second signal cut the stop short.
 */
export async function runInstance(
  options: UpOptions,
  environment: Environment,
  programs: Programs,
  output: Output,
): Promise<number> {
  const progress = new Progress(output);
  const signals = watchSignals((name) => progress.line(`\n${name}: stopping (once more to force it)`));
  const owned = new AsyncDisposableStack();
  let status = 0;
  let directory: DataDirectory | null = null;
  try {
    directory = await createDataDirectory(resolve(options.data));
    const ended = serve(owned, directory, options, withDefaults(environment), programs, progress, signals.stop).finally(
      () => owned.disposeAsync(),
    );
    const forced = await Promise.race([ended.then(() => null), signals.force]);
    if (forced !== null) {
      await killEverything(directory);
      status = forced;
    } else progress.line("stopped");
  } catch (error) {
    if (signals.stop.aborted) progress.line("stopped");
    else {
      progress.failure(error);
      status = 1;
    }
  } finally {
    signals.close();
  }
  return status;
}

async function serve(
  owned: AsyncDisposableStack,
  directory: DataDirectory,
  options: UpOptions,
  environment: Environment,
  programs: Programs,
  progress: Progress,
  stop: AbortSignal,
): Promise<void> {
  const lock = await acquireLock(directory);
  owned.defer(() => lock.release());
  progress.line(`${progress.style("bold", "TRaX")} starts, data in ${directory.path}`);
  const notices = new NoticeFilter();
  const supervisor = new Supervisor({
    directory,
    environment,
    programs,
    progress,
    stop,
    listener: {
      onLine: (name, line) => {
        if (options.verbose === true) progress.line(`${name} | ${line}`);
      },
      onNotice: (notice) => {
        if (options.verbose === true || !notices.shows(notice)) return;
        const style = notice.level === "warn" ? "yellow" : "red";
        progress.line(`${progress.style(style, notice.level)} ${notice.process}: ${notice.message}`);
      },
      onLost: (name, reason, delayMs) =>
        progress.line(`${name} ${reason}: starting it again${delayMs === 0 ? "" : ` in ${delayMs} ms`}`),
      onBack: (name, pid) => progress.line(`${name} is back (pid ${pid})`),
    },
  });
  const server = await StatusServer.open(directory, {
    "/status": () => supervisor.status(),
    "/environment": () => Promise.resolve(supervisor.childEnvironment),
  });
  owned.defer(() => server.close());
  await writeRecord(directory, { pid: process.pid, socket: server.path });
  owned.defer(() => removeRecord(directory));
  // One of an earlier run would claim that everything answers already.
  if (options.readyFile !== undefined) await rm(options.readyFile, { force: true });
  owned.defer(() => supervisor.stop());

  const addresses = await supervisor.start();
  await printWelcome({ directory, addresses, environment, programs, progress, supervisor, signal: stop });
  // Last, so that whoever waits for it finds the key of a first start printed.
  if (options.readyFile !== undefined) {
    owned.defer(removeReadyFile(options.readyFile));
    await writeReadyFile(options.readyFile, addresses);
  }
  progress.line(
    `${progress.style("green", "TRaX is up.")} Ctrl-C stops it; ./trax status and ./trax --help tell more.`,
  );
  if (!stop.aborted) await once(stop, "abort");
}

async function writeReadyFile(path: string, addresses: Addresses): Promise<void> {
  try {
    await writeFileAtomically(resolve(path), `${JSON.stringify(addresses)}\n`, 0o644);
  } catch (error) {
    throw new Failure(
      `The ready file ${path} cannot be written: ${messageOf(error)}`,
      `Is there a directory ${dirname(resolve(path))}?`,
      { cause: error },
    );
  }
}

function removeReadyFile(path: string): () => Promise<void> {
  return () => rm(path, { force: true });
}

/** The second signal: every process of this instance, by its pid, at once. */
async function killEverything(directory: DataDirectory): Promise<void> {
  for (;;) {
    const pids = [...(await findDescendants(process.pid)), ...(await findInstanceProcesses(directory))];
    if (pids.length === 0) return;
    for (const pid of pids) signalProcess(pid, "SIGKILL");
    const left = await waitUntilGone(pids, 5_000);
    if (left.length > 0) return;
  }
}
