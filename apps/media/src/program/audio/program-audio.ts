import type { MediaMessage } from "../../rtmp/message.ts";
import type { Meter } from "../protocol.ts";
import { Encoding } from "./encoding.ts";
import { LevelMeter } from "./level-meter.ts";
import { Limiter, limiterDelay } from "./limiter.ts";
import type { Stereo } from "./pcm.ts";
import { factorOf, samplesOf, stereo } from "./pcm.ts";
import { rampSamples, SourceSound } from "./source-sound.ts";

export type ProgramAudioOptions = {
  /** Of the encoders, bit/s. */
  readonly bitrate: number;
  /** Engine time at which the program's sound begins, ms; 0 unless given. */
  readonly startMs?: number;
  /** FLV AAC tags, the configuration first; timestamps in engine ms. */
  readonly onAac: (message: MediaMessage) => void;
  /** Enhanced RTMP `Opus` tags, the sequence start first, while `setOpus(true)`. */
  readonly onOpus: (message: MediaMessage) => void;
  /** An encoder failed, or a source's sound could not be converted; both are tried again by themselves. */
  readonly onError: (error: unknown) => void;
};

/** Mixed at a time. */
const chunkSamples = 2_048;

/** How a source is heard. One that is not listed is not heard. */
export type SourceMix = {
  readonly sourceId: string;
  /** dB. */
  readonly gain: number;
  readonly mute: boolean;
  readonly solo: boolean;
  /** 4,000 at the most. */
  readonly delayMs: number;
  /** False: the scene does not show it, and audio follows video. */
  readonly audible: boolean;
};

/**
 * The sound of a composed program. Engine time 0 is sample 0 (48 kHz, stereo).
 * Nothing here throws because of what a source sends.
 */
export class ProgramAudio {
  readonly #options: ProgramAudioOptions;
  readonly #sources = new Map<string, SourceSound>();
  /** Removed, and fading out. */
  readonly #leaving = new Set<SourceSound>();
  readonly #limiter = new Limiter();
  readonly #meter = new LevelMeter();
  readonly #mix = stereo(chunkSamples);
  readonly #scratch = stereo(chunkSamples);
  readonly #aac: Encoding;
  #opus: Encoding | null = null;
  /** The next sample to be mixed. */
  #at: number;
  /** What the limiter gives out before the first sample. */
  #leadIn = limiterDelay;

  constructor(options: ProgramAudioOptions) {
    this.#options = options;
    this.#at = samplesOf(options.startMs ?? 0);
    this.#aac = this.#encode("aac", this.#at, options.onAac);
  }

  /** Changes are ramped over 15 ms, or over `fadeMs` with a take that fades. */
  setSources(sources: readonly SourceMix[], fadeMs = 0): void {
    const fade = Math.max(rampSamples, samplesOf(fadeMs));
    const isSolo = sources.some(({ solo, audible }) => solo && audible);
    const listed = new Set<string>();
    for (const { sourceId, gain, mute, solo, delayMs, audible } of sources) {
      listed.add(sourceId);
      const isHeard = audible && !mute && (solo || !isSolo);
      this.#source(sourceId).set(factorOf(gain), isHeard, delayMs, fade);
    }
    for (const [sourceId, source] of this.#sources) {
      if (!listed.has(sourceId)) source.fadeOut(fade);
    }
  }

  /** Makes Opus too, beginning now, or no longer. */
  setOpus(wanted: boolean): void {
    if (wanted === (this.#opus !== null)) return;
    this.#opus?.close();
    const from = this.#at - limiterDelay + this.#leadIn;
    this.#opus = wanted ? this.#encode("opus", from, this.#options.onOpus) : null;
  }

  /** Audio of a source (configuration included) whose first sample belongs at engine time `atMs`. */
  push(sourceId: string, message: MediaMessage, atMs: number): void {
    this.#source(sourceId).push(message, atMs);
  }

  /** Sound of a source that is decoded already (48 kHz), whose first sample belongs at engine time `atMs`. */
  pushSamples(sourceId: string, block: Stereo, atMs: number): void {
    this.#source(sourceId).pushSamples(block, atMs);
  }

  /** The source's timestamps begin anew. */
  interrupt(sourceId: string): void {
    this.#sources.get(sourceId)?.interrupt();
  }

  /** The source is gone for good; it is faded out. */
  remove(sourceId: string): void {
    const source = this.#sources.get(sourceId);
    if (source === undefined) return;
    this.#sources.delete(sourceId);
    source.close();
    source.fadeOut(rampSamples);
    this.#leaving.add(source);
  }

  /** Mixes up to this engine time and hands it to the encoders; silence where there is none. */
  advance(untilMs: number): void {
    const until = samplesOf(untilMs);
    while (this.#at < until) {
      const count = Math.min(chunkSamples, until - this.#at);
      const mix = part(this.#mix, count);
      mix.left.fill(0);
      mix.right.fill(0);
      this.#mixInto(mix, part(this.#scratch, count));
      this.#at += count;
      this.#limiter.process(mix);
      this.#meter.add(mix);
      const skip = Math.min(this.#leadIn, count);
      this.#leadIn -= skip;
      this.#aac.push(mix, skip);
      this.#opus?.push(mix, skip);
    }
  }

  /** Since the last call, in dBFS; a source's after its gain and before mute, solo and audibility. */
  meters(): { readonly program: Meter; readonly sources: readonly ({ readonly sourceId: string } & Meter)[] } {
    const sources = [...this.#sources].map(([sourceId, source]) => ({ sourceId, ...source.meter() }));
    return { program: this.#meter.take(), sources };
  }

  /** How far the source's sound is from where its timestamps want it, ms. */
  driftMs(sourceId: string): number {
    return this.#sources.get(sourceId)?.driftMs ?? 0;
  }

  /** When all that was pushed is in its place, and all that was mixed has come out, but for what does not fill a frame. */
  async settled(): Promise<void> {
    const sources = [...this.#sources.values()].map((source) => source.settled());
    await Promise.all([...sources, this.#aac.settled(), this.#opus?.settled()]);
  }

  /** Nothing comes to the listeners any more. */
  close(): void {
    for (const source of this.#sources.values()) source.close();
    this.#sources.clear();
    this.#leaving.clear();
    this.#aac.close();
    this.#opus?.close();
    this.#opus = null;
  }

  #source(sourceId: string): SourceSound {
    let source = this.#sources.get(sourceId);
    if (source === undefined) {
      source = new SourceSound(this.#at, this.#options.onError);
      this.#sources.set(sourceId, source);
    }
    return source;
  }

  #mixInto(mix: Stereo, scratch: Stereo): void {
    for (const source of this.#sources.values()) source.mix(this.#at, mix, scratch);
    for (const source of this.#leaving) {
      source.mix(this.#at, mix, scratch);
      if (source.isSilent) this.#leaving.delete(source);
    }
  }

  #encode(codec: "aac" | "opus", from: number, onMessage: (message: MediaMessage) => void): Encoding {
    const { bitrate, onError } = this.#options;
    return new Encoding({ codec, bitrate, from, onMessage, onError });
  }
}

function part(of: Stereo, count: number): Stereo {
  return { left: of.left.subarray(0, count), right: of.right.subarray(0, count) };
}
