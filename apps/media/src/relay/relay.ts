import { isDeepStrictEqual } from "node:util";
import type { Logger } from "@trax/foundation/log";
import type { MediaMessage } from "../rtmp/message.ts";
import { AudioPath } from "./audio-path.ts";
import { ByteRate } from "./byte-rate.ts";
import type { Clock } from "./clock.ts";
import { Destination } from "./destination.ts";
import { fourCcsOf } from "./four-cc.ts";
import { KeyframeCache } from "./keyframe-cache.ts";
import { openSender } from "./open-sender.ts";
import type { RelayDestination, RelayGauges, RelaySpec, WorkerReport } from "./protocol.ts";
import { SharedMessage } from "./shared-message.ts";
import { isMainTrack } from "./single-track.ts";
import { silentAfterMs, SourceFlow } from "./source-flow.ts";
import { SourceReader } from "./source-reader.ts";
import { SourceTimeline } from "./source-timeline.ts";
import { StartSpan } from "./start-span.ts";

/** What a destination may have waiting, beside one keyframe group. */
const queueBytes = 4 * 1024 * 1024;

type SourceReport = Extract<WorkerReport, { type: "source" }>;

export type RelayHost = {
  readonly clock: Clock;
  readonly log: Logger;
  readonly report: (report: WorkerReport) => void;
  /** Something threw that must not: the relay is beyond repair and wants to be built anew. */
  readonly crashed: (error: unknown) => void;
};

/**
 * One studio in passthrough: plays its source, live or not, and copies it to
 * every destination. Owns the source's reader and the destinations.
 */
export class Relay {
  readonly #host: RelayHost;
  readonly #predecessor: Promise<void>;
  #spec: RelaySpec;
  readonly #cache = new KeyframeCache();
  readonly #timeline = new SourceTimeline();
  #flow = new SourceFlow();
  #reportedSource: SourceReport | null = null;
  /** Media flows to the destinations: unlike a source's, this outlives a switch of sources. */
  #flowing = false;
  #lastMediaAt = 0;
  #reader: SourceReader | null = null;
  #audioPath: AudioPath | null = null;
  readonly #destinations = new Map<string, Destination>();
  readonly #spans = new Map<string, StartSpan>();
  /** Destinations whose connections are being closed. */
  readonly #leaving = new Map<string, Promise<void>>();
  #sourceRate = new ByteRate();

