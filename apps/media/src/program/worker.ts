import { openLog } from "@trax/foundation/log";
import { startTelemetry } from "@trax/foundation/telemetry";
import { Engine } from "./engine.ts";
import { beFirstToGo } from "./first-to-go.ts";
import type { ProgramCommand, ProgramReport, ProgramSpec } from "./protocol.ts";

/**
 * The process that makes one studio's program, forked by the media agent with
 * an IPC channel (see `protocol.ts`). Without its agent it ends at once:
 * nothing may go on that nobody can stop.
 */

const tickMs = 250;
const gaugeMs = 1_000;
/** On a machine that is short of breath an engine takes so long to start, at the most. */
const startMs = 10_000;
const meterMs = 100;

beFirstToGo();
const log = openLog("program", process.env["TRAX_LOG_LEVEL"] ?? "info");

let engine: Engine | null = null;
let spec: ProgramSpec | null = null;
/** An engine is on its way since then, monotonic ms. */
let startingSince = -Infinity;
/** Commands are obeyed one after the other. */
let obeying: Promise<void> = Promise.resolve();

function report(message: ProgramReport): void {
  if (!process.connected) return;
  // A failed write means that the agent is gone; "disconnect" follows.
  process.send?.(message, undefined, undefined, () => {});
}

async function apply(next: ProgramSpec): Promise<void> {
  const isOther = spec !== null && needsAnother(spec, next);
  spec = next;
  if (engine === null || isOther) startingSince = performance.now();
  if (engine !== null && isOther) {
    const last = engine;
    engine = null;
    await last.close();
  }
  if (engine === null) engine = await Engine.start(next, { log: log.child({ studioId: next.studioId }), report });
  else engine.update(next);
}

/** What an engine has for its life. */
function needsAnother(a: ProgramSpec, b: ProgramSpec): boolean {
  return (
    a.linkPath !== b.linkPath ||
    a.canvas.width !== b.canvas.width ||
    a.canvas.height !== b.canvas.height ||
    a.canvas.frameRate !== b.canvas.frameRate ||
    a.canvas.audioBitrate !== b.canvas.audioBitrate
  );
}

async function snapshot(id: number, of: string | null): Promise<void> {
  let jpeg: Buffer | null = null;
  try {
    jpeg = (await engine?.snapshot(of)) ?? null;
  } catch (error) {
    log.warn({ err: error }, "a picture could not be taken");
  }
  report({ type: "snapshot", id, jpeg: jpeg?.toString("base64") ?? null });
}

async function stop(): Promise<void> {
  // That it makes no frames any more is meant: nobody is to look at it while it ends.
  const last = engine;
  engine = null;
  await last?.close();
  await (await telemetry).close();
  process.exit(0);
}

async function obey(command: ProgramCommand): Promise<void> {
  switch (command.type) {
    case "program":
      await apply(command.spec);
      break;
    case "snapshot":
      // Nothing waits for a picture.
      void snapshot(command.id, command.of);
      break;
    case "stop":
      await stop();
      break;
  }
}

function fail(error: unknown): void {
  log.fatal({ err: error }, "the program worker failed");
  process.exit(1);
}

if (process.send === undefined) {
  log.fatal("the program worker is started by the media agent, with an IPC channel");
  process.exit(2);
}
process.on("disconnect", () => process.exit(0));
process.on("uncaughtException", fail);
const telemetry = startTelemetry("trax-program");
process.on("message", (command: ProgramCommand) => {
  obeying = obeying.then(() => obey(command)).catch(fail);
});
setInterval(() => engine?.tick(), tickMs);
setInterval(() => {
  if (engine === null) {
    // Slow is not stuck, for a while.
    if (performance.now() - startingSince < startMs) report({ type: "ready" });
    return;
  }
  // Another worker can do what this one cannot any more.
  if (engine.isStuck()) fail(new Error("no frame came out of the encoder any more"));
  report({ type: "gauges", gauges: engine.gauges() });
}, gaugeMs);
setInterval(() => {
  if (engine !== null && spec?.meters === true) report(engine.meters());
}, meterMs);
report({ type: "ready" });
