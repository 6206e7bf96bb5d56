import { Button, NativeSelect, Table } from "@mantine/core";
import { IconDownload, IconPrinter } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useSearchParams } from "wouter";

import { fraudSummary } from "../../api/fraud";
import { useReasons } from "../../api/reasons";
import { useMe } from "../../api/session";
import { stats } from "../../api/stats";
import { save } from "../../api/transactions";
import { Empty, Loaded, Page } from "../../parts/page";
import { Section } from "../../parts/panel";
import { Rows } from "../../parts/rows";
import { useProject } from "../../shell/place";
import { asked, csv, lines, months, spanOf } from "./month";

/** What happened in a month, to be printed or taken into a spreadsheet. */
export default function Report() {
  const project = useProject() ?? "";
  const name = useMe().projects.find(({ id }) => id === project)?.name ?? "";
  const [search, setSearch] = useSearchParams();
  const month = asked(search.get("month"), new Date());
  const explain = useReasons();
  const query = useQuery({
    queryKey: ["report", project, month],
    queryFn: async ({ signal }) => {
      const { from, to } = spanOf(month, new Date());
      const [counted, fraud] = await Promise.all([
        stats(from, to, "day", signal),
        fraudSummary(from, to, "day", signal),
      ]);
      return { counted, fraud };
    },
  });
  const parts = query.data && lines(query.data.counted, query.data.fraud, explain);
  return (
    <Page
      title={`Report for ${month}`}
      about={`${name}: verifications, outcomes, reasons and signs of attacks.`}
      actions={
        <div className="no-print" style={{ display: "flex", gap: 8, alignItems: "flex-end", flexWrap: "wrap" }}>
          <NativeSelect
            aria-label="Month"
            value={month}
            onChange={(event) => setSearch({ month: event.currentTarget.value })}
            data={[...new Set([...months(new Date(), 13), month])]}
          />
          <Button
            variant="default"
            leftSection={<IconDownload size={16} aria-hidden />}
            disabled={!parts}
            onClick={() => parts && save(new Blob([csv(parts)], { type: "text/csv" }), `report-${month}.csv`)}
          >
            CSV
          </Button>
          <Button
            variant="default"
            leftSection={<IconPrinter size={16} aria-hidden />}
            disabled={!parts}
            onClick={() => window.print()}
          >
            Print
          </Button>
        </div>
      }
    >
      <Loaded query={query} lines={8}>
        {() => parts?.map((part) => <Part key={part.title} {...part} />)}
      </Loaded>
    </Page>
  );
}

function Part({ title, head, rows }: ReturnType<typeof lines>[number]) {
  const [first, ...others] = head;
  return (
    <Section title={title}>
      <Rows
        label={title}
        minWidth={head.length > 2 ? 480 : 340}
        columns={[first, ...others.map((name) => ({ name: String(name), right: true }))]}
        rows={rows}
        empty={<Empty title="Nothing in this month" />}
      >
        {([name, ...values]) => (
          <Table.Tr key={name}>
            <Table.Td className="any">{name}</Table.Td>
            {values.map((value, index) => (
              <Table.Td key={index} ta="right" className="num">
                {value === "" ? "–" : value.toLocaleString()}
              </Table.Td>
            ))}
          </Table.Tr>
        )}
      </Rows>
    </Section>
  );
}
