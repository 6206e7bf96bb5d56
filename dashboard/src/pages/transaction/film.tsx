import { SimpleGrid, Text, UnstyledButton } from "@mantine/core";
import { useEffect, useRef, useState } from "react";

import { sentence } from "../../api/client";
import { film } from "../../api/transactions";
import type { Sample } from "../../api/types";
import { Note } from "../../parts/panel";
import { type Frame, framesOf } from "./frames";

const FRAMES = 6;

interface Props {
  sample: Sample;
  label: string;
  shown: boolean;
}

/** A clip with frames of it beside each other; both come from one reading of the signed link. */
export function Film({ sample, label, shown }: Props) {
  const player = useRef<HTMLVideoElement>(null);
  const { url, frames, error } = useFilm(sample);
  const look = (at: number) => {
    if (player.current) player.current.currentTime = at;
  };
  return (
    <>
      <video
        ref={player}
        src={url}
        controls={shown}
        playsInline
        className={shown ? "media" : "media blurred"}
        aria-label={label}
        tabIndex={shown ? 0 : -1}
      />
      {error && <Note mt="xs">{error}</Note>}
      {frames.length > 0 && (
        <SimpleGrid cols={3} spacing={6} mt={6} aria-label={`Frames of ${label}`} role="group">
          {frames.map((frame) => (
            <UnstyledButton
              key={frame.at}
              className="frame"
              onClick={() => look(frame.at)}
              disabled={!shown}
              aria-label={`Go to ${frame.at.toFixed(1)} s`}
            >
              <Still frame={frame} blurred={!shown} />
              <Text size="xs" className="num" c="dimmed" ta="center">
                {frame.at.toFixed(1)} s
              </Text>
            </UnstyledButton>
          ))}
        </SimpleGrid>
      )}
    </>
  );
}

function Still({ frame, blurred }: { frame: Frame; blurred: boolean }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const { picture } = frame;
  useEffect(() => void canvas.current?.getContext("2d")?.drawImage(picture, 0, 0), [picture]);
  return (
    <div className="media">
      <canvas
        ref={canvas}
        width={picture.width}
        height={picture.height}
        className={blurred ? "still blurred" : "still"}
        data-testid="frame"
      />
    </div>
  );
}

/** Reads the clip once, plays it from memory and draws its frames; everything is released with the page. */
function useFilm(sample: Sample) {
  const [url, setUrl] = useState<string>();
  const [frames, setFrames] = useState<Frame[]>([]);
  const [error, setError] = useState<string | null>(null);
  useEffect(() => {
    const abort = new AbortController();
    let local = "";
    const read = async () => {
      local = URL.createObjectURL(await film(sample.url, abort.signal));
      setUrl(local);
      setFrames(await framesOf(local, FRAMES, abort.signal).catch(() => []));
    };
    read().catch((failure) => {
      if (!abort.signal.aborted) setError(sentence(failure));
    });
    return () => {
      abort.abort();
      URL.revokeObjectURL(local);
      setUrl(undefined);
      setFrames([]);
    };
  }, [sample.url]);
  return { url, frames, error };
}
