import type { MediaMessage } from "../../rtmp/message.ts";
import type { Meter } from "../protocol.ts";

export type ProgramAudioOptions = {
  /** Of the encoders, bit/s. */
  readonly bitrate: number;
  /** Engine time at which the program's sound begins, ms; 0 unless given. */
  readonly startMs?: number;
  /** FLV AAC tags, the configuration first; timestamps in engine ms. */
  readonly onAac: (message: MediaMessage) => void;
  /** Enhanced RTMP `Opus` tags, the sequence start first, while `setOpus(true)`. */
  readonly onOpus: (message: MediaMessage) => void;
  /** An encoder failed, and is opened anew by itself. */
  readonly onError: (error: unknown) => void;
};

/** How a source is heard. One that is not listed is not heard. */
export type SourceMix = {
  readonly sourceId: string;
  /** dB. */
  readonly gain: number;
  readonly mute: boolean;
  readonly solo: boolean;
  readonly delayMs: number;
  /** False: the scene does not show it, and audio follows video. */
  readonly audible: boolean;
};

/**
 * The sound of a composed program. Engine time 0 is sample 0 (48 kHz, stereo).
 * Nothing here throws because of what a source sends.
 */
export class ProgramAudio {
  constructor(_options: ProgramAudioOptions) {}

  /** Changes are ramped over 15 ms, or over `fadeMs` with a take that fades. */
  setSources(_sources: readonly SourceMix[], _fadeMs?: number): void {}

  /** Makes Opus too, beginning now, or no longer. */
  setOpus(_wanted: boolean): void {}

  /** Audio of a source (configuration included) whose first sample belongs at engine time `atMs`. */
  push(_sourceId: string, _message: MediaMessage, _atMs: number): void {}

  /** The source's timestamps begin anew. */
  interrupt(_sourceId: string): void {}

  /** The source is gone for good; it is faded out. */
  remove(_sourceId: string): void {}

  /** Mixes up to this engine time and hands it to the encoders; silence where there is none. */
  advance(_untilMs: number): void {}

  /** Since the last call, in dBFS; a source's after its gain and before mute, solo and audibility. */
  meters(): { readonly program: Meter; readonly sources: readonly ({ readonly sourceId: string } & Meter)[] } {
    return { program: { peak: -100, rms: -100 }, sources: [] };
  }

  /** How far the source's sound is from where its timestamps want it, ms. */
  driftMs(_sourceId: string): number {
    return 0;
  }

  /** Nothing comes to the listeners any more. */
  close(): void {}
}
