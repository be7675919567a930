import { isDeepStrictEqual } from "node:util";
import type { CloseReason } from "../rtmp/errors.ts";
import { backoffMs } from "./backoff.ts";
import { ByteRate } from "./byte-rate.ts";
import type { Clock } from "./clock.ts";
import { Connection } from "./connection.ts";
import { DelayLine } from "./delay-line.ts";
import type { DelayedEvent } from "./delay-line.ts";
import { KeyframeCache } from "./keyframe-cache.ts";
import type {
  DestinationError,
  DestinationGauge,
  DestinationReport,
  DestinationStatus,
  RelayDestination,
} from "./protocol.ts";
import type { Sender, SenderListener } from "./sender.ts";
import { SharedMessage } from "./shared-message.ts";

/** Attempts in a row that never went live, after which a destination counts as failed. */
const hopelessAfter = 5;
/** Live for this long, a destination is healthy again and its back-off starts anew. */
const healthyAfterMs = 60_000;

const refusals: ReadonlySet<string> = new Set(["address_refused", "tls_failed", "auth_refused", "name_in_use"]);

/** For one that was sent to until now, a typing mistake is not what is wrong. */
const nameGone = "The server's name can no longer be found, as it could be before. TRaX goes on looking for it.";

export type DestinationSettings = { readonly destination: RelayDestination; readonly graceMs: number };

export type DestinationHost = {
  readonly clock: Clock;
  readonly cache: KeyframeCache;
  /** Checks the address and opens a connection; answers why not, and never rejects. */
  readonly connect: (destination: RelayDestination, listener: SenderListener) => Promise<Sender | CloseReason>;
  readonly report: (report: DestinationReport) => void;
  /** Runs code of a callback inside the relay's fault boundary. */
  readonly guard: (run: () => void) => void;
};

/**
 * One destination of one broadcast: its connection, its status, and the next
 * attempt. Owns at most one open connection; a new one waits until the last is
 * really closed, so that two copies are never pushed.
 */
export class Destination {
  readonly #host: DestinationHost;
  #settings: DestinationSettings;
  #connection: Connection | null = null;
  #lastClosed: Promise<void>;
  #retryTimer: NodeJS.Timeout | null = null;
  #isClosed = false;

  /** Null: it is sent what comes as it comes. */
  #delay: DelayLine | null = null;
  /** What a connection starts from: the relay's, or one of our own that is as late as we are. */
  #cache: KeyframeCache;
  /** Whether media flows into the relay; `#flowing` says so of what comes out of the delay. */
  #arriving = false;
  #flowing = false;
  #stoppedAt: number;
  #failures = 0;
  #backoffStep = 0;
  /** It was live, was lost, and is not live again. */
  #wasLost = false;

  #status: DestinationStatus = "idle";
  #connectedAt: string | null = null;
  #reconnects = 0;
  #lastError: DestinationError | null = null;
  /** It has been live since that error. */
  #isErrorPast = false;
  #reported: DestinationReport | null = null;

  #pastBytes = 0;
  #pastDroppedFrames = 0;
  #lastTakenAt: number | null = null;
  readonly #rate = new ByteRate();

  /** `after` settles when an earlier connection to the same place is gone. */
  constructor(settings: DestinationSettings, host: DestinationHost, after: Promise<void>) {
    this.#settings = settings;
    this.#host = host;
    this.#lastClosed = after;
    this.#stoppedAt = host.clock.now();
    this.#cache = host.cache;
  }

  /** Begins, with media flowing or not. */
  start(flowing: boolean): void {
    this.#setDelay(this.#settings.destination.delayMs ?? 0);
    this.setFlowing(flowing);
    this.#publish();
  }

