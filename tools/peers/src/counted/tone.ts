/**
 * The sound of a counted source: a steady tone that steps to the next of the
 * source's own four frequencies with every second of the source's time. Which
 * frequency tells whose it is, its strength how loud that source is in a mix,
 * and its steps how far the sound is from the picture.
 */
export const tonesPerSource = 4;
/** Of each channel: -14 dBFS. */
export const toneAmplitude = 0.2;
export const toneLevelDb = 20 * Math.log10(toneAmplitude);
/** What is measured where there is no such tone. */
export const silenceDb = -100;

const firstHz = 400;
const stepHz = 100;
const windowSeconds = 0.02;
const hopSeconds = 0.002;
/** A tone is there from so much on: some -34 dBFS below its own level. */
const audible = toneAmplitude / 50;
/** A step is one when both tones around it last so long. */
const steadySeconds = 0.1;

function frequency(source: number, tone: number): number {
  return firstHz + stepHz * (tonesPerSource * source + tone);
}

/** A graph for ffmpeg's lavfi input that gives the sound without end. */
export function countedTone(source: number, sampleRate: number, channels: 1 | 2): string {
  const pitch = `${frequency(source, 0)}+${stepHz}*mod(floor(t),${tonesPerSource})`;
  const one = `${toneAmplitude}*sin(2*PI*t*(${pitch}))`;
  return `aevalsrc=exprs='${Array(channels).fill(one).join("|")}':s=${sampleRate}:c=${channels === 1 ? "mono" : "stereo"}`;
}

/** Sound without gaps, mixed to one channel; `startMs` is the time of the first sample. */
export type Sound = { readonly startMs: number; readonly sampleRate: number; readonly samples: Float32Array };

/** When the source's tone became which of its four. */
export type ToneStep = { readonly atMs: number; readonly tone: number };

/** The steps of a source's tone, as they are heard. */
export function toneSteps(sound: Sound, source: number): ToneStep[] {
  const heard = hops(sound, source);
  const steady = Math.round(steadySeconds / hopSeconds);
  const steps: ToneStep[] = [];
  let [tone, since]: [number | null, number] = [null, 0];
  let before: number | null = null;
  for (const [index, now] of heard.entries()) {
    if (now !== tone) {
      if (tone !== null && index - since >= steady) before = tone;
      // Silence too, longer than a step can take: where the sound comes back nothing steps.
      else if (index - since > windowSeconds / hopSeconds) before = null;
      [tone, since] = [now, index];
    }
    if (tone !== null && index - since === steady && before !== null && tone === (before + 1) % tonesPerSource)
      steps.push({ atMs: sound.startMs + 1000 * (since * hopSeconds + (windowSeconds - hopSeconds) / 2), tone });
  }
  return steps;
}

/** How loud a source's tone is between two times, dBFS: the median of what is heard, `silenceDb` where it is not. */
export function toneDb(sound: Sound, source: number, fromMs: number, toMs: number): number {
  const levels: number[] = [];
  const size = Math.round(windowSeconds * sound.sampleRate);
  const [from, to] = [fromMs, toMs].map((ms) => Math.round(((ms - sound.startMs) / 1000) * sound.sampleRate));
  for (let at = Math.max(0, from ?? 0); at + size <= Math.min(to ?? 0, sound.samples.length); at += size)
    levels.push(Math.max(...strengths(sound, source, at, size)));
  const middle = levels.sort((a, b) => a - b)[Math.floor(levels.length / 2)];
  if (middle === undefined) throw new Error(`no sound between ${fromMs} and ${toMs} ms`);
  return middle < 1e-5 ? silenceDb : 20 * Math.log10(middle);
}

function hops(sound: Sound, source: number): (number | null)[] {
  const [size, hop] = [windowSeconds * sound.sampleRate, hopSeconds * sound.sampleRate].map(Math.round);
  const heard: (number | null)[] = [];
  for (let at = 0; at + (size ?? 0) <= sound.samples.length; at += hop ?? 1) {
    const found = strengths(sound, source, at, size ?? 0);
    const strongest = Math.max(...found);
    heard.push(strongest < audible ? null : found.indexOf(strongest));
  }
  return heard;
}

/**
 * The amplitude of each of the source's tones in a window (Goertzel's
 * algorithm, Hann's window: what a mixer does about two clocks shifts a tone by
 * some Hz, and that must count neither as quieter nor as another tone).
 */
function strengths({ samples, sampleRate }: Sound, source: number, at: number, size: number): number[] {
  const shape = hann(size);
  return Array.from({ length: tonesPerSource }, (_, tone) => {
    const turn = (2 * Math.PI * frequency(source, tone)) / sampleRate;
    const factor = 2 * Math.cos(turn);
    let [one, two] = [0, 0];
    for (let index = 0; index < size; index++) {
      const zero = (samples[at + index] ?? 0) * (shape[index] ?? 0) + factor * one - two;
      two = one;
      one = zero;
    }
    return (4 / size) * Math.sqrt(Math.max(0, one * one + two * two - factor * one * two));
  });
}

const shapes = new Map<number, Float64Array>();

function hann(size: number): Float64Array {
  const known = shapes.get(size);
  if (known !== undefined) return known;
  const shape = Float64Array.from({ length: size }, (_, index) => 0.5 - 0.5 * Math.cos((2 * Math.PI * index) / size));
  shapes.set(size, shape);
  return shape;
}
