import { once } from "node:events";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Secret } from "@trax/foundation/secret";
import { RouterApi } from "./api.ts";
import type { RouterPath } from "./api.ts";
import { type AuthCallback, type AuthCallbackOptions, internalUser, startAuthCallback } from "./auth-callback.ts";
import { type RouterAddresses, type RouterLoopback, routerConfig } from "./config.ts";
import { findByArgument } from "./process.ts";
import { messagesAfter, rotateLog, sizeOf } from "./router-log.ts";
import { adopt, launch, type Running, stopProcess } from "./running.ts";
import { configHash, readRouterState, writeRouterState } from "./state-file.ts";

export type RouterOptions = {
  /** The pinned MediaMTX. */
  readonly binary: string;
  /** The instance's data directory; the router has `run/` and `log/` in it. */
  readonly dataDir: string;
  readonly addresses: RouterAddresses;
  readonly internalPassword: Secret;
  readonly decide: AuthCallbackOptions["decide"];
  readonly onRefused?: NonNullable<AuthCallbackOptions["onRefused"]>;
  /** It answers; `adopted` when it ran already and its publishers were not disturbed. */
  readonly onStarted?: (started: { readonly pid: number; readonly adopted: boolean }) => void;
  /** Its process is gone though nobody stopped it: every connection it had is too. It is started again at once. */
  readonly onLost?: () => void;
  /** It could not be started again; the next attempt comes by itself. */
  readonly onFailed?: (error: Error) => void;
};

const readyDeadlineMs = 10_000;
/** One that dies sooner than this after it answered is started again only after a while. */
const youngMs = 10_000;
const maxBackoffMs = 5000;
const portAttempts = 3;
const stuckMs = 10_000;
const stuckCalls = 4;

/** Owns the MediaMTX process of this node and the callback it asks. */
export class Router {
  readonly #options: RouterOptions;
  readonly #auth: AuthCallback;
  readonly #files: ReturnType<typeof filesOf>;
  readonly #stopping = new AbortController();
  #supervision: Promise<void> = Promise.resolve();
  #running: Running;
  #api: RouterApi;
  #rtspPort: number;
  #unanswered = { calls: 0, since: performance.now() };

  private constructor(options: RouterOptions, auth: AuthCallback, started: Started) {
    this.#options = options;
    this.#auth = auth;
    this.#files = filesOf(options.dataDir);
    this.#running = started.running;
    this.#api = started.api;
    this.#rtspPort = started.rtspPort;
  }

  /**
   * Takes over the router that an earlier agent left running with the same
   * configuration, or starts one, and returns when it answers. Throws with what
   * MediaMTX says when it does not start, such as a port that is taken.
   */
  static async start(options: RouterOptions): Promise<Router> {
    const files = filesOf(options.dataDir);
    for (const directory of [files.runDir, files.logDir]) await mkdir(directory, { recursive: true, mode: 0o700 });
    const found = await takeOver(options, files);
    if (found !== null) {
      const router = new Router(options, found.auth, found);
      router.#supervise(true);
      return router;
    }
    const auth = await startAuthCallback(authOptions(options, 0));
    try {
      const router = new Router(options, auth, await launchUntilReady(options, files, auth.port));
      router.#supervise(false);
      return router;
    } catch (error) {
      await auth.close();
      throw error;
    }
  }

  /** Its API; ask for it each time, since a restarted router has a new one. */
  get api(): RouterApi {
    return this.#api;
  }

  /**
   * The paths that somebody publishes or waits for. Rejects while it does not
   * answer; one that has not answered for long is stuck, which for what is on
   * air is as bad as dead: it is killed, and so started again.
   */
  async paths(): Promise<RouterPath[]> {
    const api = this.#api;
    try {
      const paths = await api.paths();
      this.#unanswered = { calls: 0, since: performance.now() };
      return paths;
    } catch (error) {
      const { calls, since } = this.#unanswered;
      this.#unanswered = { calls: calls + 1, since };
      // Calls as well as time: a time in which we stood still ourselves says nothing.
      if (calls >= stuckCalls && performance.now() - since > stuckMs && api === this.#api) {
        this.#unanswered = { calls: 0, since: performance.now() };
        await this.#running.kill();
      }
      throw error;
    }
  }

  /**
   * Where our own workers publish and read a path by RTSP. Ask for it each time,
   * since a restarted router has another port. It holds the internal password.
   */
  rtspUrl(path: string): string {
    return `rtsp://${internalUser}:${this.#options.internalPassword.reveal()}@127.0.0.1:${this.#rtspPort}/${path}`;
  }

  get pid(): number {
    return this.#running.pid;
  }

