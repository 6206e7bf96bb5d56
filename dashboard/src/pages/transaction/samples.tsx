import { Badge, Button, Group, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { IconEye, IconEyeOff } from "@tabler/icons-react";
import { useState } from "react";

import { samples } from "../../api/transactions";
import type { Sample } from "../../api/types";
import { Loaded } from "../../parts/page";
import { Note, Panel } from "../../parts/panel";
import { When } from "../../parts/time";
import { Film } from "./film";
import { Zoom } from "./zoom";

/**
 * The media kept of the call: asked for by a click, because the server logs who asks, and blurred until another. The links
 * hold for a quarter of an hour.
 */
export function Samples({ id }: { id: string }) {
  const [asked, setAsked] = useState(false);
  const query = useQuery({
    queryKey: ["samples", id],
    queryFn: () => samples(id),
    enabled: asked,
    staleTime: 600_000,
    gcTime: 0,
    refetchOnWindowFocus: false,
  });
  return (
    <Panel title="Samples">
      {!asked && (
        <Stack align="flex-start" gap="sm">
          <Note>
            What was recorded is kept with storage consent alone, and for a time. Who looks is written into the audit
            log.
          </Note>
          <Button variant="default" leftSection={<IconEye size={16} aria-hidden />} onClick={() => setAsked(true)}>
            Look for samples
          </Button>
        </Stack>
      )}
      {asked && (
        <Loaded query={query} lines={3}>
          {(found) =>
            found.length === 0 ? (
              <Note>None is kept: without storage consent, or after its time, there is nothing to see.</Note>
            ) : (
              <Stack>
                {found.map((sample) => (
                  <Media key={sample.id} sample={sample} />
                ))}
              </Stack>
            )
          }
        </Loaded>
      )}
    </Panel>
  );
}

/** One sample, blurred until somebody shows it. */
export function Media({ sample }: { sample: Sample }) {
  const [shown, setShown] = useState(false);
  const kind = sample.content_type.split("/")[0];
  const label = `${sample.name} of the call`;
  return (
    <Stack gap="xs" data-testid="sample">
      <div style={{ position: "relative", overflow: "hidden", borderRadius: 8 }}>
        {kind === "video" && <Film sample={sample} label={label} shown={shown} />}
        {kind === "image" && shown && <Zoom src={sample.url} label={label} />}
        {kind === "image" && !shown && <img src={sample.url} alt="blurred" className="media blurred" />}
        {kind === "audio" && shown && <audio src={sample.url} controls aria-label={label} style={{ width: "100%" }} />}
        {!shown && (
          <Group justify="center" align="center" style={{ position: "absolute", inset: 0, minHeight: 60 }}>
            <Button leftSection={<IconEye size={16} aria-hidden />} onClick={() => setShown(true)}>
              Show
            </Button>
          </Group>
        )}
      </div>
      <Group gap="xs">
        <Badge color="gray">{sample.content_type}</Badge>
        <Text size="xs" c="dimmed">
          {(sample.size / 1e6).toFixed(2)} MB · kept until <When at={sample.expires_at} />
        </Text>
        {shown && (
          <Button
            size="compact-xs"
            variant="subtle"
            leftSection={<IconEyeOff size={13} aria-hidden />}
            onClick={() => setShown(false)}
          >
            Blur again
          </Button>
        )}
      </Group>
    </Stack>
  );
}
