import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { tempDirectory } from "@trax/peers";
import { Demuxer } from "./demuxer.ts";
import type { SharedFrame } from "./shared-frame.ts";
import { Upright } from "./upright.ts";

const run = promisify(execFile);
const ffmpeg = (...args: readonly string[]) => run("ffmpeg", ["-hide_banner", "-loglevel", "error", "-y", ...args]);

/** Where of a picture is white, and how wide and high it is. */
function look({ frame, width, height }: SharedFrame): readonly [where: string, width: number, height: number] {
  const planes = frame.toBuffer();
  const isWhite = (x: number, y: number) =>
    planes.readUInt8(Math.floor(height * y) * width + Math.floor(width * x)) > 128;
  const corners = {
    "top left": [0.2, 0.2],
    "top right": [0.8, 0.2],
    "bottom left": [0.2, 0.8],
    "bottom right": [0.8, 0.8],
  } as const;
  const white = Object.entries(corners).filter(([, [x, y]]) => isWhite(x, y));
  return [white.map(([name]) => name).join(), width, height];
}

async function firstPicture(path: string): Promise<ReturnType<typeof look> | null> {
  const [demuxer, upright] = [new Demuxer(), new Upright()];
  try {
    await demuxer.open(path, {});
    for await (const item of demuxer.read()) {
      if (item.kind !== "picture") continue;
      const picture = await upright.turn(item.picture);
      const seen = look(picture);
      picture.release();
      return seen;
    }
    return null;
  } finally {
    upright.free();
    await demuxer.close();
  }
}

test("pictures are turned as their file or their stream asks for", async (context) => {
  const directory = await tempDirectory("upright");
  context.after(() => directory.remove());
  const at = (name: string) => join(directory.path, name);
  // White in its top left.
  const drawn = "color=black:size=128x64:rate=10,drawbox=w=64:h=32:color=white:t=fill,format=yuv420p";
  await ffmpeg("-f", "lavfi", "-i", drawn, "-frames:v", "2", "-c:v", "libx264", at("plain.mp4"));
  assert.deepEqual(await firstPicture(at("plain.mp4")), ["top left", 128, 64]);
  for (const [anticlockwise, ...expected] of [
    [90, "bottom left", 64, 128],
    [180, "bottom right", 128, 64],
    [270, "top right", 64, 128],
  ] as const) {
    const file = at(`${anticlockwise}.mp4`);
    await ffmpeg("-i", at("plain.mp4"), "-c", "copy", "-metadata:s:v", `rotate=${anticlockwise}`, file);
    assert.deepEqual(await firstPicture(file), expected, `a file that asks for ${anticlockwise} degrees`);
    const stream = at(`${anticlockwise}.h264`);
    const orientation = `h264_metadata=display_orientation=insert:rotate=${anticlockwise}`;
    await ffmpeg("-i", at("plain.mp4"), "-c", "copy", "-bsf:v", `h264_mp4toannexb,${orientation}`, stream);
    assert.deepEqual(await firstPicture(stream), expected, `a stream that asks for ${anticlockwise} degrees`);
  }
});
