import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { tempDirectory } from "@trax/peers";
import type { MediaMessage } from "../../rtmp/message.ts";

const run = promisify(execFile);
const tagTypes = { audio: 8, video: 9, data: 18 } as const;

export type Rgb = readonly [red: number, green: number, blue: number];

/** Messages as an FLV file (FLV 10.1, E.2 to E.4), for ffmpeg to read. */
function flv(messages: readonly MediaMessage[]): Buffer {
  const parts: Buffer[] = [Buffer.from([0x46, 0x4c, 0x56, 1, 5, 0, 0, 0, 9, 0, 0, 0, 0])];
  for (const { kind, timestamp, payload } of messages) {
    const head = Buffer.alloc(11);
    head.writeUInt8(tagTypes[kind], 0);
    head.writeUIntBE(payload.length, 1, 3);
    head.writeUIntBE(timestamp & 0xffffff, 4, 3);
    head.writeUInt8(timestamp >>> 24, 7);
    const size = Buffer.alloc(4);
    size.writeUInt32BE(11 + payload.length, 0);
    parts.push(head, payload, size);
  }
  return Buffer.concat(parts);
}

/** Messages as a file that others read. */
export async function withFile<T>(messages: readonly MediaMessage[], use: (path: string) => Promise<T>): Promise<T> {
  const directory = await tempDirectory("decoded");
  try {
    const path = join(directory.path, "program.flv");
    await writeFile(path, flv(messages));
    return await use(path);
  } finally {
    await directory.remove();
  }
}

/** What ffprobe says of the video: of its stream, and of each frame. */
export function probeProgram(
  messages: readonly MediaMessage[],
): Promise<{ readonly stream: Record<string, unknown>; readonly pictureTypes: string }> {
  return withFile(messages, async (path) => {
    const args = "-v error -select_streams v -show_streams -show_entries frame=pict_type -of json".split(" ");
    const { stdout } = await run("ffprobe", [...args, path], { maxBuffer: 1 << 24 });
    const said: { streams: Record<string, unknown>[]; frames: { pict_type: string }[] } = JSON.parse(stdout);
    return { stream: said.streams[0] ?? {}, pictureTypes: said.frames.map((frame) => frame.pict_type).join("") };
  });
}

/** The mean colour of each frame, of a part of the picture (ffmpeg's crop, all of it unless given). */
export function meanColors(messages: readonly MediaMessage[], crop = "iw:ih:0:0"): Promise<Rgb[]> {
  return withFile(messages, async (path) => {
    const filter = `crop=${crop},scale=1:1:flags=area:in_color_matrix=bt709,format=rgb24`;
    const args = ["-v", "error", "-i", path, "-an", "-vsync", "passthrough", "-vf", filter, "-f", "rawvideo", "pipe:1"];
    const { stdout } = await run("ffmpeg", args, { encoding: "buffer", maxBuffer: 1 << 24 });
    const colors: Rgb[] = [];
    for (let at = 0; at + 2 < stdout.length; at += 3)
      colors.push([stdout.readUInt8(at), stdout.readUInt8(at + 1), stdout.readUInt8(at + 2)]);
    return colors;
  });
}
