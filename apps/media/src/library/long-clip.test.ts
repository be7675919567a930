import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { ensurePeer, tempDirectory } from "@trax/peers";
import { processFile } from "./processing.ts";
import type { Outcome } from "./processing.ts";

const run = promisify(execFile);
const hourMs = 3_600_000;

test("a clip of four hours is taken from its beginning to its end; one of seven is refused in words", async (context) => {
  await ensurePeer("ffmpeg");
  const directory = await tempDirectory("long-clip");
  context.after(() => directory.remove());

  /** One picture a minute: as long, and quickly made. */
  const processed = async (hours: number): Promise<Outcome> => {
    const [path, made] = [join(directory.path, `${hours}.mp4`), join(directory.path, `${hours}.made`)];
    const picture = `testsrc=size=64x36:rate=1/60:duration=${hours * 3_600}`;
    const encoded = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"];
    await run("ffmpeg", ["-loglevel", "error", "-f", "lavfi", "-i", picture, ...encoded, path]);
    await mkdir(made);
    const { size: sizeBytes } = await stat(path);
    const told = { contentType: "video/mp4", sizeBytes, sha256: null, recordedMs: null };
    return processFile(
      { path, directory: made, kind: "video", ...told },
      { onStarted: () => undefined, onEnded: () => undefined, onProgress: () => undefined },
      new AbortController().signal,
    );
  };

  const four = await processed(4);
  assert.ok(four.type === "done", JSON.stringify(four));
  assert.deepEqual([four.result.durationMs, four.result.thumbnail], [4 * hourMs, "thumbnail.jpg"]);
  const seven = await processed(7);
  assert.ok(seven.type === "refused", JSON.stringify(seven));
  assert.match(seven.reason, /longer than 6 hours/);
});
