import { Table } from "@mantine/core";

import type { FaceCluster } from "../../api/fraud";
import { Section } from "../../parts/panel";
import { NumberCell, Rows } from "../../parts/rows";
import { type Handlers, LastAndActions } from "./cells";
import { labelOf } from "./words";

interface Props extends Handlers {
  clusters: FaceCluster[];
}

/** Enrolled faces that came under names of others. */
export function Clusters({ clusters, ...handlers }: Props) {
  if (clusters.length === 0) return null;
  return (
    <Section title="Faces under several names">
      <Rows
        label="Faces under several names"
        minWidth={620}
        columns={["Face", "Other names", { name: "Calls", right: true }, "Last", ""]}
        rows={clusters}
      >
        {(cluster) => (
          <Table.Tr key={cluster.transaction_id} data-testid="cluster">
            <Table.Td className="any">{labelOf("face", cluster.owner)}</Table.Td>
            <Table.Td className="any">{namesOf(cluster)}</Table.Td>
            <NumberCell>{cluster.calls.toLocaleString()}</NumberCell>
            <LastAndActions kind="face" label={cluster.owner} of={cluster} {...handlers} />
          </Table.Tr>
        )}
      </Rows>
    </Section>
  );
}

function namesOf({ users, user_count }: FaceCluster): string {
  if (users.length === 0) return user_count === 1 ? "1 other name" : `${user_count} other names`;
  const left = user_count - users.length;
  return users.join(", ") + (left > 0 ? ` and ${left} more` : "");
}
