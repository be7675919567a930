import { isDatabaseAway } from "@trax/foundation/database";
import { readDesired, withPassphrase, writeGauges } from "@trax/media-protocol";
import type { DesiredStudio } from "@trax/media-protocol";
import type { RouterConnection } from "../mediamtx/api.ts";
import { removeDeletedRecordings } from "../recording/deleted-recordings.ts";
import { RecordingKeeper } from "../recording/recording-keeper.ts";
import type { RelayGauges, RelayReport } from "../relay/protocol.ts";
import type { AgentOptions } from "./agent-options.ts";
import { BroadcastLeases } from "./broadcast-leases.ts";
import { Broadcasts } from "./broadcasts.ts";
import { Destinations } from "./destinations.ts";
import { LossWatch } from "./loss-watch.ts";
import { NodeMeter } from "./node-meter.ts";
import { Opener } from "./opener.ts";
import { Programs } from "./programs.ts";
import { Recorder } from "./recorder.ts";
import { RelayPool } from "./relay-pool.ts";
import type { Lane } from "./relay-pool.ts";
import { SourceReporter } from "./source-reporter.ts";
import { isAtRest, planStudio, withRecording } from "./studio-plan.ts";
import type { NodeView, StudioPlan } from "./studio-plan.ts";
import { Wakeup } from "./wakeup.ts";

/** What runs for one studio on this node. */
type Running = {
  accountId: string;
  plan: StudioPlan;
  /** What each lane was told last, to tell it only what is new. */
  readonly told: Record<Lane, string | null>;
  /** Media of what its relays play flows through one of them. */
  flowing: boolean;
};

const fullReadMs = 2_000;
const pathsMs = 250;
const gaugesMs = 1_000;
const fenceMs = 500;
/** Nobody is told that one was deleted: it is looked for. */
const removalsMs = 2_000;

/**
 * Makes what runs on this node what the rows say should run, and the rows say
 * what really does. It compares states: a lost notification, a late start or a
 * kill costs time and nothing else.
 */
export class Agent {
  readonly #o: AgentOptions;
  readonly #opener: Opener;
  readonly #leases: BroadcastLeases;
  readonly #sources: SourceReporter;
  readonly #destinations: Destinations;
  readonly #programs: Programs;
  readonly #meter: NodeMeter;
  readonly #losses = new LossWatch();
  readonly #broadcasts: Broadcasts;
  readonly #recordings: RecordingKeeper;
  readonly #recorder: Recorder;
  readonly #pool: RelayPool;
  readonly #running = new Map<string, Running>();
  readonly #dirty = new Set<string>();
  readonly #wakeup = new Wakeup();
  #fullReadDue = 0;
  #loops: Promise<void>[] = [];
  #stopped = false;

