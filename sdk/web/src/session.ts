/** An open camera with what watches it: preview, guide, level, recording. */

import { closeCamera, type Devices } from "./camera.js";
import { Guide } from "./guide/guide.js";
import { Level } from "./level.js";
import type { Capture } from "./machine.js";
import type { Problem } from "./problems.js";
import { Recording } from "./recorder.js";
import type { Stage } from "./views/stage.js";

const TICK_MS = 100;

export class CameraSession {
  readonly stream: MediaStream;
  readonly devices: Devices;
  #stage: Stage | null = null;
  #guide: Guide | null = null;
  #level: Level;
  #recording: Recording | null = null;
  #ticks: ReturnType<typeof setInterval>;

  constructor(stream: MediaStream, devices: Devices, onLost: () => void) {
    this.stream = stream;
    this.devices = devices;
    this.#level = new Level(stream);
    for (const track of stream.getTracks()) track.addEventListener("ended", onLost);
    this.#ticks = setInterval(() => this.#tick(), TICK_MS);
  }

  /** Shows the camera on a stage, in place of an earlier one. */
  showOn(stage: Stage): void {
    this.#guide?.stop();
    this.#stage = stage;
    stage.video.srcObject = this.stream;
    this.#guide = new Guide(stage.video, (hint) => stage.hint(hint));
  }

  used(): { camera: string; microphone: string } {
    const id = (track: MediaStreamTrack | undefined) => track?.getSettings().deviceId ?? "";
    return { camera: id(this.stream.getVideoTracks()[0]), microphone: id(this.stream.getAudioTracks()[0]) };
  }

  facesAway(): boolean {
    return this.stream.getVideoTracks()[0]?.getSettings().facingMode === "environment";
  }

  /** Records; `onTime` is called once when so many seconds are over. */
  record(seconds: number, onTime: () => void): void {
    this.#level.forgetPeak();
    const recording = new Recording(this.stream);
    this.#recording = recording;
    const timer = setInterval(() => {
      if (this.#recording !== recording) return clearInterval(timer);
      this.#stage?.elapsed(recording.seconds);
      if (recording.seconds < seconds) return;
      clearInterval(timer);
      onTime();
    }, TICK_MS);
  }

  /** What was recorded, without the phrase; a problem where it is shorter than it may be. */
  async finish(minSeconds: number): Promise<Omit<Capture, "id" | "phrase" | "source"> | null> {
    const recording = this.#recording;
    if (!recording) return null;
    this.#recording = null;
    const { seconds } = recording;
    if (seconds < minSeconds) {
      recording.discard();
      throw { code: "too_short" } satisfies Problem;
    }
    const guide = this.#guide && { finder: this.#guide.finder, hint: this.#guide.hint };
    const video = await recording.stop();
    return { video, seconds: Math.round(seconds * 10) / 10, heard: this.#level.heard, guide };
  }

  discard(): void {
    this.#recording?.discard();
    this.#recording = null;
  }

  close(): void {
    this.discard();
    clearInterval(this.#ticks);
    this.#guide?.stop();
    this.#level.close();
    closeCamera(this.stream);
  }

  #tick(): void {
    this.#stage?.level(this.#level.read());
  }
}
