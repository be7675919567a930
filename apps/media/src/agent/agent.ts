import { isDatabaseAway } from "@trax/foundation/database";
import type { Database } from "@trax/foundation/database";
import type { Logger } from "@trax/foundation/log";
import type { Vault } from "@trax/foundation/vault";
import {
  goLiveWithSource,
  goOfflineWithoutSource,
  readDesired,
  readDestinationGauges,
  recordDestination,
  recordEnded,
  recordHadSource,
  recordLive,
  rearmAutoGoLive,
  writeGauges,
} from "@trax/media-protocol";
import type { DesiredBroadcast, DesiredDestination, DesiredStudio, ObservedDestination } from "@trax/media-protocol";
import type { RouterConnection, RouterPath } from "../mediamtx/api.ts";
import type { RelayReport } from "../relay/protocol.ts";
import { BroadcastLeases } from "./broadcast-leases.ts";
import { BroadcastTraces } from "./broadcast-traces.ts";
import { automaticStep } from "./auto-go-live.ts";
import { DestinationLedger } from "./destination-ledger.ts";
import type { OrphanList } from "./orphans.ts";
import { Recorder } from "./recorder.ts";
import { RelayPool } from "./relay-pool.ts";
import type { Lane } from "./relay-pool.ts";
import { SourceReporter } from "./source-reporter.ts";
import { planStudio } from "./studio-plan.ts";
import type { StudioPlan } from "./studio-plan.ts";
import { Wakeup } from "./wakeup.ts";

export type AgentOptions = {
  readonly db: Database;
  readonly vault: Vault;
  readonly log: Logger;
  readonly nodeId: string;
  readonly allowedNetworks: readonly string[];
  readonly orphans: OrphanList;
  /** The router's list of paths; rejects while it does not answer. */
  readonly paths: () => Promise<readonly RouterPath[]>;
  readonly playUrl: (path: string) => string;
};

/** What runs for one studio on this node. */
type Running = {
  accountId: string;
  plan: StudioPlan;
  /** What each lane was told last, to tell it only what is new. */
  readonly told: Record<Lane, string | null>;
  /** Media of the source flows through the shared or the own relay. */
  flowing: boolean;
};

const fullReadMs = 2_000;
const pathsMs = 250;
const gaugesMs = 1_000;
const fenceMs = 500;

/**
 * Makes what runs on this node what the rows say should run, and the rows say
 * what really does. It compares states: a lost notification, a late start or a
 * kill costs time and nothing else.
 */
export class Agent {
  readonly #o: AgentOptions;
  readonly #leases: BroadcastLeases;
  readonly #sources: SourceReporter;
  readonly #ledger = new DestinationLedger();
  readonly #traces = new BroadcastTraces();
  readonly #recorder: Recorder;
  readonly #pool: RelayPool;
  readonly #running = new Map<string, Running>();
  readonly #dirty = new Set<string>();
  readonly #wakeup = new Wakeup();
  /** Destinations whose counters were told since they were written. */
  readonly #counted = new Set<string>();
  #fullReadDue = 0;
  #loops: Promise<void>[] = [];
  #stopped = false;

  constructor(options: AgentOptions) {
    this.#o = options;
    this.#leases = new BroadcastLeases(options.db, options.nodeId);
    this.#recorder = new Recorder(options.log);
    this.#sources = new SourceReporter({
      db: options.db,
      nodeId: options.nodeId,
      recorder: this.#recorder,
      paths: options.paths,
      // The row follows; the relay need not wait for it.
      onSeen: (sourceId) => {
        for (const [studioId, running] of this.#running) if (running.plan.sourceId === sourceId) this.wake(studioId);
      },
      onWritten: (studioId) => this.wake(studioId),
    });
    this.#pool = new RelayPool(
      {
        onReport: (studioId, report) => this.#hear(studioId, report),
        // At once: counters of a worker are to be known before its end is.
        onGauges: ({ relays }) => {
          for (const gauge of relays.flatMap((relay) => relay.destinations))
            if (this.#ledger.gauge(gauge) !== null) this.#counted.add(gauge.destinationId);
        },
        onReleased: (studioId, destinationIds) => {
          for (const id of destinationIds) this.#observe(studioId, this.#ledger.lost(id));
          this.wake(studioId);
        },
        onLost: (studioIds, lane) => studioIds.forEach((studioId) => this.#workerLost(studioId, lane)),
      },
      options.orphans,
      options.log,
    );
  }

