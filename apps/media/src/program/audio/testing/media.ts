import { execFile } from "node:child_process";
import { readFlv } from "../../../rtmp/testing/flv.ts";
import type { MediaMessage } from "../../../rtmp/message.ts";
import type { Stereo } from "../pcm.ts";
import { stereo } from "../pcm.ts";

export type TestSound = {
  readonly codec: "aac" | "mp3" | "opus";
  readonly sampleRate: number;
  readonly channels: number;
  readonly seconds: number;
  /** FFmpeg's aevalsrc expression of one channel at `t` seconds. */
  readonly expression: string;
};

/** A burst of 1 kHz for 100 ms at each full second. */
export const bursts = "0.5*sin(2*PI*1000*t)*lt(mod(t\\,1)\\,0.1)*gte(t\\,1)";

/** Messages as ffmpeg encodes the sound; Opus, which its FLV does not take, comes by way of Ogg. */
export async function encodeSound(sound: TestSound): Promise<MediaMessage[]> {
  const { codec, sampleRate, channels, seconds, expression } = sound;
  const input = ["-f", "lavfi", "-i", `aevalsrc=${expression}:s=${sampleRate}:d=${seconds}`];
  // As loud on each channel, where ffmpeg would split it.
  const spread = Array.from({ length: channels }, (_, channel) => `c${channel}=c0`).join("|");
  const layout = channels === 6 ? "5.1" : channels === 2 ? "stereo" : "mono";
  const filter = ["-af", `pan=${layout}|${spread}`];
  const encoder = { aac: "aac", mp3: "libmp3lame", opus: "libopus" }[codec];
  const format = codec === "opus" ? ["-page_duration", "20000", "-f", "ogg"] : ["-f", "flv"];
  const file = await ffmpeg([...input, ...filter, "-c:a", encoder, "-b:a", "192k", ...format, "pipe:1"], null);
  if (codec !== "opus") return readFlv(file).filter(({ kind }) => kind === "audio");
  return opusMessages(oggPackets(file));
}

/** What ffmpeg decodes of messages that FLV takes, as 48 kHz, from the timestamp of the first on. */
export async function decodeFlv(messages: readonly MediaMessage[]): Promise<Stereo> {
  const raw = await ffmpeg(
    ["-f", "flv", "-i", "pipe:0", "-ar", "48000", "-ac", "2", "-f", "f32le", "pipe:1"],
    writeFlv(messages),
  );
  const sound = stereo(Math.floor(raw.length / 8));
  for (let i = 0; i < sound.left.length; i += 1) {
    sound.left[i] = raw.readFloatLE(i * 8);
    sound.right[i] = raw.readFloatLE(i * 8 + 4);
  }
  return sound;
}

function ffmpeg(args: readonly string[], input: Buffer | null): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const all = ["-hide_banner", "-loglevel", "error", ...(input === null ? ["-nostdin"] : []), ...args];
    const child = execFile("ffmpeg", all, { encoding: "buffer", maxBuffer: 1 << 28 }, (error, stdout) => {
      if (error === null) resolve(stdout);
      else reject(error);
    });
    child.stdin?.end(input ?? undefined);
  });
}

/** An FLV file of audio tags (FLV 10.1, Annex E.2 to E.4). */
function writeFlv(messages: readonly MediaMessage[]): Buffer {
  const parts: Buffer[] = [Buffer.from("464c5601040000000900000000", "hex")];
  for (const { timestamp, payload } of messages) {
    const head = Buffer.alloc(11);
    head.writeUInt8(8, 0);
    head.writeUIntBE(payload.length, 1, 3);
    head.writeUIntBE(timestamp % 2 ** 24, 4, 3);
    head.writeUInt8(Math.floor(timestamp / 2 ** 24), 7);
    const size = Buffer.alloc(4);
    size.writeUInt32BE(11 + payload.length);
    parts.push(head, payload, size);
  }
  return Buffer.concat(parts);
}

/** The packets of an Ogg file with one stream (RFC 3533, section 6). */
function oggPackets(file: Buffer): Buffer[] {
  const packets: Buffer[] = [];
  let open: Buffer[] = [];
  for (let page = 0; page + 27 <= file.length;) {
    const segments = file.readUInt8(page + 26);
    let at = page + 27 + segments;
    for (let i = 0; i < segments; i += 1) {
      const size = file.readUInt8(page + 27 + i);
      open.push(file.subarray(at, at + size));
      at += size;
      if (size === 255) continue;
      packets.push(Buffer.concat(open));
      open = [];
    }
    page = at;
  }
  return packets;
}

/** As MediaMTX sends them: the OpusHead as a sequence start, no comments, and 20 ms a packet. */
function opusMessages([head, , ...packets]: readonly Buffer[]): MediaMessage[] {
  const message = { kind: "audio", keyframe: false } as const;
  const tag = (first: number, body: Buffer): Buffer => Buffer.concat([Buffer.of(first), Buffer.from("Opus"), body]);
  // What the encoder looked ahead comes before the beginning.
  const preSkipMs = (head?.readUInt16LE(10) ?? 0) / 48;
  return [
    { ...message, timestamp: 0, payload: tag(0x90, head ?? Buffer.alloc(0)), configuration: true },
    ...packets.map((packet, i) => {
      const timestamp = i * 20 - preSkipMs;
      return { ...message, timestamp, payload: tag(0x91, packet), configuration: false };
    }),
  ];
}
