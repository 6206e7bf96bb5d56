/** Camera and microphone. */

import type { Problem } from "./problems.js";

export interface Wanted {
  camera: string | null;
  microphone: string | null;
  facing: "user" | "environment";
}

export interface Devices {
  cameras: MediaDeviceInfo[];
  microphones: MediaDeviceInfo[];
}

const SIZE = { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30 } };

/** Opens both, or rejects with a problem or the browser's own exception. */
export async function openCamera({ camera, microphone, facing }: Wanted): Promise<MediaStream> {
  if (!window.isSecureContext) throw { code: "insecure_page" } satisfies Problem;
  if (!navigator.mediaDevices?.getUserMedia) throw { code: "no_camera" } satisfies Problem;
  return navigator.mediaDevices.getUserMedia({
    video: { ...SIZE, ...(camera ? { deviceId: { exact: camera } } : { facingMode: facing }) },
    audio: microphone ? { deviceId: { exact: microphone } } : true,
  });
}

/** What there is to choose from. Browsers name devices only once one of them may be used. */
export async function listDevices(): Promise<Devices> {
  const all = await navigator.mediaDevices.enumerateDevices();
  return {
    cameras: all.filter(({ kind }) => kind === "videoinput"),
    microphones: all.filter(({ kind }) => kind === "audioinput"),
  };
}

export function closeCamera(stream: MediaStream | null): void {
  stream?.getTracks().forEach((track) => track.stop());
}
