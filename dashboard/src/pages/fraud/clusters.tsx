import { Table } from "@mantine/core";

import type { FaceCluster } from "../../api/fraud";
import { Section } from "../../parts/panel";
import { Rows } from "../../parts/rows";
import { When } from "../../parts/time";
import { ValueActions } from "./actions";
import type { Blocking } from "./block-dialog";
import { labelOf } from "./words";

interface Props {
  clusters: FaceCluster[];
  onBlock: (blocking: Blocking) => void;
  onShow: (transaction: string) => void;
}

/** Enrolled faces that came under names of others. */
export function Clusters({ clusters, onBlock, onShow }: Props) {
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
            <Table.Td ta="right" className="num">
              {cluster.calls.toLocaleString()}
            </Table.Td>
            <Table.Td>
              <When at={cluster.last_at} distance />
            </Table.Td>
            <Table.Td>
              <ValueActions
                kind="face"
                label={cluster.owner}
                transaction={cluster.transaction_id}
                blocked={cluster.blocked}
                onBlock={onBlock}
                onShow={onShow}
              />
            </Table.Td>
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
