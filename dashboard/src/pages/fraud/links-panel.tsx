import { Button, Group, Table } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "wouter";

import { links, type Links } from "../../api/fraud";
import { Loaded } from "../../parts/page";
import { Note, Panel } from "../../parts/panel";
import { ValueActions } from "./actions";
import type { Blocking } from "./block-dialog";
import { draw, type Placed, WIDTH } from "./layout";
import { KIND, labelOf } from "./words";

interface Props {
  id: string;
  project: string;
  onBlock: (blocking: Blocking) => void;
  onClose: () => void;
}

/** Which users a call is connected with, and through what. */
export function LinksPanel({ id, project, onBlock, onClose }: Props) {
  const query = useQuery({ queryKey: ["links", project, id], queryFn: ({ signal }) => links(id, signal) });
  return (
    <Panel
      title="Links"
      data-testid="links"
      aside={
        <Group gap="xs">
          <Link href={`/transactions/${id}`}>Open the transaction</Link>
          <Button size="compact-xs" variant="default" onClick={onClose}>
            Close
          </Button>
        </Group>
      }
    >
      <Loaded query={query} lines={4}>
        {(found) =>
          found.nodes.length === 0 ? (
            <Note>This call named no user, device, address, document or enrolled face.</Note>
          ) : (
            <>
              <Graph links={found} />
              <Nodes links={found} onBlock={onBlock} />
              {!found.complete && <Note mt="sm">There are more links than are shown.</Note>}
            </>
          )
        }
      </Loaded>
    </Panel>
  );
}

const MAX_LABEL = 28;
const short = (text: string) => (text.length > MAX_LABEL ? `${text.slice(0, MAX_LABEL - 1)}…` : text);

/** The picture of it; the table below has the same to be read. */
function Graph({ links: found }: { links: Links }) {
  const { nodes, edges, height } = draw(found);
  const users = nodes.filter(({ kind }) => kind === "user").length;
  return (
    <div style={{ overflowX: "auto" }} tabIndex={0} role="region" aria-label="Graph of links">
      <svg
        viewBox={`0 0 ${WIDTH} ${height}`}
        style={{ width: "100%", minWidth: 560, maxWidth: 900, height: "auto" }}
        role="img"
        aria-label={`${users} users connected by ${nodes.length - users} values`}
      >
        {edges.map(({ from, to, calls }) => (
          <line
            key={`${from.key}-${to.key}`}
            x1={from.x}
            y1={from.y}
            x2={to.x}
            y2={to.y}
            stroke="var(--mantine-color-dimmed)"
            strokeWidth={Math.min(1 + Math.log2(calls), 6)}
          />
        ))}
        {nodes.map((node) => (
          <Dot key={node.key} node={node} />
        ))}
      </svg>
    </div>
  );
}

function Dot({ node }: { node: Placed }) {
  const isUser = node.kind === "user";
  const color = node.blocked ? "var(--fail)" : isUser ? "var(--mantine-color-anchor)" : "var(--refer)";
  return (
    <g>
      <circle cx={node.x} cy={node.y} r={node.is_start ? 9 : 6} fill={color} />
      <text
        x={node.x + (isUser ? -16 : 16)}
        y={node.y + 4}
        fontSize={13}
        fontWeight={node.is_start ? 700 : 400}
        textAnchor={isUser ? "end" : "start"}
        fill="var(--mantine-color-text)"
      >
        {short(labelOf(node.kind, node.label))}
      </text>
    </g>
  );
}

function Nodes({ links: found, onBlock }: { links: Links; onBlock: (blocking: Blocking) => void }) {
  const { nodes, edges } = draw(found);
  const neighbours = (key: string) =>
    edges.flatMap(({ from, to }) => (from.key === key ? [to] : to.key === key ? [from] : []));
  return (
    <Table.ScrollContainer minWidth={520} type="native" tabIndex={0}>
      <Table aria-label="Links" mt="sm">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>What</Table.Th>
            <Table.Th>Value</Table.Th>
            <Table.Th>Connected with</Table.Th>
            <Table.Th />
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {nodes.map((node) => (
            <Table.Tr key={node.key} data-testid="link" data-kind={node.kind}>
              <Table.Td>{KIND[node.kind].one}</Table.Td>
              <Table.Td className="any" fw={node.is_start ? 600 : undefined}>
                {labelOf(node.kind, node.label)}
              </Table.Td>
              <Table.Td className="any">
                {neighbours(node.key)
                  .map((other) => labelOf(other.kind, other.label))
                  .join(", ")}
              </Table.Td>
              <Table.Td>
                <ValueActions
                  kind={node.kind}
                  label={node.label}
                  transaction={node.transaction_id}
                  blocked={node.blocked}
                  onBlock={onBlock}
                />
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}
