import type { Database } from "@trax/foundation/database";
import { readDestinationGauges, recordDestination } from "@trax/media-protocol";
import type {
  DesiredBroadcast,
  DesiredDestination,
  DesiredStudio,
  DestinationGauge as DestinationTotals,
  ObservedDestination,
} from "@trax/media-protocol";
import type { DestinationGauge, DestinationReport } from "../relay/protocol.ts";
import { DestinationLedger } from "./destination-ledger.ts";
import type { Recorder } from "./recorder.ts";

export type DestinationsOptions = {
  readonly db: Database;
  readonly recorder: Recorder;
  /** The row says that one of this studio's is live. */
  readonly onLive: (studioId: string) => void;
};

/** The destinations this node sends to: follows what is on air, and keeps the rows to what is seen. */
export class Destinations {
  readonly #o: DestinationsOptions;
  readonly #ledger = new DestinationLedger();
  /** Those whose counters were told since they were written. */
  readonly #counted = new Set<string>();

  constructor(options: DestinationsOptions) {
    this.#o = options;
  }

  /** Follows those on air. */
  async follow(studio: DesiredStudio, broadcast: DesiredBroadcast, active: readonly DesiredDestination[]) {
    const known = active.every((destination) => this.#ledger.isFollowed(destination.id, broadcast.id));
    const gauges = known ? [] : await readDestinationGauges(this.#o.db, broadcast.id);
    for (const destination of active) {
      const last = gauges.find((gauge) => gauge.destinationId === destination.id);
      this.#observe(studio.studioId, this.#ledger.follow(destination, broadcast.id, last));
    }
  }

  /** It is not to be sent to. */
  rest(studioId: string, destination: DesiredDestination, broadcastId: string | null): void {
    const { id: destinationId } = destination;
    this.#ledger.rest(destinationId);
    // The row may be about to say something else.
    if (destination.status === "idle" && !this.#o.recorder.isBusy(destinationId)) return;
    const seen = { status: "idle", connectedAt: null, reconnects: null, lastError: null } as const;
    this.#observe(studioId, { destinationId, broadcastId, ...seen });
  }

  report(studioId: string, report: DestinationReport): void {
    this.#observe(studioId, this.#ledger.report(report));
  }

  /** Their worker is gone, or has let go of them. */
  lost(studioId: string, destinationIds: readonly string[]): void {
    for (const id of destinationIds) this.#observe(studioId, this.#ledger.lost(id));
  }

  gauge(gauge: DestinationGauge): void {
    if (this.#ledger.gauge(gauge) !== null) this.#counted.add(gauge.destinationId);
  }

  /** Its peer takes media, and its row says so. */
  isTaken(destination: DesiredDestination): boolean {
    return destination.status === "live" && this.#ledger.status(destination.id) === "live";
  }

  /** The counters that have changed since this was last asked. */
  takeGauges(): DestinationTotals[] {
    const totals = [...this.#counted].flatMap((destinationId) => this.#ledger.totals(destinationId) ?? []);
    this.#counted.clear();
    return totals;
  }

  /** The counters of a broadcast that is over. */
  finals(broadcastId: string): DestinationTotals[] {
    return this.#ledger.finals(broadcastId);
  }

  /** Forgets a broadcast. */
  end(broadcastId: string): void {
    this.#ledger.end(broadcastId);
  }

  /** Writes what was seen, and looks again where that may make the studio live. */
  #observe(studioId: string, seen: ObservedDestination | null): void {
    if (seen === null) return;
    this.#o.recorder.record(seen.destinationId, async () => {
      await recordDestination(this.#o.db, seen);
      if (seen.status === "live") this.#o.onLive(studioId);
    });
  }
}
