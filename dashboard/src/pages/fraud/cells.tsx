import { type MantineBreakpoint, Table } from "@mantine/core";

import type { LinkKind } from "../../api/fraud";
import { When } from "../../parts/time";
import { ValueActions } from "./actions";
import type { Blocking } from "./block-dialog";

export interface Handlers {
  onBlock: (blocking: Blocking) => void;
  onShow: (transaction: string) => void;
}

interface Props extends Handlers {
  kind: LinkKind;
  label: string;
  of: { last_at: string; transaction_id: string; blocked: boolean };
  /** From which width of the window the time is shown. */
  from?: MantineBreakpoint;
}

/** The end of a row of something that suspicious calls share: when it was last seen, and what can be done with it. */
export function LastAndActions({ kind, label, of, from, ...handlers }: Props) {
  return (
    <>
      <Table.Td visibleFrom={from}>
        <When at={of.last_at} distance />
      </Table.Td>
      <Table.Td>
        <ValueActions kind={kind} label={label} transaction={of.transaction_id} blocked={of.blocked} {...handlers} />
      </Table.Td>
    </>
  );
}
