import { Button, type ButtonProps, Tooltip } from "@mantine/core";
import type { ComponentPropsWithoutRef } from "react";

import { useCan, useMe } from "../api/session";
import type { Permission } from "../api/types";
import { ROLES } from "./words";

interface Props extends ButtonProps, Omit<ComponentPropsWithoutRef<"button">, keyof ButtonProps> {
  /** What it takes; null: anybody who can see the page. */
  needs: Permission | null;
}

/** A button that says why it cannot be pressed, to a mouse and to a keyboard, rather than hiding. */
export function AllowedButton({ needs, onClick, type, ...rest }: Props) {
  const can = useCan();
  const role = useMe().user.role;
  if (needs === null || can(needs)) return <Button onClick={onClick} type={type ?? "button"} {...rest} />;
  return (
    <Tooltip label={`Your role (${ROLES[role].name}) may not do this. Ask an admin of your organisation.`}>
      <Button {...rest} type="button" data-disabled aria-disabled onClick={(event) => event.preventDefault()} />
    </Tooltip>
  );
}
