import type { MediaMessage } from "../../rtmp/message.ts";
import type { Meter } from "../protocol.ts";
import { LevelMeter } from "./level-meter.ts";
import type { Stereo } from "./pcm.ts";
import { samplesOf, stereo } from "./pcm.ts";
import { Placement } from "./placement.ts";
import { Ramp } from "./ramp.ts";
import { SampleRing } from "./sample-ring.ts";
import { SourceDecoder } from "./source-decoder.ts";

/** 5.5 s: the longest delay, and what may come ahead of its time. */
const ringSamples = 2 ** 18;
export const maxDelayMs = 4_000;
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
    if (!this.#gain.isSteady || this.#gain.value !== 1) scale(scratch, this.#gain);
    this.#meter.add(scratch);
    if (!this.isSilent) add(mix, scratch, this.#presence);
  }

  meter(): Meter {
    return this.#meter.take();
  }

  close(): void {
    this.#decoder.close();
  }

  #comeFromOldDelay(from: number, now: Stereo): void {
    const count = now.left.length;
    if (this.#before.left.length !== count) this.#before = stereo(count);
    const { left, right } = this.#before;
    this.#ring.peek(from - this.#oldDelay, this.#before);
    for (let i = 0; i < count; i += 1) {
      const g = this.#delayChange.next();
      now.left[i] = (left[i] ?? 0) * (1 - g) + (now.left[i] ?? 0) * g;
      now.right[i] = (right[i] ?? 0) * (1 - g) + (now.right[i] ?? 0) * g;
    }
  }
}

function scale(block: Stereo, gain: Ramp): void {
  const { left, right } = block;
  for (let i = 0; i < left.length; i += 1) {
    const g = gain.next();
    left[i] = (left[i] ?? 0) * g;
    right[i] = (right[i] ?? 0) * g;
  }
}

function add(mix: Stereo, block: Stereo, presence: Ramp): void {
  const { left, right } = block;
  for (let i = 0; i < left.length; i += 1) {
    const g = presence.next();
    mix.left[i] = (mix.left[i] ?? 0) + (left[i] ?? 0) * g;
    mix.right[i] = (mix.right[i] ?? 0) + (right[i] ?? 0) * g;
  }
}
