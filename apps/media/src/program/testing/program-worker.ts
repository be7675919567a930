import { once } from "node:events";
import type { SceneContent } from "@trax/media-protocol";
import { waitFor } from "@trax/peers";
import type { MediaMessage } from "../../rtmp/message.ts";
import { forkProgramWorker } from "../fork-worker.ts";
import { connectLink } from "../link/client.ts";
import type { ProgramCommand, ProgramReport, ProgramSource, ProgramSpec } from "../protocol.ts";

export type TestProgramWorker = {
  readonly pid: number;
  readonly tell: (command: ProgramCommand) => void;
  /** Everything it reported, in order. */
  readonly reports: readonly ProgramReport[];
  readonly output: () => string;
  /** The newest report of that type. */
  readonly last: <T extends ProgramReport["type"]>(type: T) => Extract<ProgramReport, { type: T }> | undefined;
  readonly disconnect: () => void;
  readonly exited: Promise<number | null>;
  readonly stop: () => Promise<void>;
};

/** Forks the program worker as the agent does. */
export async function startProgramWorker(): Promise<TestProgramWorker> {
  const child = forkProgramWorker({ output: "pipe" });
  const reports: ProgramReport[] = [];
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream?.setEncoding("utf8").on("data", (text) => (output += text));
  child.on("message", (report: ProgramReport) => reports.push(report));
  const { promise: exited, resolve } = Promise.withResolvers<number | null>();
  child.once("exit", (code) => resolve(code));
  await once(child, "spawn");
  await waitFor("the worker is ready", () => reports.some((report) => report.type === "ready"));
  return {
    pid: child.pid ?? 0,
    tell: (command) => void child.send(command),
    reports,
    output: () => output,
    last: (type) => {
      const isOfType = (report: ProgramReport): report is Extract<ProgramReport, { type: typeof type }> =>
        report.type === type;
      return reports.findLast(isOfType);
    },
    disconnect: () => child.disconnect(),
    exited,
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill("SIGKILL");
      await exited;
    },
  };
}

export type ProgramWatch = {
  /** With the time that each came at (monotonic ms). */
  readonly messages: readonly (MediaMessage & { readonly cameAt: number })[];
  readonly close: () => void;
};

/** Watches a program's link from now on. */
export function watchProgram(path: string): ProgramWatch {
  const messages: (MediaMessage & { readonly cameAt: number })[] = [];
  const client = connectLink(path, {
    onMessage: (message) => messages.push({ ...message, cameAt: performance.now() }),
    onClosed: () => undefined,
  });
  return { messages, close: () => client.close() };
}

export function ingest(sourceId: string, url: string | null): ProgramSource {
  return { sourceId, revision: 1, kind: "ingest", url, loop: false, silenceMs: 1_000 };
}

/** A program of 320x180 at 30 with nothing in it yet. */
export function programSpec(linkPath: string, change: Partial<ProgramSpec> = {}): ProgramSpec {
  return {
    studioId: "std_a",
    canvas: { width: 320, height: 180, frameRate: 30, videoBitrate: 800_000, audioBitrate: 96_000 },
    sources: [],
    scene: null,
    take: { number: 1, transition: "cut", durationMs: 0 },
    overlays: [],
    slate: { assetId: null, text: "Back soon", color: null },
    fallbackSourceIds: [],
    linkPath,
    publish: null,
    preview: null,
    meters: false,
    allowedNetworks: [],
    traceparent: null,
    ...change,
  };
}

export function solo(sourceId: string): SceneContent {
  return { preset: "solo", slots: [{ sourceId }], layers: [], audio: [], audioFollowsVideo: false };
}

/** A scene of layers without any source. */
export function colorScene(color: string): SceneContent {
  const layer: SceneContent["layers"][number] = {
    id: "layer",
    type: "color",
    sourceId: null,
    assetId: null,
    url: null,
    text: null,
    color,
    x: 0,
    y: 0,
    width: 1,
    height: 1,
    z: 0,
    fit: "cover",
    crop: { left: 0, top: 0, right: 0, bottom: 0 },
    opacity: 1,
    visible: true,
    style: {
      font: "DejaVu Sans",
      fontSize: 0.1,
      fontWeight: "normal",
      color: "#ffffff",
      background: null,
      align: "left",
      verticalAlign: "top",
      padding: 0,
      borderRadius: 0,
      borderWidth: 0,
      borderColor: "#000000",
    },
  };
  return { preset: null, slots: [], layers: [layer], audio: [], audioFollowsVideo: false };
}
