/** Of all sound inside the program, Hz. */
export const sampleRate = 48_000;

/** Two channels of equal length, 1 is full scale. */
export type Stereo = { readonly left: Float32Array; readonly right: Float32Array };

export function stereo(samples: number): Stereo {
  return { left: new Float32Array(samples), right: new Float32Array(samples) };
}

export function samplesOf(ms: number): number {
  return Math.round((ms * sampleRate) / 1_000);
}

/** The factor that a gain in dB is. */
export function factorOf(db: number): number {
  return 10 ** (db / 20);
}
