import { type MantineBreakpoint, Paper, Table, type TableTdProps } from "@mantine/core";
import type { ReactNode } from "react";

/** Its name; from which width of the window it is there. */
export type Column = string | { name: string; from?: MantineBreakpoint; right?: boolean };

interface Props<R> {
  label: string;
  columns: Column[];
  rows: R[];
  /** In place of a table without rows. */
  empty?: ReactNode;
  /** Narrower than this the table is scrolled in its own box. */
  minWidth?: number;
  children: (row: R, index: number) => ReactNode;
}

/** A list as a table in a box. */
export function Rows<R>({ label, columns, rows, empty, minWidth = 340, children }: Props<R>) {
  if (rows.length === 0 && empty) return <Paper>{empty}</Paper>;
  return (
    <Paper>
      <Table.ScrollContainer minWidth={minWidth} type="native" tabIndex={minWidth > 340 ? 0 : undefined}>
        <Table aria-label={label}>
          <Table.Thead>
            <Table.Tr>
              {columns.map((column) => {
                const { name, from, right }: Exclude<Column, string> =
                  typeof column === "string" ? { name: column } : column;
                return (
                  <Table.Th key={name} visibleFrom={from} ta={right ? "right" : undefined}>
                    {name}
                  </Table.Th>
                );
              })}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>{rows.map(children)}</Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </Paper>
  );
}

/** A number in a row: digits of one width, at the right. */
export const NumberCell = (props: TableTdProps) => <Table.Td ta="right" className="num" {...props} />;
