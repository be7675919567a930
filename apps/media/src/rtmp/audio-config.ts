import { BitReader } from "./bit-reader.ts";

export type AudioConfig = { readonly sampleRate: number | null; readonly channels: number | null };

const aacRates = [96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350] as const;
const aacChannels = [null, 1, 2, 3, 4, 5, 6, 8, null, null, null, 7, 8, 24, 8, null] as const;
const explicitRate = 15;
const spectralBandReplication = 5;
const parametricStereo = 29;

/** An AudioSpecificConfig (ISO 14496-3, 1.6.2.1); what SBR makes of it where it says so. */
export function readAacConfig(config: Buffer): AudioConfig {
  const bits = new BitReader(config);
  const type = readObjectType(bits);
  let sampleRate = readAacRate(bits);
  let channels = aacChannels[bits.bits(4)] ?? null;
  if (type === spectralBandReplication || type === parametricStereo) sampleRate = readAacRate(bits);
  if (type === parametricStereo) channels = 2;
  return { sampleRate, channels };
}

function readObjectType(bits: BitReader): number {
  const type = bits.bits(5);
  return type === 31 ? 32 + bits.bits(6) : type;
}

function readAacRate(bits: BitReader): number | null {
  const index = bits.bits(4);
  return index === explicitRate ? bits.bits(24) : (aacRates[index] ?? null);
}

/** An OpusHead without its page (RFC 7845, 5.1): Opus always runs at 48 kHz. */
export function readOpusHead(head: Buffer): AudioConfig {
  return { sampleRate: 48_000, channels: head[9] ?? null };
}

const mpeg1Rates = [44100, 48000, 32000] as const;
const monoMode = 3;

/** The header of an MPEG-1, 2 or 2.5 audio frame (ISO 11172-3, 2.4.1.3). */
export function readMp3Frame(frame: Buffer): AudioConfig | null {
  const bits = new BitReader(frame);
  if (bits.bits(11) !== 0x7ff) return null;
  const version = bits.bits(2);
  bits.skip(7);
  const rate = mpeg1Rates[bits.bits(2)];
  bits.skip(2);
  const channels = bits.bits(2) === monoMode ? 1 : 2;
  const divisor = version === 3 ? 1 : version === 2 ? 2 : 4;
  return { sampleRate: rate === undefined ? null : rate / divisor, channels };
}
