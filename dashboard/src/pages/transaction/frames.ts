/** Still pictures of a film, drawn in the browser: a person who may see the film needs no other copy. */

/** Moments in the middle of `count` equal parts of `duration`, in seconds. */
export function moments(duration: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => ((index + 0.5) * duration) / count);
}

export interface Frame {
  /** Seconds from the beginning. */
  at: number;
  picture: ImageBitmap;
}

/** Wide enough for a thumbnail on a sharp screen. */
const WIDTH = 320;
/** Beyond any film; a player goes to its end and then knows how long it is. */
const BEYOND = 1e7;

/** `count` frames spread over the film at `url`. Rejects where the browser cannot play it, or when it is called off. */
export async function framesOf(url: string, count: number, signal: AbortSignal): Promise<Frame[]> {
  const film = document.createElement("video");
  film.muted = true;
  film.preload = "auto";
  film.src = url;
  try {
    await until(film, "loadeddata", signal);
    const duration = await lengthOf(film, signal);
    const frames: Frame[] = [];
    for (const at of moments(duration, count)) {
      const there = until(film, "seeked", signal);
      film.currentTime = at;
      await there;
      const picture = await createImageBitmap(film, { resizeWidth: WIDTH, resizeQuality: "medium" });
      frames.push({ at, picture });
    }
    return frames;
  } finally {
    film.removeAttribute("src");
    film.load();
  }
}

/** What a browser has recorded does not say how long it is. */
async function lengthOf(film: HTMLVideoElement, signal: AbortSignal): Promise<number> {
  if (Number.isFinite(film.duration)) return film.duration;
  const there = until(film, "seeked", signal);
  film.currentTime = BEYOND;
  await there;
  return Number.isFinite(film.duration) ? film.duration : film.currentTime;
}

function until(film: HTMLVideoElement, event: "loadeddata" | "seeked", signal: AbortSignal): Promise<void> {
  return new Promise((done, failed) => {
    film.addEventListener(event, () => done(), { once: true, signal });
    film.addEventListener("error", () => failed(new Error("the film cannot be played")), { once: true, signal });
    signal.addEventListener("abort", () => failed(new Error("called off")), { once: true });
  });
}
