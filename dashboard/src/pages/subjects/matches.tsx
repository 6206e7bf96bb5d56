import { Paper, Table } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "wouter";

import { searchSubjects } from "../../api/subjects";
import { Empty, Loaded } from "../../parts/page";
import { Rows } from "../../parts/rows";
import { When } from "../../parts/time";
import { useProject } from "../../shell/place";

/** Whose identifier begins with what was typed. */
export function Matches({ prefix }: { prefix: string }) {
  const project = useProject() ?? "";
  const query = useQuery({
    queryKey: ["subject-search", project, prefix],
    queryFn: () => searchSubjects(prefix),
    refetchOnWindowFocus: false,
    staleTime: 60_000,
  });
  return (
    <Loaded query={query} lines={2}>
      {(found) =>
        found.length === 0 ? (
          <Paper>
            <Empty title="Nobody found">
              A search compares the beginning of an identifier and of its parts. People are found from their first
              transaction on.
            </Empty>
          </Paper>
        ) : (
          <Rows label="People found" columns={["User", "Last transaction"]} rows={found}>
            {({ user_fullname, last_seen_at }) => (
              <Table.Tr key={user_fullname}>
                <Table.Td className="any">
                  <Link href={`/subjects?user=${encodeURIComponent(user_fullname)}`}>{user_fullname}</Link>
                </Table.Td>
                <Table.Td>
                  <When at={last_seen_at} />
                </Table.Td>
              </Table.Tr>
            )}
          </Rows>
        )
      }
    </Loaded>
  );
}
