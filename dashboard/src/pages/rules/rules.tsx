import { Badge, Button, Group, Table, Text } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { IconPlus, IconScale } from "@tabler/icons-react";
import { Link } from "wouter";

import { MAY } from "../../api/permissions";
import { assignRules, listRules } from "../../api/projects";
import { useCan } from "../../api/session";
import { AllowedButton } from "../../parts/allowed";
import { done, failed } from "../../parts/notify";
import { Empty, Loaded, Page } from "../../parts/page";
import { Rows } from "../../parts/rows";
import { When } from "../../parts/time";
import { useProject } from "../../shell/place";

/** The rule sets of the project; which of them is in force. */
export default function RuleSets() {
  const project = useProject() ?? "";
  const client = useQueryClient();
  const can = useCan();
  const query = useQuery({ queryKey: ["rules", project], queryFn: () => listRules() });
  const assign = (id: string | null) =>
    void assignRules(id).then(() => {
      void client.invalidateQueries({ queryKey: ["rules", project] });
      done(id ? "In force from the next call" : "The built-in rules are in force again");
    }, failed);
  const create = can(MAY.editRules) ? (
    <Button component={Link} href="/rules/new" leftSection={<IconPlus size={16} aria-hidden />}>
      New rules
    </Button>
  ) : (
    <AllowedButton needs={MAY.editRules} leftSection={<IconPlus size={16} aria-hidden />}>
      New rules
    </AllowedButton>
  );
  return (
    <Page
      title="Scoring rules"
      about="What makes a pass. Each service is required, advisory or off, with its thresholds. Every version is kept, so every decision can be explained."
      actions={create}
    >
      <Loaded query={query}>
        {({ data }) => (
          <Rows
            label="Rule sets"
            rows={data}
            columns={["Name", "Version", { name: "Changed", from: "sm" }, "In force"]}
            empty={
              <Empty icon={<IconScale size={36} />} title="The built-in rules are in force">
                Every service of a key is required but lip reading, which is advisory.{" "}
                <Link href="/rules/new">Begin with a copy of them.</Link>
              </Empty>
            }
          >
            {(set) => (
              <Table.Tr key={set.scores_id}>
                <Table.Td>
                  <Text
                    component={Link}
                    href={`/rules/${set.scores_id}`}
                    size="sm"
                    fw={600}
                    className="any"
                    c="var(--mantine-color-anchor)"
                  >
                    {set.name}
                  </Text>
                </Table.Td>
                <Table.Td className="num">{set.version}</Table.Td>
                <Table.Td visibleFrom="sm">
                  <When at={set.created_at} distance />
                </Table.Td>
                <Table.Td>
                  <Group gap="xs">
                    {set.project_default && <Badge color="green">project</Badge>}
                    <AllowedButton
                      needs={MAY.editRules}
                      size="compact-sm"
                      variant="default"
                      onClick={() => assign(set.project_default ? null : set.scores_id)}
                      aria-label={set.project_default ? `Stop using ${set.name}` : `Use ${set.name} for the project`}
                    >
                      {set.project_default ? "Back to built-in" : "Use"}
                    </AllowedButton>
                  </Group>
                </Table.Td>
              </Table.Tr>
            )}
          </Rows>
        )}
      </Loaded>
    </Page>
  );
}
