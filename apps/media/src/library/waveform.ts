/** What a waveform's file holds, as JSON. */
export type WaveformFile = {
  readonly version: 1;
  readonly durationMs: number;
  /** How long each peak stands for, ms. */
  readonly peakMs: number;
  /** 0 to 1, the louder of both sides. */
  readonly peaks: readonly number[];
};

const firstPeakMs = 100;
/** Half an hour of the finest; longer music is drawn coarser. */
const mostPeaks = 18_000;
const samplesAMs = 48;

/** The peaks of sound as it comes, 48 kHz, in the order of its time. */
export class Waveform {
  #peakMs = firstPeakMs;
  #peaks: number[] = [];

  add({ ms, left, right }: { readonly ms: number; readonly left: Float32Array; readonly right: Float32Array }): void {
    for (let index = 0; index < left.length; index += 1) {
      const loudness = Math.min(1, Math.max(Math.abs(left[index] ?? 0), Math.abs(right[index] ?? 0)));
      const at = (ms + index / samplesAMs) / this.#peakMs;
      this.#note(Math.max(0, Math.floor(at)), loudness);
    }
  }

  file(durationMs: number): WaveformFile {
    const peaks = Array.from(this.#peaks, (peak: number | undefined) => Math.round((peak ?? 0) * 1_000) / 1_000);
    return { version: 1, durationMs: Math.round(durationMs), peakMs: this.#peakMs, peaks };
  }

  #note(place: number, loudness: number): void {
    let at = place;
    for (; at >= mostPeaks; at = Math.floor(at / 2)) this.#halve();
    while (this.#peaks.length <= at) this.#peaks.push(0);
    if (loudness > (this.#peaks[at] ?? 0)) this.#peaks[at] = loudness;
  }

  #halve(): void {
    const halved: number[] = [];
    for (let index = 0; index < this.#peaks.length; index += 2)
      halved.push(Math.max(this.#peaks[index] ?? 0, this.#peaks[index + 1] ?? 0));
    this.#peaks = halved;
    this.#peakMs *= 2;
  }
}
