import { Button, Text } from "@mantine/core";
import { IconSelector } from "@tabler/icons-react";
import type { ComponentProps } from "react";

import { useMe } from "../api/session";
import { useProject } from "./place";

export function ProjectButton(props: Omit<ComponentProps<"button">, "color" | "style">) {
  const current = useProject();
  const name = useMe().projects.find(({ id }) => id === current)?.name ?? "No project";
  return (
    <Button
      variant="default"
      size="sm"
      rightSection={<IconSelector size={15} aria-hidden />}
      aria-label={`Project: ${name}. Switch`}
      miw={0}
      maw={240}
      {...props}
    >
      <Text span truncate size="sm" fw={600}>
        {name}
      </Text>
    </Button>
  );
}
