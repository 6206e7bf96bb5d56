/** How loud the microphone is. */

/** Amplitudes (root mean square, full scale is 1) that part the words for a level. */
const SILENT = 0.004;
const QUIET = 0.015;
const LOUD = 0.35;
/** The meter shows this many decibels below full scale. */
const RANGE_DB = 60;

export type Loudness = "none" | "low" | "good" | "high";

export function loudnessOf(amplitude: number): Loudness {
  if (amplitude < SILENT) return "none";
  if (amplitude < QUIET) return "low";
  return amplitude < LOUD ? "good" : "high";
}

/** Length of the meter's bar, 0 to 100. */
export function barOf(amplitude: number): number {
  if (amplitude <= 0) return 0;
  return Math.round(Math.min(1, Math.max(0, 1 + (20 * Math.log10(amplitude)) / RANGE_DB)) * 100);
}

export function amplitudeOf(samples: Float32Array): number {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  return samples.length === 0 ? 0 : Math.sqrt(sum / samples.length);
}

/** Reads the level of a stream until it is closed. */
export class Level {
  #context = new AudioContext();
  #analyser = this.#context.createAnalyser();
  #samples: Float32Array<ArrayBuffer>;
  #peak = 0;

  constructor(stream: MediaStream) {
    this.#analyser.fftSize = 2048;
    this.#samples = new Float32Array(this.#analyser.fftSize);
    this.#context.createMediaStreamSource(stream).connect(this.#analyser);
    void this.#context.resume();
  }

  read(): number {
    this.#analyser.getFloatTimeDomainData(this.#samples);
    const amplitude = amplitudeOf(this.#samples);
    this.#peak = Math.max(this.#peak, amplitude);
    return amplitude;
  }

  forgetPeak(): void {
    this.#peak = 0;
  }

  /** Whether anything was heard since; null where the browser let no sound through to measure. */
  get heard(): boolean | null {
    return this.#context.state === "running" ? this.#peak >= SILENT : null;
  }

  close(): void {
    void this.#context.close();
  }
}