  /** Ends the router and its connections; fulfilled when its process is gone. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running.stop();
    await this.#supervision;
    await this.#auth.close();
    await rm(this.#files.state, { force: true });
  }

  #supervise(adopted: boolean): void {
    this.#supervision = this.#keepRunning();
    this.#options.onStarted?.({ pid: this.pid, adopted });
  }

  async #keepRunning(): Promise<void> {
    const { signal } = this.#stopping;
    let readyAt = performance.now();
    let deaths = 0;
    for (;;) {
      await this.#running.gone;
      if (signal.aborted) return;
      this.#options.onLost?.();
      deaths = performance.now() - readyAt < youngMs ? deaths + 1 : 0;
      const started = await this.#startAgain(deaths);
      if (started === null) return;
      this.#running = started.running;
      this.#api = started.api;
      this.#rtspPort = started.rtspPort;
      readyAt = performance.now();
      this.#options.onStarted?.({ pid: this.pid, adopted: false });
    }
  }

  /** Until it runs, or until we are stopped: null then. */
  async #startAgain(deaths: number): Promise<Started | null> {
    const { signal } = this.#stopping;
    for (let failures = deaths; ; failures++) {
      const backoff = failures <= 1 ? 0 : Math.min(maxBackoffMs, 125 * 2 ** failures);
      await delay(backoff, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return null;
      try {
        const started = await launchUntilReady(this.#options, this.#files, this.#auth.port);
        if (!signal.aborted) return started;
        await started.running.stop();
        return null;
      } catch (error) {
        this.#options.onFailed?.(error instanceof Error ? error : new Error(String(error)));
      }
    }
  }
}

type Started = { readonly running: Running; readonly api: RouterApi; readonly rtspPort: number };

function filesOf(dataDir: string) {
  const [runDir, logDir] = [resolve(dataDir, "run"), resolve(dataDir, "log")];
  return {
    runDir,
    logDir,
    config: join(runDir, "mediamtx.yml"),
    state: join(runDir, "mediamtx.json"),
    log: join(logDir, "mediamtx.log"),
  };
}

function authOptions(options: RouterOptions, port: number): AuthCallbackOptions {
  const { internalPassword, decide, onRefused } = options;
  return { port, internalPassword, decide, ...(onRefused === undefined ? {} : { onRefused }) };
}

/**
 * Whatever runs on our configuration file is ours, even where its agent was
 * killed before it could write down its pid: it is kept when it is the one in
 * the state file and is as wanted, and stopped otherwise.
 */
async function takeOver(
  options: RouterOptions,
  files: ReturnType<typeof filesOf>,
): Promise<(Started & { auth: AuthCallback }) | null> {
  const found = await findByArgument(files.config);
  const state = await readRouterState(files.state);
  const kept = state !== null && found.includes(state.pid) ? await tryAdopt(options, state) : null;
  for (const pid of found) if (pid !== kept?.running.pid) await stopProcess(pid);
  return kept;
}

async function tryAdopt(
  options: RouterOptions,
  state: NonNullable<Awaited<ReturnType<typeof readRouterState>>>,
): Promise<(Started & { auth: AuthCallback }) | null> {
  if (configHash(options.binary, routerConfig(options.addresses, state)) !== state.configHash) return null;
  const auth = await startAuthCallback(authOptions(options, state.authPort)).catch(() => null);
  if (auth === null) return null;
  const api = new RouterApi(state.apiPort, options.internalPassword);
  const answers = await api.version().catch(() => null);
  const running = answers === null ? null : await adopt(state.pid, state.startTime);
  if (running !== null) return { running, api, auth, rtspPort: state.rtspPort };
  await auth.close();
  return null;
}

async function launchUntilReady(
  options: RouterOptions,
  files: ReturnType<typeof filesOf>,
  authPort: number,
): Promise<Started> {
  for (let attempt = 1; ; attempt++) {
    const [apiPort, rtspPort] = await Promise.all([freePort(), freePort()]);
    try {
      return await launchOn(options, files, { authPort, apiPort, rtspPort });
    } catch (error) {
      // Somebody took a port that was free a moment ago; any other will do.
      const ours = error instanceof Error && [apiPort, rtspPort].some((port) => error.message.includes(`:${port}:`));
      if (!ours || attempt === portAttempts) throw error;
    }
  }
}

async function launchOn(
  options: RouterOptions,
  files: ReturnType<typeof filesOf>,
  loopback: RouterLoopback,
): Promise<Started> {
  const config = routerConfig(options.addresses, loopback);
  await writeFile(files.config, config, { mode: 0o600 });
  await rotateLog(files.log);
  const logged = await sizeOf(files.log);
  const running = await launch({
    binary: options.binary,
    configPath: files.config,
    logPath: files.log,
    directory: files.runDir,
  });
  const { pid, startTime } = running;
  await writeRouterState(files.state, { pid, startTime, configHash: configHash(options.binary, config), ...loopback });

  const api = new RouterApi(loopback.apiPort, options.internalPassword);
  let dead = false;
  const watch = running.gone.then(() => (dead = true));
  const deadline = performance.now() + readyDeadlineMs;
  while ((await api.version().catch(() => null)) === null) {
    if (dead) throw new Error(`MediaMTX did not start: ${await messagesAfter(files.log, logged)}`);
    if (performance.now() > deadline) {
      await running.stop();
      throw new Error(`MediaMTX does not answer ${readyDeadlineMs / 1000} s after it was started`);
    }
    await Promise.race([delay(20), watch]);
  }
  return { running, api, rtspPort: loopback.rtspPort };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no free port");
  return address.port;
}
