import type { Stereo } from "./pcm.ts";
import { samplesOf, stereo } from "./pcm.ts";
import { heardForPeriod, periodOf } from "./period.ts";

/** What cannot go on smoothly is faded over 5 ms. */
export const edgeSamples = 240;
/** What is made up in place of lost sound is silent after that. */
const madeUpSamples = samplesOf(60);

/**
 * A source's sound by absolute sample number (engine time 0 is sample 0). What
 * was never written is silence, and where sound begins, ends or jumps it is
 * faded: reading fades out towards the end of what is known, writing fades in
 * from what was read.
 */
export class SampleRing {
  readonly #data: Stereo;
  readonly #mask: number;
  /** One past the last sample that is known. */
  #end = 0;
  #readTo: number;
  #isEmpty = true;
  /** How many samples before its end are sound that came. */
  #known = 0;

  /** `capacity`: samples kept, a power of two. `readTo`: the first that will be read. */
  constructor(capacity: number, readTo: number) {
    if ((capacity & (capacity - 1)) !== 0) throw new Error("the capacity must be a power of two");
    this.#data = stereo(capacity);
    this.#mask = capacity - 1;
    this.#readTo = readTo;
  }

  /** Writes `block` from sample `at`. What has been read already is left out. */
  write(at: number, block: Stereo): void {
    const skipped = Math.max(0, this.#readTo - at);
    const to = at + block.left.length;
    // Nothing of it will be heard, or it lies further ahead than there is room for.
    if (skipped >= block.left.length || to - this.#readTo > this.#mask) return;
    const from = at + skipped;
    if (this.#isEmpty) this.#copy(from, block, skipped, 0, edgeSamples);
    else if (from < this.#end) this.#overlap(from, block, skipped);
    else if (from > this.#end) this.#leaveGap(from, block, skipped);
    else this.#goOn(from, block, skipped);
    this.#known = this.#isEmpty || from > this.#end ? to - from : this.#known + Math.max(0, to - this.#end);
    this.#end = to;
    this.#isEmpty = false;
  }

  /**
   * Makes up `count` samples that were lost after its end, and an edge to go over
   * from: what was heard last, again and again, ever softer. Where that was not
   * long enough, or the end was heard fading already, nothing.
   */
  conceal(count: number): void {
    const [end, mask] = [this.#end, this.#mask];
    const made = Math.min(count + edgeSamples, madeUpSamples);
    const isRoom = end + made - this.#readTo <= mask;
    if (this.#isEmpty || this.#readTo + edgeSamples > end || this.#known < heardForPeriod || !isRoom) return;
    const { left, right } = this.#data;
    const period = periodOf((back) => (left[(end - back) & mask] ?? 0) + (right[(end - back) & mask] ?? 0));
    for (let i = 0; i < made; i += 1) {
      const from = (end - period + (i % period)) & mask;
      const gain = 1 - i / madeUpSamples;
      left[(end + i) & mask] = (left[from] ?? 0) * gain;
      right[(end + i) & mask] = (right[from] ?? 0) * gain;
    }
    this.#end = end + made;
  }

  /** Copies the samples from `from` on into `into`. */
  read(from: number, into: Stereo): void {
    const count = into.left.length;
    this.#readTo = from + count;
    this.peek(from, into);
  }

  /** As `read`, of what has been or will be read at another place. */
  peek(from: number, into: Stereo): void {
    const start = from & this.#mask;
    const isWhole = !this.#isEmpty && from >= Math.max(0, this.#end - this.#mask);
    // Nearly always: all of it is known, and lies in one piece.
    if (isWhole && from + into.left.length + edgeSamples <= this.#end && start + into.left.length <= this.#mask) {
      into.left.set(this.#data.left.subarray(start, start + into.left.length));
      into.right.set(this.#data.right.subarray(start, start + into.left.length));
    } else this.#peekSlowly(from, into);
  }

  #peekSlowly(from: number, into: Stereo): void {
    const { left, right } = this.#data;
    const count = into.left.length;
    const oldest = this.#end - this.#mask;
    for (let i = 0; i < count; i += 1) {
      const sample = from + i;
      const known = this.#isEmpty ? 0 : this.#end - sample;
      if (known <= 0 || sample < oldest || sample < 0) {
        into.left[i] = 0;
        into.right[i] = 0;
        continue;
      }
      const gain = known < edgeSamples ? known / edgeSamples : 1;
      into.left[i] = (left[sample & this.#mask] ?? 0) * gain;
      into.right[i] = (right[sample & this.#mask] ?? 0) * gain;
    }
  }

  /** Begins with a factor of `gain`, which is 1 after as much of an edge as that leaves. */
  #copy(from: number, block: Stereo, skipped: number, gain: number, fade: number): void {
    const { left, right } = this.#data;
    const count = block.left.length - skipped;
    for (let i = 0; i < count; i += 1) {
      const g = i < fade ? gain + ((1 - gain) * i) / fade : 1;
      const at = (from + i) & this.#mask;
      left[at] = (block.left[skipped + i] ?? 0) * g;
      right[at] = (block.right[skipped + i] ?? 0) * g;
    }
  }

  /** Straight after what is there. If its end was heard fading out already, it comes back from there. */
  #goOn(from: number, block: Stereo, skipped: number): void {
    const heard = Math.max(0, this.#end - this.#readTo);
    this.#copy(from, block, skipped, 1, 0);
    if (heard >= edgeSamples) return;
    const { left, right } = this.#data;
    const gain = heard / edgeSamples;
    const count = Math.min(edgeSamples, heard + block.left.length - skipped);
    for (let i = 0; i < count; i += 1) {
      const g = gain + ((1 - gain) * i) / edgeSamples;
      const at = (this.#end - heard + i) & this.#mask;
      left[at] = (left[at] ?? 0) * g;
      right[at] = (right[at] ?? 0) * g;
    }
  }

  #leaveGap(from: number, block: Stereo, skipped: number): void {
    const { left, right } = this.#data;
    for (let sample = Math.max(this.#readTo, this.#end - edgeSamples); sample < this.#end; sample += 1) {
      const g = (this.#end - sample) / edgeSamples;
      const at = sample & this.#mask;
      left[at] = (left[at] ?? 0) * g;
      right[at] = (right[at] ?? 0) * g;
    }
    const gapFrom = Math.max(this.#end, from - this.#mask);
    for (let sample = gapFrom; sample < from; sample += 1) {
      left[sample & this.#mask] = 0;
      right[sample & this.#mask] = 0;
    }
    this.#copy(from, block, skipped, 0, edgeSamples);
  }

  /** Goes over from what is there to the block, and forgets what was there after it. */
  #overlap(from: number, block: Stereo, skipped: number): void {
    const { left, right } = this.#data;
    const count = block.left.length - skipped;
    const fade = Math.min(edgeSamples, this.#end - from, count);
    for (let i = 0; i < count; i += 1) {
      const at = (from + i) & this.#mask;
      const l = block.left[skipped + i] ?? 0;
      const r = block.right[skipped + i] ?? 0;
      const g = i < fade ? i / fade : 1;
      left[at] = g === 1 ? l : (left[at] ?? 0) * (1 - g) + l * g;
      right[at] = g === 1 ? r : (right[at] ?? 0) * (1 - g) + r * g;
    }
  }
}
