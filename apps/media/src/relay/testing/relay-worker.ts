import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { waitFor } from "@trax/peers";
import type {
  DestinationGauge,
  DestinationReport,
  RelayDestination,
  RelayGauges,
  RelaySpec,
  WorkerCommand,
  WorkerReport,
} from "../protocol.ts";

export type TestWorker = {
  readonly pid: number;
  readonly tell: (command: WorkerCommand) => void;
  /** Everything it reported, in order. */
  readonly reports: readonly WorkerReport[];
  readonly output: () => string;
  /** The newest report of that destination. */
  readonly destination: (destinationId: string) => DestinationReport | undefined;
  readonly gauge: (destinationId: string) => DestinationGauge | undefined;
  readonly relayGauges: (studioId: string) => RelayGauges | undefined;
  readonly waitForStatus: (destinationId: string, status: DestinationReport["status"]) => Promise<DestinationReport>;
  /** Cuts the IPC channel, as the death of the agent would. */
  readonly disconnect: () => void;
  readonly exited: Promise<number | null>;
  readonly stop: () => Promise<void>;
};

/** Forks the relay worker as the agent does; `trusted` is a file of further CA certificates. */
export async function startRelayWorker(options: { readonly trusted?: string } = {}): Promise<TestWorker> {
  const trust = options.trusted === undefined ? {} : { NODE_EXTRA_CA_CERTS: options.trusted };
  const child = fork(fileURLToPath(new URL("../worker.ts", import.meta.url)), [], {
    env: { ...process.env, ...trust, MALLOC_ARENA_MAX: "2", UV_THREADPOOL_SIZE: "16" },
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
  const reports: WorkerReport[] = [];
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream?.setEncoding("utf8").on("data", (text) => (output += text));
  child.on("message", (report: WorkerReport) => reports.push(report));
  const { promise: exited, resolve } = Promise.withResolvers<number | null>();
  child.once("exit", (code) => resolve(code));
  await once(child, "spawn");
  await waitFor("the worker is ready", () => reports.some((report) => report.type === "ready"));

  const destination = (destinationId: string): DestinationReport | undefined =>
    reports
      .flatMap((report) => (report.type === "destination" ? [report.destination] : []))
      .findLast((report) => report.destinationId === destinationId);
  const relayGauges = (studioId: string): RelayGauges | undefined =>
    reports.findLast((report) => report.type === "gauges")?.relays.find((gauges) => gauges.studioId === studioId);
  return {
    pid: child.pid ?? 0,
    tell: (command) => void child.send(command),
    reports,
    output: () => output,
    destination,
    relayGauges,
    gauge: (destinationId) =>
      reports
        .findLast((report) => report.type === "gauges")
        ?.relays.flatMap((gauges) => gauges.destinations)
        .find((gauge) => gauge.destinationId === destinationId),
    waitForStatus: (destinationId, status) =>
      waitFor(`${destinationId} is ${status}`, () => {
        const report = destination(destinationId);
        return report?.status === status ? report : null;
      }),
    disconnect: () => child.disconnect(),
    exited,
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill("SIGKILL");
      await exited;
    },
  };
}

export function relaySpec(sourceUrl: string | null, destinations: readonly RelayDestination[] = []): RelaySpec {
  return {
    studioId: "std_a",
    source: sourceUrl === null ? null : { sourceId: "src_a", url: sourceUrl },
    transcodeAudio: false,
    destinations,
    graceMs: 30_000,
    allowedNetworks: ["127.0.0.0/8"],
    traceparent: null,
  };
}
