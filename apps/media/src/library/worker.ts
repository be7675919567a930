import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { NotCopyable } from "../ffmpeg/copied-file.ts";
import type { Demuxer } from "../ffmpeg/demuxer.ts";
import { processAudio } from "./audio.ts";
import { processClip, processRecording } from "./clip.ts";
import { checkContentType } from "./content-type.ts";
import { longestWork, openMediaFile, pictureSize } from "./media-file.ts";
import type { LibraryJob, LibraryReport, LibraryResult } from "./protocol.ts";
import { Refused } from "./refused.ts";

/**
 * The process that looks at one file of the media library, started by
 * `processing.ts` with limits, for one job (see `protocol.ts`). What strangers
 * have uploaded is decoded here and in programs that play what passed here, and
 * nowhere else.
 */

const reportMs = 500;

let sha256: string | null = null;
let lastReport = -Infinity;

function report(message: LibraryReport): void {
  if (!process.connected) return;
  // A failed write means that the agent is gone; "disconnect" follows.
  process.send?.(message, undefined, undefined, () => {});
}

function progress(percent: number): void {
  if (performance.now() - lastReport < reportMs) return;
  lastReport = performance.now();
  report({ type: "progress", percent: Math.round(percent), longestMs: null });
}

async function work(job: LibraryJob): Promise<LibraryResult> {
  sha256 = await check(job);
  return { sha256, ...(await make(job)) };
}

/** Whether it is what was to be uploaded, byte for byte. */
async function check({ path, sizeBytes, sha256: told }: LibraryJob): Promise<string> {
  const { size } = await stat(path);
  if (size !== sizeBytes) throw new Refused(`It has ${size} bytes, and was to have ${sizeBytes}.`);
  const hash = createHash("sha256");
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), async (chunks) => {
    for await (const chunk of chunks) {
      hash.update(chunk);
      progress(0);
    }
  });
  const found = hash.digest("hex");
  if (told !== null && told !== found)
    throw new Refused("Its bytes are not those that were announced: the SHA-256 differs.");
  return found;
}

async function make(job: LibraryJob): Promise<Omit<LibraryResult, "sha256">> {
  const { path, directory, kind, contentType, recordedMs } = job;
  const demuxers = await checkContentType(path, contentType);
  if (kind === "image" || demuxers === null) {
    // Only for images: what draws them reserves a gigabyte, which clips are not to lose of their memory.
    const { processImage } = await import("./image.ts");
    return processImage(path, directory);
  }
  const from = { path, demuxers };
  if (recordedMs !== null) return opened(from, (demuxer) => processRecording(demuxer, directory, recordedMs));
  const first = async (demuxer: Demuxer) => {
    report({ type: "progress", percent: 0, longestMs: longestWork(demuxer.durationMs, pictureSize(demuxer)) });
    if (kind !== "video") return processAudio(demuxer, directory, progress);
    return processClip(demuxer, directory, { mayCopy: true, onProgress: progress });
  };
  try {
    return await opened(from, first);
  } catch (error) {
    if (!(error instanceof NotCopyable)) throw error;
    // Within the time that there is for the whole.
    return opened(from, (demuxer) => processClip(demuxer, directory, { mayCopy: false, onProgress: progress }));
  }
}

async function opened<Made>(
  { path, demuxers }: { readonly path: string; readonly demuxers: string },
  use: (demuxer: Demuxer) => Promise<Made>,
): Promise<Made> {
  const demuxer = await openMediaFile(path, demuxers);
  try {
    return await use(demuxer);
  } finally {
    await demuxer.close();
  }
}

function answer(error: unknown): LibraryReport {
  if (error instanceof Refused) return { type: "refused", reason: error.message, sha256 };
  return {
    type: "failed",
    message: error instanceof Error ? error.message : "something else than an error was thrown",
  };
}

// Without its agent nobody wants what it makes.
process.on("disconnect", () => process.exit(0));
process.once("message", (job: LibraryJob) => {
  void work(job)
    .then((result): LibraryReport => ({ type: "done", result }), answer)
    .then((message) => process.send?.(message, undefined, undefined, () => process.exit(0)));
});