  constructor(options: AgentOptions) {
    this.#o = options;
    this.#opener = new Opener(options.vault, options.log);
    this.#meter = new NodeMeter(options.programCores);
    this.#leases = new BroadcastLeases(options.db, options.nodeId, () => this.#meter.read());
    this.#recorder = new Recorder(options.log);
    this.#destinations = new Destinations({
      db: options.db,
      recorder: this.#recorder,
      onLive: (studioId) => this.wake(studioId),
    });
    this.#recordings = new RecordingKeeper({
      ...options,
      recorder: this.#recorder,
      wake: (studioId) => this.wake(studioId),
    });
    this.#broadcasts = new Broadcasts({
      ...options,
      recorder: this.#recorder,
      destinations: this.#destinations,
      wake: (studioId) => this.wake(studioId),
      wakeLater: (studioId, ms) => {
        if (ms < fullReadMs) this.#wakeup.later(ms, () => this.wake(studioId));
      },
    });
    this.#sources = new SourceReporter({
      db: options.db,
      nodeId: options.nodeId,
      recorder: this.#recorder,
      // The row follows; the relay need not wait for it.
      onSeen: (sourceId) => {
        for (const [studioId, running] of this.#running)
          if (running.plan.sourceIds.includes(sourceId)) this.wake(studioId);
      },
      onWritten: (studioId) => this.wake(studioId),
    });
    this.#programs = new Programs({
      ...options,
      fork: options.forkProgram,
      recorder: this.#recorder,
      sources: this.#sources,
      meter: this.#meter,
    });
    this.#pool = new RelayPool(
      {
        onReport: (studioId, report) => this.#hear(studioId, report),
        // At once: counters of a worker are to be known before its end is.
        onGauges: ({ relays }) => relays.forEach((relay) => this.#gauge(relay)),
        onReleased: (studioId, destinationIds) => {
          for (const id of destinationIds.filter(RecordingKeeper.isRecording)) this.#recordings.released(id);
          this.#destinations.lost(studioId, destinationIds);
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
    await this.#recordings.start();
    await this.#look();
    await this.#reconcile();
    this.#loops = [
      this.#every(pathsMs, () => this.#look()),
      this.#every(gaugesMs, () => this.#losses.look(this.#sources.online.values(), this.#o.links)),
      this.#every(gaugesMs, () => this.#writeGauges()),
      this.#every(removalsMs, () => removeDeletedRecordings(this.#o)),
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
    this.#programs.look([]);
  }

  /** Somebody asks for a picture. `payload` as notified. */
  takeSnapshot(payload: string): void {
    this.#programs.takeSnapshot(payload);
  }

  /** Who publishes a source, as last seen. */
  publisherOf(sourceId: string): RouterConnection | null {
    return this.#sources.publisherOf(sourceId);
  }

  processes(): { readonly name: string; readonly pid: number }[] {
    return [...this.#pool.processes(), ...this.#programs.processes()];
  }

  async close(): Promise<void> {
    this.#stopped = true;
    this.#wakeup.close();
    await Promise.all(this.#loops);
    await this.#pool.close();
    await this.#programs.close();
    await this.#recorder.close();
  }

  async #look(): Promise<void> {
    const paths = await this.#o.paths();
    this.#sources.look(paths);
    this.#programs.look(paths);
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
      for (const studioId of named) if (!present.has(studioId)) await this.#dismiss(studioId);
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
    const plan = planStudio(studio, this.#view(before?.plan ?? null));
    // First of all: a take waits for nothing.
    this.#programs.note(studioId, plan.needs);
    this.#programs.tell(studioId, plan.program);
    const running: Running = before ?? {
      accountId: studio.accountId,
      plan,
      told: { shared: null, own: null },
      flowing: false,
    };
    if (running.plan.playing !== plan.playing) Object.assign(running, { flowing: false });
    running.plan = plan;
    this.#running.set(studioId, running);

    await this.#follow(studio, plan);
    const recorded = studio.isRecorded ? plan.broadcast : null;
    const recording = await this.#recordings.want(studioId, recorded?.id ?? null);
    // Let go meanwhile: what was planned is not this node's any more.
    if (this.#running.get(studioId) !== running) return;
    running.plan = withRecording(plan, recording);
    this.#tell(studioId, running);
    await this.#broadcasts.automatic(studio);
    const { broadcast, active, ending } = plan;
    if (broadcast !== null) await this.#broadcasts.progress(studio, broadcast, { flowing: running.flowing, active });
    if (recording === null && !this.#pool.isConnected(studioId)) this.#recordings.releasedAll(studioId);
    const isBusy = this.#pool.isConnected(studioId) || this.#recordings.unsettled(studioId).length > 0;
    // The end of each wakes us.
    if (!isBusy) for (const one of ending) await this.#broadcasts.end(studio, one);
    if (isAtRest(plan)) this.#running.delete(studioId);
  }

  #view(before: StudioPlan | null): NodeView {
    const opener = this.#opener;
    return {
      ...this.#o,
      online: this.#sources.online,
      owned: this.#leases.owned,
      watched: (studioId) => this.#programs.watched(studioId),
      lingering: (studioId) => this.#programs.lingering(studioId),
      playing: before?.playing ?? null,
      transcoding: before?.transcode ?? false,
      openTarget: ({ accountId }, { id, url, passphrase, streamKey }) => {
        const known = opener.open(passphrase, accountId, id);
        return {
          url: known === null ? url : withPassphrase(url, known),
          streamKey: opener.open(streamKey, accountId, id),
        };
      },
      openUrl: ({ accountId }, { id, url }) => opener.open(url, accountId, id),
    };
  }

  /** Follows what is on air, and puts at rest what is not; leaves alone what another node runs. */
  async #follow(studio: DesiredStudio, plan: StudioPlan): Promise<void> {
    const active = new Set(plan.active.map((destination) => destination.id));
    const { broadcast } = plan;
    if (broadcast !== null) await this.#destinations.follow(studio, broadcast, plan.active);
    if (studio.broadcasts.some((one) => !this.#leases.owned.has(one.id))) return;
    // Of one that waits, whoever asks its platform tells.
    for (const destination of studio.destinations)
      if (!active.has(destination.id) && !(destination.waits && broadcast !== null))
        this.#destinations.rest(studio.studioId, destination, broadcast?.id ?? null);
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

  #hear(studioId: string, report: RelayReport): void {
    const running = this.#running.get(studioId);
    if (running === undefined) return;
    if (report.type === "destination") {
      const { destination } = report;
      if (RecordingKeeper.isRecording(destination.destinationId)) this.#recordings.report(destination);
      else this.#destinations.report(studioId, destination);
    } else if (report.sourceId === running.plan.playing) {
      running.flowing = report.flowing;
      const frameRate = report.video?.frameRate ?? null;
      // Its own program is no source.
      if (frameRate !== null && report.sourceId !== studioId) this.#sources.measured(report.sourceId, frameRate);
      this.wake(studioId);
    }
  }

  /** At once: counters of a worker are to be known before its end is. */
  #gauge({ studioId, source, destinations }: RelayGauges): void {
    for (const gauge of destinations) {
      this.#destinations.gauge(gauge);
      this.#recordings.gauge(gauge);
    }
    if (source?.sourceId === studioId) this.#programs.measured(studioId, source.bitrate);
  }

  #workerLost(studioId: string, lane: Lane): void {
    const running = this.#running.get(studioId);
    if (running === undefined) return;
    running.flowing = false;
    const destinations = running.plan.relays[lane]?.destinations ?? [];
    this.#destinations.lost(
      studioId,
      destinations.map((destination) => destination.destinationId),
    );
  }

  /** The studio is gone from the rows. */
  async #dismiss(studioId: string): Promise<void> {
    if (this.#running.has(studioId)) this.#drop(studioId);
    await this.#recordings.studioGone(studioId);
  }

  #drop(studioId: string): void {
    const running = this.#running.get(studioId);
    this.#running.delete(studioId);
    this.#programs.tell(studioId, null);
    for (const lane of ["shared", "own"] as const) this.#pool.drop(studioId, lane);
    for (const broadcast of [running?.plan.broadcast ?? [], running?.plan.ending ?? []].flat())
      this.#destinations.end(broadcast.id);
  }

  async #writeGauges(): Promise<void> {
    const { programs, sources: opened } = this.#programs.gauges();
    const sources = [...this.#sources.online.values()].map(({ sourceId, bitrate, lastFrameAt }) => ({
      sourceId,
      bitrate,
      lastFrameAt,
      packetLoss: this.#losses.of(this.#sources.publisherOf(sourceId), performance.now()),
    }));
    await writeGauges(this.#o.db, [...sources, ...opened], this.#destinations.takeGauges(), programs);
  }
}
