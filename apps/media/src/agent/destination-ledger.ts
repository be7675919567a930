import type {
  DesiredDestination,
  DestinationGauge as DestinationTotals,
  ObservedDestination,
} from "@trax/media-protocol";
import type { DestinationGauge, DestinationReport, DestinationStatus } from "../relay/protocol.ts";

type Entry = {
  readonly broadcastId: string;
  revision: number;
  /** Reconnects and bytes of the workers and connections before this one. */
  reconnectsBefore: number;
  bytesBefore: number;
  droppedBefore: number;
  /** By a worker or connection before this one. */
  takenBefore: string | null;
  /** Taken by its peer at some time in this broadcast, with this revision. */
  wasLive: boolean;
  /** Taken off air, with the broadcast still on: only its counters matter. */
  resting: boolean;
  status: DestinationStatus;
  report: DestinationReport | null;
  gauge: DestinationGauge | null;
};

const fresh = (broadcastId: string, revision: number): Entry => ({
  broadcastId,
  revision,
  reconnectsBefore: 0,
  bytesBefore: 0,
  droppedBefore: 0,
  takenBefore: null,
  wasLive: false,
  resting: false,
  status: "idle",
  report: null,
  gauge: null,
});

/**
 * What is known of each destination on air, over the lives of the workers that
 * serve it: a worker counts from zero, a broadcast does not.
 */
export class DestinationLedger {
  readonly #entries = new Map<string, Entry>();

  /**
   * Begins to follow a destination, from what the rows say of it. Answers what
   * to record at once: one that an agent or worker before had live is not.
   */
  follow(
    destination: DesiredDestination,
    broadcastId: string,
    last: Pick<DestinationTotals, "sentBytes" | "droppedFrames" | "lastTakenAt"> | undefined,
  ): ObservedDestination | null {
    const known = this.#entries.get(destination.id);
    if (known?.broadcastId === broadcastId) {
      if (known.resting) this.#restart(known);
      if (known.revision !== destination.revision) {
        known.revision = destination.revision;
        known.wasLive = false;
      }
      return null;
    }
    const entry = fresh(broadcastId, destination.revision);
    const wasLive = destination.status === "live" || destination.status === "reconnecting";
    entry.wasLive = wasLive;
    entry.reconnectsBefore = destination.reconnects + (destination.status === "live" ? 1 : 0);
    entry.bytesBefore = last?.sentBytes ?? 0;
    entry.droppedBefore = last?.droppedFrames ?? 0;
    entry.takenBefore = last?.lastTakenAt ?? null;
    if (wasLive) entry.status = "reconnecting";
    this.#entries.set(destination.id, entry);
    return wasLive ? this.#observed(destination.id, entry) : null;
  }

  /** It is not to be sent to any more. What it was sent in this broadcast stays known. */
  rest(destinationId: string): void {
    const entry = this.#entries.get(destinationId);
    if (entry !== undefined) entry.resting = true;
  }

  /** Forgets a broadcast. */
  end(broadcastId: string): void {
    for (const [id, entry] of this.#entries) if (entry.broadcastId === broadcastId) this.#entries.delete(id);
  }

  /** The counters of all destinations that this agent has followed in a broadcast, those at rest or deleted since included. */
  finals(broadcastId: string): DestinationTotals[] {
    return [...this.#entries].flatMap(([id, entry]) =>
      entry.broadcastId === broadcastId ? (this.totals(id) ?? []) : [],
    );
  }

  isFollowed(destinationId: string, broadcastId: string): boolean {
    return this.#entries.get(destinationId)?.broadcastId === broadcastId;
  }

  status(destinationId: string): DestinationStatus | null {
    return this.#entries.get(destinationId)?.status ?? null;
  }

  /** What a worker reports, as what to record; null when it is about something no longer on air. */
  report(report: DestinationReport): ObservedDestination | null {
    const entry = this.#entries.get(report.destinationId);
    if (entry === undefined || entry.resting || entry.revision !== report.revision) return null;
    entry.report = report;
    if (report.status === "live") entry.wasLive = true;
    entry.status = report.status === "connecting" && entry.wasLive ? "reconnecting" : report.status;
    return this.#observed(report.destinationId, entry);
  }

  /** Its worker is gone, or has let go of it, and with that its connection; the next one counts from zero. */
  lost(destinationId: string): ObservedDestination | null {
    const entry = this.#entries.get(destinationId);
    if (entry === undefined) return null;
    const wasCut = !entry.resting && entry.status === "live";
    this.#carry(entry);
    this.#restartCount(entry);
    if (wasCut) entry.reconnectsBefore += 1;
    if (entry.resting) return null;
    entry.status = entry.wasLive ? "reconnecting" : "connecting";
    return this.#observed(destinationId, entry);
  }

  /** Counters of a worker as counters of the broadcast; null when not on air. */
  gauge(gauge: DestinationGauge): DestinationTotals | null {
    const entry = this.#entries.get(gauge.destinationId);
    if (entry === undefined) return null;
    // Counting anew: its relay was built anew.
    if (entry.gauge !== null && gauge.sentBytes < entry.gauge.sentBytes) this.#carry(entry);
    entry.gauge = gauge;
    return this.totals(gauge.destinationId);
  }

  totals(destinationId: string): DestinationTotals | null {
    const entry = this.#entries.get(destinationId);
    if (entry === undefined) return null;
    return {
      destinationId,
      broadcastId: entry.broadcastId,
      bitrate: entry.gauge?.bitrate ?? 0,
      sentBytes: entry.bytesBefore + (entry.gauge?.sentBytes ?? 0),
      droppedFrames: entry.droppedBefore + (entry.gauge?.droppedFrames ?? 0),
      roundTripMs: entry.gauge?.roundTripMs ?? null,
      lastTakenAt: entry.gauge?.lastTakenAt ?? entry.takenBefore,
    };
  }

  /** On air again within one broadcast: a first connection, with counters that go on. */
  #restart(entry: Entry): void {
    this.#restartCount(entry);
    entry.resting = false;
    entry.wasLive = false;
    entry.status = "idle";
  }

  #restartCount(entry: Entry): void {
    entry.reconnectsBefore += entry.report?.reconnects ?? 0;
    entry.report = null;
  }

  #carry(entry: Entry): void {
    entry.bytesBefore += entry.gauge?.sentBytes ?? 0;
    entry.droppedBefore += entry.gauge?.droppedFrames ?? 0;
    entry.takenBefore = entry.gauge?.lastTakenAt ?? entry.takenBefore;
    entry.gauge = null;
  }

  #observed(destinationId: string, entry: Entry): ObservedDestination {
    return {
      destinationId,
      broadcastId: entry.broadcastId,
      status: entry.status,
      connectedAt: entry.report?.connectedAt ?? null,
      reconnects: entry.reconnectsBefore + (entry.report?.reconnects ?? 0),
      lastError: entry.report?.lastError ?? null,
    };
  }
}