  /** Reads what was online before this agent, then runs until `close`. */
  async start(): Promise<void> {
    await this.#sources.start();
    await this.#reconcile();
    this.#loops = [
      this.#every(pathsMs, () => this.#sources.look()),
      this.#every(gaugesMs, () => this.#writeGauges()),
      // Not with the reads: those may be what hangs.
      this.#every(fenceMs, async () => this.#fenceOff()),
      this.#reconcileLoop(),
    ];
  }

  /** Something about this studio has changed; without one: anything may have. */
  wake(studioId?: string): void {
    if (studioId === undefined) this.#fullReadDue = 0;
    else this.#dirty.add(studioId);
    this.#wakeup.now();
  }

  /** The router is gone, and every publisher with it. */
  routerLost(): void {
    this.#sources.routerLost();
  }

  /** Who publishes a source, as last seen. */
  publisherOf(sourceId: string): RouterConnection | null {
    return this.#sources.publisherOf(sourceId);
  }

  processes(): ReturnType<RelayPool["processes"]> {
    return this.#pool.processes();
  }

  async close(): Promise<void> {
    this.#stopped = true;
    this.#wakeup.close();
    await Promise.all(this.#loops);
    await this.#pool.close();
    await this.#recorder.close();
  }

  /** Runs again `ms` after it has finished; what it throws is logged, and costs one round. */
  async #every(ms: number, work: () => Promise<void>): Promise<void> {
    while (!this.#stopped) {
      try {
        await work();
      } catch (error) {
        this.#o.log.warn({ err: error }, "a round of the media agent failed; the next one comes");
      }
      await this.#wakeup.after(ms);
    }
  }

  async #reconcileLoop(): Promise<void> {
    while (!this.#stopped) {
      const wait = this.#dirty.size > 0 ? 0 : Math.max(0, this.#fullReadDue - performance.now());
      await this.#wakeup.until(wait);
      if (this.#stopped) return;
      try {
        await this.#reconcile();
      } catch (error) {
        this.#o.log.warn({ err: error }, "the desired state could not be read; what runs goes on");
        await this.#wakeup.after(200);
      }
    }
  }

  async #reconcile(): Promise<void> {
    const all = performance.now() >= this.#fullReadDue;
    const named = [...this.#dirty];
    this.#dirty.clear();
    try {
      if (all) {
        named.push(...this.#running.keys());
        await this.#leases.beat();
      }
      const studios = await readDesired(this.#o.db, named, all);
      const unclaimed = studios.some((studio) =>
        studio.broadcasts.some((one) => one.nodeId === null && !this.#leases.owned.has(one.id)),
      );
      if (unclaimed) await this.#leases.claim();
      for (const studio of studios) await this.#applyAlone(studio);
      const present = new Set(studios.map((studio) => studio.studioId));
      for (const studioId of named) if (!present.has(studioId)) this.#dismiss(studioId);
      if (all) this.#fullReadDue = performance.now() + fullReadMs;
    } catch (error) {
      for (const studioId of named) this.#dirty.add(studioId);
      throw error;
    }
  }

  #fenceOff(): void {
    if (!this.#leases.fence()) return;
    this.#o.log.error("the lease on this node's broadcasts cannot be renewed: they are let go");
    for (const studioId of this.#running.keys()) this.#drop(studioId);
  }

  /** What is wrong with one studio stays with it; a database that is away is everybody's. */
  async #applyAlone(studio: DesiredStudio): Promise<void> {
    try {
      await this.#apply(studio);
    } catch (error) {
      if (isDatabaseAway(error)) throw error;
      this.#o.log.error(
        { err: error, studioId: studio.studioId },
        "a studio could not be made what it should be; it is tried again",
      );
    }
  }

  async #apply(studio: DesiredStudio): Promise<void> {
    const { studioId } = studio;
    const before = this.#running.get(studioId);
    const plan = planStudio(studio, {
      online: this.#sources.online,
      owned: this.#leases.owned,
      playing: before?.plan.sourceId ?? null,
      transcoding: before?.plan.transcode ?? false,
      playUrl: this.#o.playUrl,
      openKey: (of, destination) =>
        destination.streamKey === null
          ? null
          : this.#o.vault.decrypt(destination.streamKey, { accountId: of.accountId, row: destination.id }).reveal(),
      allowedNetworks: this.#o.allowedNetworks,
    });
    const running: Running = before ?? {
      accountId: studio.accountId,
      plan,
      told: { shared: null, own: null },
      flowing: false,
    };
    if (running.plan.sourceId !== plan.sourceId) Object.assign(running, { flowing: false });
    running.plan = plan;
    this.#running.set(studioId, running);

    await this.#follow(studio, plan);
    // Let go meanwhile: what was planned is not this node's any more.
    if (this.#running.get(studioId) !== running) return;
    this.#tell(studioId, running);
    await this.#automatic(studio);
    if (plan.broadcast !== null) await this.#progress(studio, plan.broadcast, running);
    for (const broadcast of plan.ending) await this.#end(studio, broadcast);
    if (plan.relays.shared === null && plan.relays.own === null && plan.ending.length === 0 && plan.broadcast === null)
      this.#running.delete(studioId);
  }

  /** Follows what is on air, and puts at rest what is not; leaves alone what another node runs. */
  async #follow(studio: DesiredStudio, plan: StudioPlan): Promise<void> {
    const active = new Set(plan.active.map((destination) => destination.id));
    const { broadcast } = plan;
    if (broadcast !== null) {
      const known = plan.active.every((destination) => this.#ledger.isFollowed(destination.id, broadcast.id));
      const gauges = known ? [] : await readDestinationGauges(this.#o.db, broadcast.id);
      for (const destination of plan.active) {
        const last = gauges.find((gauge) => gauge.destinationId === destination.id);
        this.#observe(studio.studioId, this.#ledger.follow(destination, broadcast.id, last));
      }
    }
    if (studio.broadcasts.some((one) => !this.#leases.owned.has(one.id))) return;
    for (const destination of studio.destinations)
      if (!active.has(destination.id)) this.#rest(studio.studioId, destination, broadcast?.id ?? null);
  }

  #rest(studioId: string, destination: DesiredDestination, broadcastId: string | null): void {
    const { id: destinationId } = destination;
    this.#ledger.rest(destinationId);
    // The row may be about to say something else.
    if (destination.status === "idle" && !this.#recorder.isBusy(destinationId)) return;
    const seen = { status: "idle", connectedAt: null, reconnects: null, lastError: null } as const;
    this.#observe(studioId, { destinationId, broadcastId, ...seen });
  }

  #tell(studioId: string, running: Running): void {
    for (const lane of ["shared", "own"] as const) {
      const spec = running.plan.relays[lane];
      const text = spec === null ? null : JSON.stringify(spec);
      if (text === running.told[lane]) continue;
      running.told[lane] = text;
      if (spec === null) this.#pool.drop(studioId, lane);
      else this.#pool.assign(spec, lane);
    }
  }

  /** Going live and offline with the sources, where the studio is set so. */
  async #automatic(studio: DesiredStudio): Promise<void> {
    const step = automaticStep(studio, Date.now());
    if (step.rearm) await rearmAutoGoLive(this.#o.db, studio.studioId);
    if (step.hadSource !== null) await recordHadSource(this.#o.db, step.hadSource);
    if (step.lookAgainInMs !== null && step.lookAgainInMs < fullReadMs)
      this.#wakeup.later(step.lookAgainInMs, () => this.wake(studio.studioId));
    const { end } = step;
    const wasChanged =
      (step.goLive && (await this.#o.db.transaction((tx) => goLiveWithSource(tx, studio)))) ||
      (end !== null && (await this.#o.db.transaction((tx) => goOfflineWithoutSource(tx, studio, end))));
    if (wasChanged) this.wake(studio.studioId);
  }

  /** `live` once the program runs and, where something is to be sent to, one takes it. */
  async #progress(studio: DesiredStudio, broadcast: DesiredBroadcast, running: Running): Promise<void> {
    if (broadcast.startedAt !== null) return;
    this.#traces.begin(broadcast.id, studio.studioId, broadcast.traceparent);
    if (!running.flowing) return;
    const { active } = running.plan;
    const taken =
      active.length === 0 ||
      active.some((destination) => destination.status === "live" && this.#ledger.status(destination.id) === "live");
    if (!taken || !(await recordLive(this.#o.db, broadcast.id))) return;
    this.#traces.live(broadcast.id);
    this.#o.log.info({ studioId: studio.studioId, broadcastId: broadcast.id }, "live");
  }

  /** Over when its connections are closed and its destinations' rows say so; each of the two wakes us. */
  async #end({ studioId, destinations }: DesiredStudio, broadcast: DesiredBroadcast): Promise<void> {
    if (this.#pool.isConnected(studioId)) return;
    const busy = destinations.map(({ id }) => id).filter((id) => this.#recorder.isBusy(id));
    if (busy.length > 0) {
      void this.#recorder.settled(busy).then(() => this.wake(studioId));
      return;
    }
    await recordEnded(this.#o.db, broadcast.id, this.#ledger.finals(broadcast.id));
    this.#ledger.end(broadcast.id);
    this.#traces.ended(broadcast.id);
    this.#o.log.info({ studioId, broadcastId: broadcast.id }, "offline");
    // A broadcast asked for meanwhile begins now.
    this.wake(studioId);
  }

  /** Writes what was seen, and looks again where that may make the studio live. */
  #observe(studioId: string, seen: ObservedDestination | null): void {
    if (seen === null) return;
    this.#recorder.record(seen.destinationId, async () => {
      await recordDestination(this.#o.db, seen);
      if (seen.status === "live") this.wake(studioId);
    });
  }

  #hear(studioId: string, report: RelayReport): void {
    const running = this.#running.get(studioId);
    if (running === undefined) return;
    if (report.type === "destination") {
      this.#observe(studioId, this.#ledger.report(report.destination));
    } else if (report.sourceId === running.plan.sourceId) {
      running.flowing = report.flowing;
      const frameRate = report.video?.frameRate ?? null;
      if (frameRate !== null) this.#sources.measured(report.sourceId, frameRate);
      this.wake(studioId);
    }
  }

  #workerLost(studioId: string, lane: Lane): void {
    const running = this.#running.get(studioId);
    if (running === undefined) return;
    running.flowing = false;
    for (const { destinationId } of running.plan.relays[lane]?.destinations ?? [])
      this.#observe(studioId, this.#ledger.lost(destinationId));
  }

  /** The studio is gone from the rows. */
  #dismiss(studioId: string): void {
    if (this.#running.has(studioId)) this.#drop(studioId);
  }

  #drop(studioId: string): void {
    const running = this.#running.get(studioId);
    this.#running.delete(studioId);
    for (const lane of ["shared", "own"] as const) this.#pool.drop(studioId, lane);
    for (const broadcast of [running?.plan.broadcast ?? [], running?.plan.ending ?? []].flat())
      this.#ledger.end(broadcast.id);
  }

  async #writeGauges(): Promise<void> {
    const destinations = [...this.#counted].flatMap((destinationId) => this.#ledger.totals(destinationId) ?? []);
    this.#counted.clear();
    const sources = [...this.#sources.online.values()].map(({ sourceId, bitrate, lastFrameAt }) => ({
      sourceId,
      bitrate,
      lastFrameAt,
    }));
    await writeGauges(this.#o.db, sources, destinations);
  }
}
