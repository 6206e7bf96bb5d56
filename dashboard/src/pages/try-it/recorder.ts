import { useEffect, useRef, useState } from "react";

export type RecorderState =
  | { at: "off" }
  | { at: "asking" }
  | { at: "ready" }
  | { at: "recording"; left: number }
  | { at: "done"; video: Blob; url: string }
  | { at: "refused"; why: string };

const SECONDS = 6;
/** What browsers write, the best known first; the server tells formats by their bytes. */
const TYPES = ["video/webm;codecs=vp8,opus", "video/webm", "video/mp4"];

/** Camera and microphone, and a recording of a few seconds. The camera is let go when the page is left. */
export function useRecorder() {
  const [state, setState] = useState<RecorderState>({ at: "off" });
  const stream = useRef<MediaStream | null>(null);
  const recorder = useRef<MediaRecorder | null>(null);
  const preview = useRef<HTMLVideoElement>(null);
  useEffect(() => () => stream.current?.getTracks().forEach((track) => track.stop()), []);
  useEffect(() => () => void (state.at === "done" && URL.revokeObjectURL(state.url)), [state]);
  useEffect(() => {
    if (preview.current && stream.current && (state.at === "ready" || state.at === "recording"))
      preview.current.srcObject = stream.current;
  }, [state.at]);
  useEffect(() => {
    if (state.at !== "recording") return;
    const tick = setTimeout(
      () => (state.left <= 1 ? recorder.current?.stop() : setState({ at: "recording", left: state.left - 1 })),
      1000,
    );
    return () => clearTimeout(tick);
  }, [state]);

  const open = async () => {
    setState({ at: "asking" });
    try {
      stream.current ??= await navigator.mediaDevices.getUserMedia({
        video: { width: 640, height: 480, facingMode: "user" },
        audio: true,
      });
      setState({ at: "ready" });
    } catch (error) {
      setState({ at: "refused", why: reason(error) });
    }
  };
  const record = () => {
    if (!stream.current) return;
    const type = TYPES.find((candidate) => MediaRecorder.isTypeSupported(candidate));
    const made = new MediaRecorder(stream.current, type ? { mimeType: type } : {});
    const parts: Blob[] = [];
    made.ondataavailable = ({ data }) => parts.push(data);
    made.onstop = () => {
      const video = new Blob(parts, { type: made.mimeType });
      setState({ at: "done", video, url: URL.createObjectURL(video) });
    };
    recorder.current = made;
    made.start();
    setState({ at: "recording", left: SECONDS });
  };
  const stop = () => recorder.current?.stop();
  const again = () => setState({ at: "ready" });
  return { state, preview, open, record, stop, again };
}

function reason(error: unknown): string {
  const name = error instanceof DOMException ? error.name : "";
  if (name === "NotAllowedError")
    return "The browser may not use camera and microphone. Allow it beside the address, then try again.";
  if (name === "NotFoundError") return "No camera or no microphone was found. Connect one, then try again.";
  if (!window.isSecureContext) return "Browsers give a camera only to pages over https, or on this very machine.";
  return "Camera and microphone could not be opened. Another program may be using them.";
}
