import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { countedArguments } from "@trax/peers/counted/publisher";
import type { StreamFile } from "./test-stream.ts";

const run = promisify(execFile);

/** Encodes a counted source (tools/peers/src/counted), 640x360 at 30 frames a second: each of its frames says whose it is. */
export async function makeCountedStream(directory: string, source: number, seconds: number): Promise<StreamFile> {
  const path = join(directory, `counted-${source}.flv`);
  const options = { source, size: "640x360", seconds };
  await run("ffmpeg", [..."-hide_banner -loglevel error -nostdin".split(" "), ...countedArguments(options), path]);
  return { path, seconds, description: "a counted picture of 640x360p30 in H.264 with AAC, a keyframe a second" };
}
