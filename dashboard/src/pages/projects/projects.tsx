import { Paper, SimpleGrid, Text, TextInput, Title } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useQueryClient } from "@tanstack/react-query";
import { IconFolder, IconPlus } from "@tabler/icons-react";
import { useState } from "react";
import { Link, useLocation } from "wouter";

import { MAY } from "../../api/permissions";
import { createProject } from "../../api/projects";
import { me, useCan, useMe } from "../../api/session";
import { AllowedButton } from "../../parts/allowed";
import { Dialog } from "../../parts/dialog";
import { Form } from "../../parts/form";
import { Empty, Page } from "../../parts/page";
import { Id } from "../../parts/secret";
import { Danger } from "./danger";

/** All projects one may see. */
export default function Projects() {
  const { projects, organisation } = useMe();
  const can = useCan();
  const [creating, setCreating] = useState(false);
  return (
    <Page
      title="Projects"
      about={
        <>
          Each project of {organisation.name} has keys, rules, people and records of its own; nothing is shared between
          them.
        </>
      }
      actions={
        <AllowedButton
          needs={MAY.editProjects}
          leftSection={<IconPlus size={16} aria-hidden />}
          onClick={() => setCreating(true)}
        >
          New project
        </AllowedButton>
      }
    >
      {projects.length === 0 && (
        <Empty icon={<IconFolder size={36} />} title="No projects yet">
          An owner or an admin makes the first.
        </Empty>
      )}
      <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }}>
        {projects.map(({ id, name }) => (
          <Paper key={id} p="md">
            <Title order={2} size="h4" className="any" mb={4}>
              <Text component={Link} href={`/p/${id}`} inherit c="var(--mantine-color-anchor)">
                {name}
              </Text>
            </Title>
            <Text size="sm" c="dimmed" component="div">
              <Id id={id} />
            </Text>
          </Paper>
        ))}
      </SimpleGrid>
      {can(MAY.deleteOrganisation) && <Danger />}
      {creating && <Create onClose={() => setCreating(false)} />}
    </Page>
  );
}

function Create({ onClose }: { onClose: () => void }) {
  const client = useQueryClient();
  const [, navigate] = useLocation();
  const form = useForm({ initialValues: { name: "" }, validate: { name: (name) => (name.trim() ? null : "a name") } });
  const make = async ({ name }: typeof form.values) => {
    const made = await createProject({ name: name.trim() });
    await client.fetchQuery({ ...me, staleTime: 0 });
    navigate(`/p/${made.id}/settings`);
  };
  return (
    <Dialog onClose={onClose} title="New project">
      <Form form={form} send={make} action="Create the project" at="dialog" onCancel={onClose}>
        <TextInput label="Name" data-autofocus {...form.getInputProps("name")} />
      </Form>
    </Dialog>
  );
}
