import { Avatar, UnstyledButton, VisuallyHidden } from "@mantine/core";
import type { ComponentProps } from "react";

import { useMe } from "../api/session";

export function AccountButton(props: ComponentProps<"button">) {
  const { name } = useMe().user;
  const initials = name
    .split(/\s+/)
    .slice(0, 2)
    .map((part) => part.charAt(0))
    .join("")
    .toUpperCase();
  return (
    <UnstyledButton title={name} {...props}>
      <VisuallyHidden>Account of {name}</VisuallyHidden>
      <Avatar size={32} color="brand" radius="xl" variant="filled" aria-hidden>
        {initials || "?"}
      </Avatar>
    </UnstyledButton>
  );
}
