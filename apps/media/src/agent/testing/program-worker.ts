import type { ProgramCommand, ProgramReport } from "../../program/protocol.ts";

/**
 * Speaks as a program worker does and makes nothing. The preset in its gauges
 * is the number of the take it was told. A slate's text makes it misbehave.
 */
const report = (message: ProgramReport): void => void process.send?.(message);
let take = 0;
let frameRate = 30;
let timer: NodeJS.Timeout | null = null;

const gauge = (): void =>
  report({
    type: "gauges",
    gauges: { frameRate, behindMs: 0, skippedFrames: 0, preset: String(take), cores: 0, driftMs: 0, sources: [] },
  });

process.on("message", (command: ProgramCommand) => {
  switch (command.type) {
    case "program":
      if (command.spec.slate.text === "die") process.exit(1);
      if (command.spec.slate.text === "idle") frameRate = 0;
      take = command.spec.take.number;
      timer ??= setInterval(gauge, 200);
      report({ type: "shown", take, sceneId: null, at: "2026-01-01T00:00:00.000Z" });
      break;
    case "snapshot":
      report({ type: "snapshot", id: command.id, jpeg: command.of === null ? "cGljdHVyZQ==" : null });
      break;
    case "stop":
      process.exit(0);
  }
});
process.once("disconnect", () => process.exit(0));
report({ type: "ready" });
