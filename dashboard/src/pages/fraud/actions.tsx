import { Badge, Button, Group } from "@mantine/core";

import type { LinkKind } from "../../api/fraud";
import { MAY } from "../../api/permissions";
import { AllowedButton } from "../../parts/allowed";
import type { Blocking } from "./block-dialog";
import { isBlockable, labelOf } from "./words";

interface Props {
  kind: LinkKind;
  label: string;
  transaction: string;
  blocked: boolean;
  onBlock: (blocking: Blocking) => void;
  onShow?: (transaction: string) => void;
}

/** What can be done with a value: see what it is connected with, and block it. */
export function ValueActions({ kind, label, transaction, blocked, onBlock, onShow }: Props) {
  const name = labelOf(kind, label);
  return (
    <Group gap={4} justify="flex-end" wrap="nowrap">
      {onShow && (
        <Button
          size="compact-xs"
          variant="subtle"
          onClick={() => onShow(transaction)}
          aria-label={`Show links of ${name}`}
        >
          Links
        </Button>
      )}
      {blocked && <Badge color="red">Blocked</Badge>}
      {!blocked && isBlockable(kind) && (
        <AllowedButton
          needs={MAY.review}
          size="compact-xs"
          variant="default"
          onClick={() => onBlock({ kind, label, transaction })}
          aria-label={`Block ${name}`}
        >
          Block
        </AllowedButton>
      )}
    </Group>
  );
}
