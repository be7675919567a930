import { open } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";

export type SettledRecording = { readonly durationMs: number; readonly sizeBytes: number };

type Box = { readonly type: string; readonly at: number; readonly headerBytes: number; readonly size: number };

/** What `moov` says of a track: its clock, and how long a sample is where a fragment does not say. */
type TrackInfo = { timescale: number; sampleDuration: number };

/**
 * Reads how long a fragmented MP4 that nobody writes any more is, and cuts off
 * what its writer did not finish: a fragment of which a part is missing. Null
 * where there is no such file, or nothing to play in it.
 *
 * Our own rather than a library's: it reads a few bytes of each fragment of
 * files of many gigabytes, in a process that FFmpeg is to be kept out of. Boxes
 * by ISO/IEC 14496-12: 4.2, 8.4.2 (mdhd), 8.8.3 (trex), 8.8.7 (tfhd), 8.8.8
 * (trun), 8.8.12 (tfdt).
 */
export async function settleRecording(path: string): Promise<SettledRecording | null> {
  let file: FileHandle;
  try {
    file = await open(path, "r+");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    throw error;
  }
  try {
    return await settle(file);
  } finally {
    await file.close();
  }
}

async function settle(file: FileHandle): Promise<SettledRecording | null> {
  const { size } = await file.stat();
  let tracks: ReadonlyMap<number, TrackInfo> = new Map();
  let [wholeTo, endMs] = [0, 0];
  for (let at = 0, fragment: Buffer | null = null; at < size;) {
    const box = await readHeader(file, at, size);
    if (box === null) break;
    if (box.type === "moov") tracks = readTracks(await readBody(file, box));
    if (box.type === "moof") fragment = await readBody(file, box);
    at += box.size;
    if (box.type === "mdat" && fragment !== null) {
      endMs = Math.max(endMs, fragmentEnd(fragment, tracks));
      wholeTo = at;
      fragment = null;
    } else if (box.type === "mfra") wholeTo = at;
  }
  if (endMs === 0) return null;
  if (wholeTo < size) await file.truncate(wholeTo);
  return { durationMs: Math.round(endMs), sizeBytes: wholeTo };
}

/** Null where the box is not all there. */
async function readHeader(file: FileHandle, at: number, fileSize: number): Promise<Box | null> {
  const header = Buffer.alloc(16);
  const { bytesRead } = await file.read(header, 0, 16, at);
  if (bytesRead < 8) return null;
  const isLarge = header.readUInt32BE(0) === 1;
  const size = isLarge && bytesRead === 16 ? Number(header.readBigUInt64BE(8)) : header.readUInt32BE(0);
  const headerBytes = isLarge ? 16 : 8;
  if (size < headerBytes || at + size > fileSize) return null;
  return { type: header.toString("latin1", 4, 8), at, headerBytes, size };
}

async function readBody(file: FileHandle, { at, headerBytes, size }: Box): Promise<Buffer> {
  const body = Buffer.alloc(size - headerBytes);
  await file.read(body, 0, body.length, at + headerBytes);
  return body;
}

/** The bodies of the boxes of these types, by their path: `children(moov, "trak", "mdia")`. */
function children(body: Buffer, type: string, ...deeper: readonly string[]): Buffer[] {
  const found: Buffer[] = [];
  for (let at = 0; at + 8 <= body.length;) {
    const size = body.readUInt32BE(at);
    if (size < 8) break;
    if (body.toString("latin1", at + 4, at + 8) === type) found.push(body.subarray(at + 8, at + size));
    at += size;
  }
  const [next, ...rest] = deeper;
  return next === undefined ? found : found.flatMap((child) => children(child, next, ...rest));
}

function readTracks(moov: Buffer): ReadonlyMap<number, TrackInfo> {
  const tracks = new Map<number, TrackInfo>();
  for (const trak of children(moov, "trak")) {
    const [tkhd] = children(trak, "tkhd");
    const [mdhd] = children(trak, "mdia", "mdhd");
    if (tkhd === undefined || mdhd === undefined) continue;
    const id = tkhd.readUInt32BE(tkhd[0] === 1 ? 20 : 12);
    tracks.set(id, { timescale: mdhd.readUInt32BE(mdhd[0] === 1 ? 20 : 12), sampleDuration: 0 });
  }
  for (const trex of children(moov, "mvex", "trex")) {
    const track = tracks.get(trex.readUInt32BE(4));
    if (track !== undefined) track.sampleDuration = trex.readUInt32BE(12);
  }
  return tracks;
}

/** When the last sample of a fragment is over, ms. */
function fragmentEnd(moof: Buffer, tracks: ReadonlyMap<number, TrackInfo>): number {
  const ends = children(moof, "traf").map((traf) => {
    const [tfhd] = children(traf, "tfhd");
    const [tfdt] = children(traf, "tfdt");
    const track = tfhd === undefined ? undefined : tracks.get(tfhd.readUInt32BE(4));
    if (tfhd === undefined || tfdt === undefined || track === undefined || track.timescale === 0) return 0;
    const begin = tfdt[0] === 1 ? Number(tfdt.readBigUInt64BE(4)) : tfdt.readUInt32BE(4);
    const sampleDuration = defaultDuration(tfhd) ?? track.sampleDuration;
    const length = children(traf, "trun").reduce((sum, trun) => sum + runDuration(trun, sampleDuration), 0);
    return ((begin + length) * 1_000) / track.timescale;
  });
  return Math.max(0, ...ends);
}

function defaultDuration(tfhd: Buffer): number | null {
  const flags = tfhd.readUIntBE(1, 3);
  if ((flags & 0x08) === 0) return null;
  return tfhd.readUInt32BE(8 + ((flags & 0x01) === 0 ? 0 : 8) + ((flags & 0x02) === 0 ? 0 : 4));
}

function runDuration(trun: Buffer, sampleDuration: number): number {
  const flags = trun.readUIntBE(1, 3);
  const samples = trun.readUInt32BE(4);
  if ((flags & 0x100) === 0) return samples * sampleDuration;
  const first = 8 + ((flags & 0x01) === 0 ? 0 : 4) + ((flags & 0x04) === 0 ? 0 : 4);
  const stride = [0x100, 0x200, 0x400, 0x800].filter((flag) => (flags & flag) !== 0).length * 4;
  let sum = 0;
  for (let sample = 0; sample < samples; sample += 1) sum += trun.readUInt32BE(first + sample * stride);
  return sum;
}
