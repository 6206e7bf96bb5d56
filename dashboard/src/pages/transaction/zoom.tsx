import { ActionIcon, Group, Text } from "@mantine/core";
import { IconZoomIn, IconZoomOut } from "@tabler/icons-react";
import { type KeyboardEvent, useState } from "react";

const SCALES = [1, 1.5, 2, 3, 4, 6];

/** A picture to be looked at closely: with buttons, or with + and - while it has the focus. */
export function Zoom({ src, label }: { src: string; label: string }) {
  const [at, setAt] = useState(0);
  const scale = SCALES[at] ?? 1;
  const by = (steps: number) => setAt((now) => Math.max(0, Math.min(SCALES.length - 1, now + steps)));
  const onKeyDown = (event: KeyboardEvent) => {
    const steps = event.key === "+" || event.key === "=" ? 1 : event.key === "-" ? -1 : 0;
    if (steps === 0 || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    by(steps);
  };
  return (
    <>
      <div
        style={{ overflow: "auto", maxHeight: "70vh" }}
        tabIndex={0}
        role="region"
        aria-label={`${label}, ${Math.round(scale * 100)} %`}
        onKeyDown={onKeyDown}
      >
        <img
          src={src}
          alt={label}
          className="media"
          style={{ width: `${scale * 100}%`, maxWidth: "none", maxHeight: scale > 1 ? "none" : undefined }}
        />
      </div>
      <Group gap="xs" mt="xs">
        <ActionIcon variant="default" onClick={() => by(-1)} disabled={at === 0} aria-label="Zoom out">
          <IconZoomOut size={16} aria-hidden />
        </ActionIcon>
        <ActionIcon variant="default" onClick={() => by(1)} disabled={at === SCALES.length - 1} aria-label="Zoom in">
          <IconZoomIn size={16} aria-hidden />
        </ActionIcon>
        <Text size="xs" className="num" aria-live="polite">
          {Math.round(scale * 100)} %
        </Text>
      </Group>
    </>
  );
}
