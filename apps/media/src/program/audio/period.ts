import { samplesOf } from "./pcm.ts";

/** Voices and instruments repeat themselves within these. */
const shortest = samplesOf(2.5);
const longest = samplesOf(15);
const compared = samplesOf(5);

/** How many samples before its end a sound needs, to be asked for its period. */
export const heardForPeriod = longest + compared;

/** After how many samples the end of a sound is most like itself. `sampleAt`: by the distance from its end, 1 is the last. */
export function periodOf(sampleAt: (fromEnd: number) => number): number {
  const recent = Float32Array.from({ length: heardForPeriod }, (_, i) => sampleAt(heardForPeriod - i));
  const end = recent.length - compared;
  let [best, bestLikeness] = [longest, -Infinity];
  for (let lag = shortest; lag <= longest; lag += 1) {
    let [product, energy] = [0, 1e-9];
    for (let i = 0; i < compared; i += 1) {
      const before = recent[end - lag + i] ?? 0;
      product += before * (recent[end + i] ?? 0);
      energy += before * before;
    }
    const likeness = product / Math.sqrt(energy);
    if (likeness > bestLikeness) [best, bestLikeness] = [lag, likeness];
  }
  return best;
}
