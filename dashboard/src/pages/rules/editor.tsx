import { Badge, Button, Paper, SimpleGrid, Stack, Tabs, Text, TextInput } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { Link, useLocation, useParams } from "wouter";

import { MAY } from "../../api/permissions";
import { sentence } from "../../api/client";
import { createRules, defaultRules, oneRuleSet, updateRules } from "../../api/projects";
import type { Rules, RuleSet } from "../../api/types";
import { useCan } from "../../api/session";
import { AllowedButton } from "../../parts/allowed";
import { Refused } from "../../parts/form";
import { done } from "../../parts/notify";
import { LoadedPage, Page } from "../../parts/page";
import { useUnsaved } from "../../parts/unsaved";
import { useProject } from "../../shell/place";
import { Calibration } from "./calibration";
import { useDraft } from "./draft";
import { JsonSide } from "./json-side";
import { RulesForm } from "./rules-form";
import { Versions } from "./versions";
import { WhatIf } from "./what-if";

/** One rule set, or a new one that begins as the built-in rules. */
export default function RuleEditor() {
  const { id = "new" } = useParams<{ id: string }>();
  const project = useProject() ?? "";
  const stored = useQuery({
    queryKey: ["rules", project, id],
    // What is being edited is not exchanged under one's hands.
    refetchOnWindowFocus: false,
    queryFn: async (): Promise<{ set: RuleSet | null; rules: Rules }> => {
      if (id === "new") return { set: null, rules: await defaultRules() };
      const set = await oneRuleSet(id);
      return { set, rules: set.rules ?? { version: 1, services: {} } };
    },
  });
  return (
    <LoadedPage query={stored} title="Scoring rules" list={{ name: "Scoring rules", href: "/rules" }}>
      {({ set, rules }) => <Editor key={`${id}-${set?.version ?? 0}`} set={set} rules={rules} project={project} />}
    </LoadedPage>
  );
}

function Editor({ set, rules, project }: { set: RuleSet | null; rules: Rules; project: string }) {
  const can = useCan();
  const draft = useDraft(rules, can(MAY.tryRules));
  const client = useQueryClient();
  const [, navigate] = useLocation();
  const [name, setName] = useState(set?.name ?? "");
  const [nameError, setNameError] = useState<string | null>(null);
  const [error, setError] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const [saved, setSaved] = useState<string | null>(null);
  useUnsaved(can(MAY.editRules) && saved === null && (draft.changed || name !== (set?.name ?? "")));
  const save = async () => {
    setNameError(name.trim() ? null : "a name, so that you find them again");
    if (!name.trim() || draft.rules === null) return;
    setBusy(true);
    setError(null);
    try {
      const stored = set
        ? await updateRules(set.scores_id, name.trim(), draft.rules)
        : await createRules(name.trim(), draft.rules, false);
      await client.invalidateQueries({ queryKey: ["rules", project] });
      done(`Version ${stored.version} is saved${set?.project_default ? " and in force" : ""}`);
      if (!set) setSaved(stored.scores_id);
    } catch (failure) {
      setError(sentence(failure));
    } finally {
      setBusy(false);
    }
  };
  // Once nothing is unsaved any more, or the way would be asked about.
  useEffect(() => {
    if (saved) navigate(`/rules/${saved}`, { replace: true });
  }, [saved, navigate]);
  return (
    <Page
      title={set ? set.name : "New rules"}
      about={
        <>
          <Link href="/rules">Scoring rules</Link>
          {set && ` · version ${set.version}`}
        </>
      }
      actions={
        <>
          {set?.project_default && (
            <Badge color="green" size="lg">
              in force for the project
            </Badge>
          )}
          <AllowedButton
            needs={MAY.editRules}
            onClick={() => void save()}
            loading={busy}
            disabled={
              draft.rules === null ||
              draft.validity?.valid === false ||
              (set !== null && !draft.changed && name === set.name)
            }
          >
            {set ? "Save as a new version" : "Save"}
          </AllowedButton>
        </>
      }
    >
      {error && <Refused>{error}</Refused>}
      <Tabs defaultValue="edit" keepMounted={false}>
        <Tabs.List mb="md">
          <Tabs.Tab value="edit">Edit</Tabs.Tab>
          <Tabs.Tab value="what-if">What if</Tabs.Tab>
          <Tabs.Tab value="calibration">Thresholds</Tabs.Tab>
          {set && <Tabs.Tab value="versions">Versions ({set.latest_version})</Tabs.Tab>}
        </Tabs.List>
        <Tabs.Panel value="edit">
          <Stack>
            <TextInput
              label="Name"
              maw={420}
              value={name}
              onChange={(event) => setName(event.currentTarget.value)}
              error={nameError}
              disabled={!can(MAY.editRules)}
            />
            {draft.changed && (
              <Text size="sm" c="dimmed" role="status">
                Not saved yet.{" "}
                <Button variant="subtle" size="compact-sm" onClick={draft.reset}>
                  Undo all changes
                </Button>
              </Text>
            )}
            <SimpleGrid cols={{ base: 1, lg: 2 }} spacing="lg">
              <RulesForm draft={draft} readOnly={!can(MAY.editRules)} />
              <JsonSide draft={draft} readOnly={!can(MAY.editRules)} />
            </SimpleGrid>
          </Stack>
        </Tabs.Panel>
        <Tabs.Panel value="what-if">
          <WhatIf rules={draft.rules} draft={draft} />
        </Tabs.Panel>
        <Tabs.Panel value="calibration">
          <Calibration draft={draft} />
        </Tabs.Panel>
        {set && (
          <Tabs.Panel value="versions">
            <Paper p="md">
              <Versions set={set} onTake={draft.replace} />
            </Paper>
          </Tabs.Panel>
        )}
      </Tabs>
    </Page>
  );
}
