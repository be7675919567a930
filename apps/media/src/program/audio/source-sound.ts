import type { MediaMessage } from "../../rtmp/message.ts";
import type { Meter } from "../protocol.ts";
import { LevelMeter } from "./level-meter.ts";
import { add, crossfade, scale } from "./mixer.ts";
import type { Stereo } from "./pcm.ts";
import { sampleRate, samplesOf, stereo } from "./pcm.ts";
import { Placement } from "./placement.ts";
import { Ramp } from "./ramp.ts";
import { SampleRing } from "./sample-ring.ts";
import { SourceDecoder } from "./source-decoder.ts";

/** 5.5 s: the longest delay, and what may come ahead of its time. */
const ringSamples = 2 ** 18;
const maxDelayMs = 4_000;
/** No change is faster. */
export const rampSamples = samplesOf(15);

/** One source's sound, from its messages to its part of the mix. */
export class SourceSound {
  readonly #ring: SampleRing;
  readonly #placement: Placement;
  readonly #decoder: SourceDecoder;
  readonly #meter = new LevelMeter();
  readonly #gain = new Ramp(1);
  readonly #presence = new Ramp(0);
  #delay = 0;
  /** The delay before, while it goes over to the new one. */
  #oldDelay = 0;
  readonly #delayChange = new Ramp(1);
  #before = stereo(0);

  /** `from`: the first sample that will be mixed. */
  constructor(from: number, onError: (error: unknown) => void) {
    this.#ring = new SampleRing(ringSamples, from);
    this.#placement = new Placement(this.#ring);
    this.#decoder = new SourceDecoder({
      onBlock: (at, block) => this.#placement.push(at, block),
      onLost: (samples) => this.#placement.lost(samples),
      onInterrupted: () => this.#placement.interrupt(),
      onError,
    });
  }

  get driftMs(): number {
    return this.#placement.driftMs;
  }

  /** It is not heard, and not about to be. */
  get isSilent(): boolean {
    return this.#presence.isSteady && this.#presence.value === 0;
  }

  push(message: MediaMessage, atMs: number): void {
    this.#decoder.push(message, atMs);
  }

  /** Sound that is decoded already, whose first sample belongs at engine time `atMs`. */
  pushSamples(block: Stereo, atMs: number): void {
    this.#placement.push((atMs * sampleRate) / 1_000, block);
  }

  interrupt(): void {
    this.#decoder.interrupt();
  }

  /** `gain`: a factor. `fade`: samples. A delay goes over in `rampSamples`, one change after the other. */
  set(gain: number, isHeard: boolean, delayMs: number, fade: number): void {
    this.#gain.to(gain, fade);
    this.#presence.to(isHeard ? 1 : 0, fade);
    const delay = samplesOf(Math.max(0, Math.min(maxDelayMs, delayMs)));
    if (delay === this.#delay) return;
    this.#oldDelay = this.#delay;
    this.#delay = delay;
    this.#delayChange.to(0, 0);
    this.#delayChange.to(1, rampSamples);
  }

  fadeOut(fade: number): void {
    this.#presence.to(0, fade);
  }

  /** Adds its samples from `from` on to the mix; `scratch` is of the same length. */
  mix(from: number, mix: Stereo, scratch: Stereo): void {
    this.#ring.read(from - this.#delay, scratch);
    if (!this.#delayChange.isSteady) this.#comeFromOldDelay(from, scratch);
    scale(scratch, this.#gain);
    this.#meter.add(scratch);
    add(mix, scratch, this.#presence);
  }

  meter(): Meter {
    return this.#meter.take();
  }

  /** When all that was pushed lies in its place. */
  async settled(): Promise<void> {
    await this.#decoder.settled();
  }

  close(): void {
    this.#decoder.close();
  }

  #comeFromOldDelay(from: number, now: Stereo): void {
    const count = now.left.length;
    if (this.#before.left.length !== count) this.#before = stereo(count);
    this.#ring.peek(from - this.#oldDelay, this.#before);
    crossfade(this.#before, now, this.#delayChange);
  }
}
