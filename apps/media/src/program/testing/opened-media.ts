import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { newId } from "@trax/foundation/ids";
import { tempDirectory, waitFor } from "@trax/peers";
import { countedArguments } from "@trax/peers/counted/publisher";
import type { ProgramReport, ProgramSource, ProgramSpec } from "../protocol.ts";
import { type FileServer, startFileServer } from "./file-server.ts";
import { programSpec, startProgramWorker, type TestProgramWorker } from "./program-worker.ts";

const run = promisify(execFile);
const ffmpeg = (...args: readonly string[]) => run("ffmpeg", ["-hide_banner", "-loglevel", "error", "-y", ...args]);

export type OpenedMedia = {
  /** Where the files lie that the server has. */
  readonly path: string;
  readonly server: FileServer;
  readonly stop: () => Promise<void>;
};

/** A server of `clip.mp4`, 60 counted frames of source 3; `red.png`; and `live.m3u8`, a live stream of HLS. */
export async function startOpenedMedia(): Promise<OpenedMedia> {
  const [directory, server] = await Promise.all([tempDirectory("opened"), startFileServer()]);
  const at = (name: string) => join(directory.path, name);
  await ffmpeg(...countedArguments({ source: 3, seconds: 2, bFrames: 2 }), at("clip.mp4"));
  await ffmpeg("-f", "lavfi", "-i", "color=red:size=320x180", "-frames:v", "1", at("red.png"));
  const hls = "-c copy -f hls -hls_time 1 -hls_list_size 0".split(" ");
  await ffmpeg(...countedArguments({ source: 5, seconds: 6 }), at("whole.mp4"));
  await ffmpeg("-i", at("whole.mp4"), ...hls, at("live.m3u8"));
  for (const name of await readdir(directory.path)) server.put(`/${name}`, await readFile(at(name)));
  // Not ended: a live one.
  const list = await readFile(at("live.m3u8"), "utf8");
  server.put("/live.m3u8", Buffer.from(list.replace("#EXT-X-ENDLIST\n", "")));
  return {
    path: directory.path,
    server,
    stop: async () => {
      await server.stop();
      await directory.remove();
    },
  };
}

/** A program worker that may reach this machine, until `use` has ended; what it wrote has no password of a URL in it. */
export async function withOpenedWorker(
  media: OpenedMedia,
  use: (worker: TestProgramWorker, spec: ProgramSpec) => Promise<void>,
): Promise<void> {
  const worker = await startProgramWorker();
  try {
    const linkPath = join(media.path, newId("studio").slice(-8));
    await use(worker, programSpec(linkPath, { allowedNetworks: ["127.0.0.0/8"] }));
    assert.ok(!worker.output().includes("s3cret"));
  } catch (error) {
    const said = JSON.stringify(worker.reports.filter((report) => report.type === "source"));
    throw new Error(`the worker said: ${worker.output()} ${said}`, { cause: error });
  } finally {
    await worker.stop();
  }
}

/** Of a program: what is opened by URL. */
export function source(sourceId: string, kind: "media" | "pull", url: string, loop = true): ProgramSource {
  return { sourceId, revision: 1, kind, url, loop, silenceMs: 1_000 };
}

type SourceReport = Extract<ProgramReport, { type: "source" }>;

/** What the worker said last of a source. */
export const seen = (worker: TestProgramWorker, sourceId: string): SourceReport | undefined =>
  worker.reports.filter((report) => report.type === "source").findLast((report) => report.sourceId === sourceId);

export const flows = (worker: TestProgramWorker, sourceId: string) =>
  waitFor(`${sourceId} flows`, () => {
    const report = seen(worker, sourceId);
    return report?.flowing === true && report;
  });

/** The code it failed with. */
export const fails = (worker: TestProgramWorker, sourceId: string) =>
  waitFor(`${sourceId} fails`, () => seen(worker, sourceId)?.error?.code);
