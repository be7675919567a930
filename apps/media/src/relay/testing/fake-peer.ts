import { setImmediate as turn } from "node:timers/promises";
import type { CloseReason } from "../../rtmp/errors.ts";
import type { OutgoingMessage } from "../../rtmp/outgoing.ts";
import { Destination } from "../destination.ts";
import { KeyframeCache } from "../keyframe-cache.ts";
import type { DestinationReport, RelayDestination } from "../protocol.ts";
import type { Sender, SenderListener } from "../sender.ts";
import { SharedMessage } from "../shared-message.ts";
import { videoConfiguration, videoFrame } from "./messages.ts";

export type FakeConnection = {
  readonly destination: RelayDestination;
  readonly listener: SenderListener;
  readonly sent: OutgoingMessage[];
  isClosing: boolean;
};

/** A destination against a peer that does as the test says, on a clock that the test moves. */
export class FakeWorld {
  now = 1_000;
  readonly reports: DestinationReport[] = [];
  readonly connections: FakeConnection[] = [];
  readonly crashes: unknown[] = [];
  /** What connecting answers; null opens a connection. */
  refusal: CloseReason | null = null;
  /** Whether the peer takes what it is sent. */
  takes = true;
  readonly cache = new KeyframeCache();
  #takenBytes = 0;
  #takenAt: number | null = null;
  #timestamp = 0;

  destination(
    settings: { graceMs?: number; revision?: number; delayMs?: number; after?: Promise<void> } = {},
  ): Destination {
    return new Destination(
      this.settings(settings),
      {
        clock: { now: () => this.now, timestampOf: (at) => `t${at}`, random: () => 0 },
        cache: this.cache,
        connect: (destination, listener) => this.#connect(destination, listener),
        report: (report) => this.reports.push(report),
        guard: (run) => {
          try {
            run();
          } catch (error) {
            this.crashes.push(error);
          }
        },
      },
      settings.after ?? Promise.resolve(),
    );
  }

  settings(options: { graceMs?: number; revision?: number; delayMs?: number } = {}) {
    const destination: RelayDestination = {
      destinationId: "dst_a",
      revision: options.revision ?? 1,
      protocol: "rtmp",
      url: "rtmp://a.example/app",
      streamKey: "k",
      delayMs: options.delayMs ?? 0,
    };
    return { destination, graceMs: options.graceMs ?? 30_000 };
  }

  get statuses(): string[] {
    return this.reports.map((report) => report.status);
  }

  get last(): DestinationReport | undefined {
    return this.reports.at(-1);
  }

  connection(): FakeConnection {
    const connection = this.connections.at(-1);
    if (connection === undefined) throw new Error("nothing was connected");
    return connection;
  }

  /** Lets everything that is due run. */
  async settle(): Promise<void> {
    for (let round = 0; round < 5; round += 1) await turn();
  }

  /** The peer accepts the newest connection, and takes media from then on. */
  async accept(): Promise<void> {
    await this.settle();
    this.connection().listener.onPublishing();
  }

  /** The source sends for so long, 10 frames a second, a keyframe a second. */
  stream(destination: Destination, forMs: number): void {
    for (let passed = 0; passed < forMs; passed += 100) {
      this.now += 100;
      this.#timestamp += 100;
      if (this.#timestamp === 100) this.cache.push(videoConfiguration(0));
      const message = videoFrame(this.#timestamp, { keyframe: this.#timestamp % 1_000 === 0, size: 10_000 });
      this.cache.push(message);
      destination.feed(new SharedMessage(message));
      const connection = this.connections.at(-1);
      if (this.takes && connection !== undefined && connection.sent.length > 0 && !connection.isClosing) {
        const isFirst = this.#takenAt === null;
        this.#takenBytes += 10_000;
        this.#takenAt = this.now;
        if (isFirst) connection.listener.onTaken();
      }
      destination.tick();
    }
  }

  /** Time passes without media. */
  pass(destination: Destination, forMs: number): void {
    for (let passed = 0; passed < forMs; passed += 250) {
      this.now += 250;
      destination.tick();
    }
  }

  async #connect(destination: RelayDestination, listener: SenderListener): Promise<Sender | CloseReason> {
    if (this.refusal !== null) return this.refusal;
    const connection: FakeConnection = { destination, listener, sent: [], isClosing: false };
    this.connections.push(connection);
    this.#takenAt = null;
    this.#takenBytes = 0;
    return {
      send: (message) => void connection.sent.push(message),
      taken: () => ({ takenBytes: this.#takenBytes, takenAt: this.#takenAt, acknowledges: true }),
      droppedFrames: 0,
      close: () => {
        connection.isClosing = true;
      },
    };
  }
}
