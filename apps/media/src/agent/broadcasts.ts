import type { Database } from "@trax/foundation/database";
import type { Logger } from "@trax/foundation/log";
import {
  goLiveWithSource,
  goOfflineWithoutSource,
  recordEnded,
  recordHadSource,
  recordLive,
  rearmAutoGoLive,
} from "@trax/media-protocol";
import type { DesiredBroadcast, DesiredDestination, DesiredStudio } from "@trax/media-protocol";
import { automaticStep } from "./auto-go-live.ts";
import { BroadcastTraces } from "./broadcast-traces.ts";
import type { Destinations } from "./destinations.ts";
import type { Recorder } from "./recorder.ts";

export type BroadcastsOptions = {
  readonly db: Database;
  readonly log: Logger;
  readonly recorder: Recorder;
  readonly destinations: Destinations;
  readonly wake: (studioId: string) => void;
  readonly wakeLater: (studioId: string, ms: number) => void;
};

/** The course of each broadcast: begun by a source, live, ended. */
export class Broadcasts {
  readonly #o: BroadcastsOptions;
  readonly #traces = new BroadcastTraces();

  constructor(options: BroadcastsOptions) {
    this.#o = options;
  }

  /** Going live and offline with the sources, where the studio is set so. */
  async automatic(studio: DesiredStudio): Promise<void> {
    const { db } = this.#o;
    const step = automaticStep(studio, Date.now());
    if (step.rearm) await rearmAutoGoLive(db, studio.studioId);
    if (step.hadSource !== null) await recordHadSource(db, step.hadSource);
    if (step.lookAgainInMs !== null) this.#o.wakeLater(studio.studioId, step.lookAgainInMs);
    const { end } = step;
    const wasChanged =
      (step.goLive && (await db.transaction((tx) => goLiveWithSource(tx, studio)))) ||
      (end !== null && (await db.transaction((tx) => goOfflineWithoutSource(tx, studio, end))));
    if (wasChanged) this.#o.wake(studio.studioId);
  }

  /** `live` once the program runs and, where something is to be sent to, one takes it. */
  async progress(
    studio: DesiredStudio,
    broadcast: DesiredBroadcast,
    seen: { readonly flowing: boolean; readonly active: readonly DesiredDestination[] },
  ): Promise<void> {
    if (broadcast.startedAt !== null) return;
    this.#traces.begin(broadcast.id, studio.studioId, broadcast.traceparent);
    if (!seen.flowing) return;
    const { active } = seen;
    const isNone = active.length === 0 && !studio.destinations.some(({ waits }) => waits);
    const taken = isNone || active.some((destination) => this.#o.destinations.isTaken(destination));
    if (!taken || !(await recordLive(this.#o.db, broadcast.id))) return;
    this.#traces.live(broadcast.id);
    this.#o.log.info({ studioId: studio.studioId, broadcastId: broadcast.id }, "live");
  }

  /** Its connections are closed: over when its destinations' rows say so, which wakes us. */
  async end({ studioId, destinations }: DesiredStudio, broadcast: DesiredBroadcast): Promise<void> {
    const busy = destinations.map(({ id }) => id).filter((id) => this.#o.recorder.isBusy(id));
    if (busy.length > 0) {
      void this.#o.recorder.settled(busy).then(() => this.#o.wake(studioId));
      return;
    }
    await recordEnded(this.#o.db, broadcast.id, this.#o.destinations.finals(broadcast.id));
    this.#o.destinations.end(broadcast.id);
    this.#traces.ended(broadcast.id);
    this.#o.log.info({ studioId, broadcastId: broadcast.id }, "offline");
    // A broadcast asked for meanwhile begins now.
    this.#o.wake(studioId);
  }
}
