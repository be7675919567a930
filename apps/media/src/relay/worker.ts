import { openLog } from "@trax/foundation/log";
import { startTelemetry } from "@trax/foundation/telemetry";
import { systemClock } from "./clock.ts";
import type { RelaySpec, WorkerCommand, WorkerReport } from "./protocol.ts";
import { Relay } from "./relay.ts";

/**
 * A process of relays, forked by the media agent with an IPC channel (see
 * `protocol.ts`). Without its agent it ends at once: nothing may go on pushing
 * that nobody can stop.
 */

const tickMs = 250;
const gaugeMs = 1_000;
const rebuildMs = 1_000;

const log = openLog("relay", process.env["TRAX_LOG_LEVEL"] ?? "info");

/** One studio's relay, and what outlives it when it is dropped or built anew. */
type Slot = {
  spec: RelaySpec | null;
  relay: Relay | null;
  closing: Promise<void>;
  rebuildTimer: NodeJS.Timeout | null;
};

const slots = new Map<string, Slot>();
/** Commands obeyed so far: the agent counts those it sends, and the channel keeps their order. */
let obeyed = 0;

function report(message: WorkerReport): void {
  if (!process.connected) return;
  // A failed write means that the agent is gone; "disconnect" follows.
  process.send?.(message, undefined, undefined, () => {});
}

function build(studioId: string, slot: Slot): void {
  if (slot.spec === null) return;
  const relay = new Relay(
    studioId,
    {
      clock: systemClock,
      log,
      report,
      crashed: (error) => {
        if (slot.relay === relay) rebuild(studioId, slot, error);
        else log.error({ studioId, err: error }, "a relay failed after its end");
      },
    },
    slot.closing,
  );
  slot.relay = relay;
  relay.update(slot.spec);
}

function retire(slot: Slot): void {
  if (slot.relay === null) return;
  slot.closing = slot.relay.close();
  slot.relay = null;
}

/** A fault in one relay is that studio's alone: it is closed and built anew. */
function rebuild(studioId: string, slot: Slot, error: unknown): void {
  log.error({ studioId, err: error }, "a relay failed and is built anew");
  try {
    retire(slot);
  } catch (closeError) {
    slot.relay = null;
    log.error({ studioId, err: closeError }, "a failed relay could not be closed");
  }
  slot.rebuildTimer ??= setTimeout(() => {
    slot.rebuildTimer = null;
    attempt(studioId, slot, () => build(studioId, slot));
  }, rebuildMs);
}

function attempt(studioId: string, slot: Slot, run: () => void): void {
  try {
    run();
  } catch (error) {
    rebuild(studioId, slot, error);
  }
}

function apply(spec: RelaySpec): void {
  const { studioId } = spec;
  const slot = slots.get(studioId) ?? { spec, relay: null, closing: Promise.resolve(), rebuildTimer: null };
  slots.set(studioId, slot);
  slot.spec = spec;
  if (slot.rebuildTimer !== null) return;
  attempt(studioId, slot, () => (slot.relay === null ? build(studioId, slot) : slot.relay.update(spec)));
}

async function drop(studioId: string): Promise<void> {
  const slot = slots.get(studioId);
  if (slot === undefined) return;
  slot.spec = null;
  if (slot.rebuildTimer !== null) clearTimeout(slot.rebuildTimer);
  slot.rebuildTimer = null;
  attempt(studioId, slot, () => retire(slot));
  // Kept until its connections are gone, so that the studio's next relay waits for that.
  await slot.closing;
  if (slot.spec === null && slot.relay === null) slots.delete(studioId);
}

async function stop(): Promise<void> {
  const last = obeyed;
  const dropAndTell = async (studioId: string): Promise<void> => {
    await drop(studioId);
    report({ type: "let_go", studioId, after: last });
  };
  await Promise.all([...slots.keys()].map(dropAndTell));
  await (await telemetry).close();
  process.exit(0);
}

/** Tells when what a command no longer wants is closed: only then may another worker have it. */
async function confirm(studioId: string, after: number): Promise<void> {
  const slot = slots.get(studioId);
  await Promise.allSettled([slot?.closing, slot?.relay?.left()]);
  report({ type: "let_go", studioId, after });
}

function obey(command: WorkerCommand): void {
  obeyed += 1;
  switch (command.type) {
    case "relay":
      apply(command.spec);
      void confirm(command.spec.studioId, obeyed);
      break;
    case "drop":
      void drop(command.studioId);
      void confirm(command.studioId, obeyed);
      break;
    case "stop":
      void stop();
      break;
  }
}

function tick(): void {
  for (const [studioId, slot] of slots) attempt(studioId, slot, () => slot.relay?.tick());
}

function gauge(): void {
  const relays = [...slots].flatMap(([studioId, slot]) => {
    let gauges: ReturnType<Relay["gauges"]> | undefined;
    attempt(studioId, slot, () => {
      gauges = slot.relay?.gauges();
    });
    return gauges === undefined ? [] : [gauges];
  });
  // Also with nothing to tell: it is by these that the agent knows the worker is not stuck.
  report({ type: "gauges", relays });
}

if (process.send === undefined) {
  log.fatal("the relay worker is started by the media agent, with an IPC channel");
  process.exit(2);
}
process.on("disconnect", () => process.exit(0));
process.on("uncaughtException", (error) => {
  log.fatal({ err: error }, "the relay worker failed");
  process.exit(1);
});
const telemetry = startTelemetry("trax-relay");
process.on("message", (command: WorkerCommand) => {
  // Spans made before it has started would be lost; where it is off this is no wait.
  void telemetry.then(() => obey(command));
});
// A process that was held up looks at what has come meanwhile before it judges who is silent.
setInterval(() => setImmediate(tick), tickMs);
setInterval(gauge, gaugeMs);
report({ type: "ready" });