  /** A new revision is a new connection with a clean slate; its byte count goes on. */
  update(settings: DestinationSettings): void {
    const isNew = settings.destination.revision !== this.#settings.destination.revision;
    this.#settings = settings;
    if (!isNew) return;
    this.#setDelay(settings.destination.delayMs ?? 0);
    this.#retire();
    this.#clearRetry();
    this.#failures = 0;
    this.#backoffStep = 0;
    this.#wasLost = false;
    this.#lastError = null;
    if (this.#flowing) this.#connect();
    else this.#setStatus("idle");
  }

  feed(message: SharedMessage): void {
    if (this.#delay === null) this.#connection?.feed(message, this.#host.clock.now());
    else this.#later({ type: "message", message });
  }

  /** The source was interrupted: what follows starts with configuration and a keyframe. */
  interrupt(): void {
    if (this.#delay === null) this.#connection?.interrupt();
    else this.#later({ type: "interrupt" });
  }

  /** Whether media flows into the relay. */
  setFlowing(flowing: boolean): void {
    if (flowing === this.#arriving) return;
    this.#arriving = flowing;
    if (this.#delay === null) this.#setFlowing(flowing);
    else this.#later({ type: "flowing", flowing });
  }

  /** Another delay begins with what a new connection would begin with. */
  #setDelay(delayMs: number): void {
    if (delayMs === (this.#delay?.delayMs ?? 0)) return;
    const { cache, clock } = this.#host;
    if (delayMs === 0) {
      this.#delay = null;
      this.#cache = cache;
      this.#flowing = this.#arriving;
      return;
    }
    this.#delay = new DelayLine(delayMs);
    this.#cache = new KeyframeCache();
    this.#setFlowing(false);
    const point = cache.joinPoint();
    for (const message of [...(point?.configuration ?? []), ...(point?.frames ?? [])]) {
      this.#delay.push({ type: "message", message: new SharedMessage(message) }, clock.now());
    }
    if (this.#arriving) this.#delay.push({ type: "flowing", flowing: true }, clock.now());
  }

  #later(event: DelayedEvent): void {
    this.#delay?.push(event, this.#host.clock.now());
    this.#passDue();
  }

  /** Does now what was to be done a delay ago. */
  #passDue(): void {
    const now = this.#host.clock.now();
    for (let event = this.#delay?.take(now) ?? null; event !== null; event = this.#delay?.take(now) ?? null) {
      if (event.type === "flowing") this.#setFlowing(event.flowing);
      else if (event.type === "interrupt") {
        this.#cache.clear();
        this.#connection?.interrupt();
      } else {
        this.#cache.push(event.message.media);
        this.#connection?.feed(event.message, now);
      }
    }
  }

  #setFlowing(flowing: boolean): void {
    if (flowing === this.#flowing) return;
    this.#flowing = flowing;
    if (flowing) {
      if (this.#connection === null && this.#retryTimer === null) this.#connect();
      return;
    }
    this.#stoppedAt = this.#host.clock.now();
    this.#connection?.pause();
    if (this.#status !== "failed") this.#setStatus("idle");
  }

  /** Judges the connection by what its peer took; a few times a second. */
  tick(): void {
    this.#passDue();
    const connection = this.#connection;
    if (connection === null) return;
    const now = this.#host.clock.now();
    if (!this.#flowing) {
      if (now - this.#stoppedAt > this.#settings.graceMs) this.#retire();
      this.#publish();
      return;
    }
    const verdict = connection.judge(now);
    if (verdict === "taking") this.#taking(connection, now);
    if (verdict === "stalled") {
      this.#lost(connection, { code: "write_timeout", message: "The server stopped taking the stream." });
    }
  }

  /** Closes politely; settles when the connection is gone. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#clearRetry();
    this.#retire();
    await this.#lastClosed;
    this.#setStatus("idle");
  }

  /** Called once a second. */
  gauge(): DestinationGauge {
    const { clock } = this.#host;
    const sentBytes = this.#pastBytes + (this.#connection?.takenBytes ?? 0);
    const takenAt = this.#connection?.takenAt ?? this.#lastTakenAt;
    return {
      destinationId: this.#settings.destination.destinationId,
      bitrate: this.#rate.sample(sentBytes, clock.now()),
      sentBytes,
      droppedFrames:
        this.#pastDroppedFrames + (this.#connection?.droppedFrames ?? 0) + (this.#delay?.droppedFrames ?? 0),
      roundTripMs: this.#connection?.roundTripMs ?? null,
      lastTakenAt: takenAt === null ? null : clock.timestampOf(takenAt),
    };
  }

  #connect(): void {
    const connection = new Connection(this.#cache);
    this.#connection = connection;
    if (this.#status !== "failed") this.#setStatus(this.#wasLost ? "reconnecting" : "connecting");
    void this.#open(connection, this.#lastClosed);
  }

  async #open(connection: Connection, after: Promise<void>): Promise<void> {
    await after;
    if (this.#connection !== connection) {
      connection.ended();
      return;
    }
    const { guard, clock } = this.#host;
    const opened = await this.#host.connect(this.#settings.destination, {
      onPublishing: () => guard(() => connection.publishing(clock.now())),
      onTaken: () =>
        guard(() => {
          connection.taken();
          if (this.#connection === connection) this.tick();
        }),
      onClosed: (reason) =>
        guard(() => {
          if (reason !== null) this.#lost(connection, reason);
          connection.ended();
        }),
    });
    guard(() => {
      if ("code" in opened) {
        this.#lost(connection, opened);
        connection.ended();
        return;
      }
      connection.opened(opened, clock.now());
      if (this.#connection === connection) this.#publish();
      else opened.close();
    });
  }

  #taking(connection: Connection, now: number): void {
    if (connection.liveSince === null) {
      connection.liveSince = now;
      this.#connectedAt = this.#host.clock.timestampOf(now);
      if (this.#wasLost) this.#reconnects += 1;
      this.#wasLost = false;
      this.#isErrorPast = true;
      this.#failures = 0;
    }
    if (now - connection.liveSince > healthyAfterMs) this.#backoffStep = 0;
    this.#setStatus("live");
  }

  #lost(connection: Connection, reason: CloseReason): void {
    if (this.#connection !== connection) return;
    const wasLive = connection.liveSince !== null;
    this.#retire();
    if (wasLive) this.#wasLost = true;
    else this.#failures += 1;
    this.#backoffStep += 1;
    const refused = refusals.has(reason.code);
    this.#noteError(this.#wasLost && reason.code === "dns_failed" ? { ...reason, message: nameGone } : reason);
    if (refused || this.#failures >= hopelessAfter) this.#setStatus("failed");
    else if (!this.#flowing) this.#setStatus("idle");
    else this.#setStatus(this.#wasLost ? "reconnecting" : "connecting");
    this.#scheduleRetry(backoffMs(this.#backoffStep, refused, this.#host.clock.random));
  }

  #scheduleRetry(delayMs: number): void {
    this.#clearRetry();
    if (this.#isClosed) return;
    this.#retryTimer = setTimeout(() => {
      this.#retryTimer = null;
      // Without media there is nothing to connect for: its return connects.
      if (this.#flowing) this.#host.guard(() => this.#connect());
    }, delayMs);
  }

  #clearRetry(): void {
    if (this.#retryTimer !== null) clearTimeout(this.#retryTimer);
    this.#retryTimer = null;
  }

  /** Lets go of the connection, closing it if it is not closed yet. */
  #retire(): void {
    const connection = this.#connection;
    if (connection === null) return;
    this.#pastBytes += connection.takenBytes;
    this.#pastDroppedFrames += connection.droppedFrames;
    this.#lastTakenAt = connection.takenAt ?? this.#lastTakenAt;
    this.#connection = null;
    this.#connectedAt = null;
    this.#lastClosed = connection.closed;
    connection.close();
  }

  /** The same reason again, with nothing live between, is not news: the time stays that of the first. */
  #noteError(reason: CloseReason): void {
    const { clock } = this.#host;
    const known = this.#lastError;
    if (!this.#isErrorPast && known?.code === reason.code && known.message === reason.message) return;
    this.#isErrorPast = false;
    this.#lastError = { code: reason.code, message: reason.message, at: clock.timestampOf(clock.now()) };
  }

  #setStatus(status: DestinationStatus): void {
    this.#status = status;
    this.#publish();
  }

  /** Reports, if anything in the report changed. */
  #publish(): void {
    const { destinationId, revision } = this.#settings.destination;
    const report: DestinationReport = {
      destinationId,
      revision,
      status: this.#status,
      connectedAt: this.#connectedAt,
      reconnects: this.#reconnects,
      lastError: this.#lastError,
    };
    if (isDeepStrictEqual(report, this.#reported)) return;
    this.#reported = report;
    this.#host.report(report);
  }
}