  /** `predecessor` settles when an earlier relay of this studio has closed its connections. */
  constructor(studioId: string, host: RelayHost, predecessor: Promise<void>) {
    this.#host = host;
    this.#predecessor = predecessor;
    this.#spec = {
      studioId,
      source: null,
      transcodeAudio: false,
      destinations: [],
      graceMs: 0,
      allowedNetworks: [],
      traceparent: null,
    };
  }

  /** Makes the relay what `spec` says; the same spec again changes nothing. */
  update(spec: RelaySpec): void {
    const before = this.#spec;
    this.#spec = spec;
    if (before.source?.sourceId !== spec.source?.sourceId || before.source?.url !== spec.source?.url) {
      this.#changeSource(before);
    }
    if (before.transcodeAudio !== spec.transcodeAudio) this.#changeAudioPath();
    this.#changeDestinations();
  }

  /** A few times a second. */
  tick(): void {
    const now = this.#host.clock.now();
    this.#reader?.tick(now);
    if (this.#reportedSource?.flowing === true && !this.#flow.isFlowing(now)) this.#reportSource(false);
    if (this.#flowing && now - this.#lastMediaAt >= silentAfterMs) this.#setFlowing(false);
    for (const destination of this.#destinations.values()) destination.tick();
  }

  /** Once a second. */
  gauges(): RelayGauges {
    const { clock } = this.#host;
    const { source, studioId } = this.#spec;
    const lastFrameAt = this.#flow.lastFrameAt;
    return {
      studioId,
      source:
        source === null
          ? null
          : {
              sourceId: source.sourceId,
              bitrate: this.#sourceRate.sample(this.#reader?.receivedBytes ?? 0, clock.now()),
              lastFrameAt: lastFrameAt === null ? null : clock.timestampOf(lastFrameAt),
            },
      destinations: [...this.#destinations.values()].map((destination) => destination.gauge()),
    };
  }

  /** Closes everything politely; settles when every connection is gone. */
  async close(): Promise<void> {
    this.#reader?.close();
    this.#reader = null;
    this.#audioPath?.close();
    this.#audioPath = null;
    for (const destinationId of this.#destinations.keys()) this.#remove(destinationId);
    await this.left();
  }

  /** Settles when every connection that is no longer wanted by now is gone. */
  async left(): Promise<void> {
    await Promise.all([this.#predecessor, ...this.#leaving.values()]);
  }

  readonly #guard = (run: () => void): void => {
    try {
      run();
    } catch (error) {
      this.#host.crashed(error);
    }
  };

  #changeSource(before: RelaySpec): void {
    this.#reader?.close();
    this.#reader = null;
    const { source } = this.#spec;
    if (before.source !== null && before.source.sourceId !== source?.sourceId) {
      if (this.#reportedSource?.flowing === true) this.#host.report({ ...this.#reportedSource, flowing: false });
      this.#reportedSource = null;
      this.#flow = new SourceFlow();
      this.#sourceRate = new ByteRate();
    }
    if (source === null) return;
    this.#reader = new SourceReader(source.url, {
      onStart: () => this.#guard(() => this.#restart()),
      onMessage: (message) => this.#guard(() => this.#receive(message)),
      onLost: (reason) =>
        this.#host.log.debug({ studioId: this.#spec.studioId, code: reason.code }, "source connection ended"),
    });
  }

  #changeAudioPath(): void {
    this.#audioPath?.close();
    this.#audioPath = null;
    if (!this.#spec.transcodeAudio) return;
    this.#audioPath = new AudioPath({
      onMessage: (message) => this.#guard(() => this.#distribute(message)),
      onError: (error) =>
        this.#host.log.warn({ studioId: this.#spec.studioId, err: error }, "audio could not be transcoded"),
    });
  }

  #changeDestinations(): void {
    const wanted = new Map(this.#spec.destinations.map((destination) => [destination.destinationId, destination]));
    for (const destinationId of this.#destinations.keys()) {
      if (!wanted.has(destinationId)) this.#remove(destinationId);
    }
    for (const [destinationId, destination] of wanted) {
      const settings = { destination, graceMs: this.#spec.graceMs };
      const existing = this.#destinations.get(destinationId);
      if (existing === undefined) this.#add(destinationId, settings);
      else existing.update(settings);
    }
  }

  #add(destinationId: string, settings: { destination: RelayDestination; graceMs: number }): void {
    const { clock, report } = this.#host;
    const { studioId, traceparent } = this.#spec;
    const span = new StartSpan(traceparent, studioId, destinationId);
    const destination = new Destination(
      settings,
      {
        clock,
        cache: this.#cache,
        guard: this.#guard,
        report: (state) => {
          // One that is being closed has no more to say once another is in its place.
          if ((this.#destinations.get(destinationId) ?? destination) !== destination) return;
          span.note(state);
          report({ type: "destination", studioId, destination: state });
        },
        connect: (target, listener) =>
          openSender(
            target,
            {
              allowedNetworks: this.#spec.allowedNetworks,
              fourCcs: fourCcsOf(this.#audioPath === null ? this.#flow : { video: this.#flow.video, audio: null }),
              maxQueueBytes: queueBytes + this.#cache.bytes,
            },
            listener,
          ),
      },
      this.#leaving.get(destinationId) ?? this.#predecessor,
    );
    this.#destinations.set(destinationId, destination);
    this.#spans.set(destinationId, span);
    destination.start(this.#flowing);
  }

  #remove(destinationId: string): void {
    const destination = this.#destinations.get(destinationId);
    if (destination === undefined) return;
    this.#destinations.delete(destinationId);
    this.#spans.get(destinationId)?.end();
    this.#spans.delete(destinationId);
    const left = this.#leave(destinationId, destination);
    this.#leaving.set(destinationId, left);
  }

  async #leave(destinationId: string, destination: Destination): Promise<void> {
    await destination.close();
    if (this.#destinations.has(destinationId)) return;
    this.#leaving.delete(destinationId);
    const { studioId } = this.#spec;
    this.#host.report({ type: "gauges", relays: [{ studioId, source: null, destinations: [destination.gauge()] }] });
  }

  /** A new connection to the source: all that was held of the old one is of no use. */
  #restart(): void {
    this.#cache.clear();
    this.#timeline.interrupt();
    this.#flow.restart();
    this.#audioPath?.interrupt();
    for (const destination of this.#destinations.values()) destination.interrupt();
  }

  #receive(message: MediaMessage): void {
    if (!isMainTrack(message)) return;
    const now = this.#host.clock.now();
    this.#flow.note(message, now);
    if (!message.configuration && message.kind !== "data") {
      this.#lastMediaAt = now;
      this.#setFlowing(true);
      if (this.#flow.takeNews()) this.#reportSource(true);
    }
    const placed = { ...message, timestamp: this.#timeline.place(message, now) };
    if (placed.kind === "audio" && this.#audioPath !== null) this.#audioPath.push(placed, now);
    else this.#distribute(placed);
  }

  #distribute(message: MediaMessage): void {
    this.#cache.push(message);
    const shared = new SharedMessage(message);
    for (const destination of this.#destinations.values()) destination.feed(shared);
  }

  #setFlowing(flowing: boolean): void {
    if (flowing === this.#flowing) return;
    this.#flowing = flowing;
    for (const destination of this.#destinations.values()) destination.setFlowing(flowing);
  }

  /** Reports what is seen of the source, if that is anything new. */
  #reportSource(flowing: boolean): void {
    const { source, studioId } = this.#spec;
    if (source === null) return;
    const { video, audio } = this.#flow;
    const report: SourceReport = { type: "source", studioId, sourceId: source.sourceId, flowing, video, audio };
    if (isDeepStrictEqual(report, this.#reportedSource)) return;
    this.#reportedSource = report;
    this.#host.report(report);
  }
}
