import { Badge, Button, Group, Paper, Stack, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { IconEye, IconEyeOff } from "@tabler/icons-react";
import { useState } from "react";

import { samples } from "../../api/transactions";
import type { Sample } from "../../api/types";
import { Loaded } from "../../parts/page";
import { When } from "../../parts/time";

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
    <Paper p="md" h="100%">
      <Title order={2} size="h4" mb="sm">
        Samples
      </Title>
      {!asked && (
        <Stack align="flex-start" gap="sm">
          <Text size="sm" c="dimmed">
            What was recorded is kept with storage consent alone, and for a time. Who looks is written into the audit
            log.
          </Text>
          <Button variant="default" leftSection={<IconEye size={16} aria-hidden />} onClick={() => setAsked(true)}>
            Look for samples
          </Button>
        </Stack>
      )}
      {asked && (
        <Loaded query={query} lines={3}>
          {(found) =>
            found.length === 0 ? (
              <Text size="sm" c="dimmed">
                None is kept: without storage consent, or after its time, there is nothing to see.
              </Text>
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
    </Paper>
  );
}

function Media({ sample }: { sample: Sample }) {
  const [shown, setShown] = useState(false);
  const kind = sample.content_type.split("/")[0];
  const style = {
    width: "100%",
    maxHeight: 360,
    borderRadius: 8,
    background: "#000",
    objectFit: "contain",
    display: "block",
  } as const;
  const label = `${sample.name} of the call`;
  return (
    <Stack gap="xs" data-testid="sample">
      <div style={{ position: "relative", overflow: "hidden", borderRadius: 8 }}>
        {kind === "video" && (
          <video
            src={sample.url}
            controls={shown}
            preload="metadata"
            playsInline
            className={shown ? undefined : "blurred"}
            style={style}
            aria-label={label}
            tabIndex={shown ? 0 : -1}
          />
        )}
        {kind === "image" && (
          <img
            src={sample.url}
            alt={shown ? label : "blurred"}
            className={shown ? undefined : "blurred"}
            style={style}
          />
        )}
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
