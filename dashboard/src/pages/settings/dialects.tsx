import { type Button, NativeSelect, Tabs } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useQueryClient } from "@tanstack/react-query";
import type { ComponentProps } from "react";

import { MAY } from "../../api/permissions";
import { type ConsentMode, changeDialects, type DialectName, type Project } from "../../api/projects";
import { useCan } from "../../api/session";
import { AllowedButton } from "../../parts/allowed";
import { Form } from "../../parts/form";
import { done } from "../../parts/notify";
import { Note, Panel, Source } from "../../parts/panel";
import { type Snippet, SNIPPETS } from "./dialect-snippets";

/** The APIs there are besides the server's own. */
const DIALECTS: { name: DialectName; title: string }[] = [
  { name: "neuroid", title: "NeuroID" },
  { name: "biometry_v2", title: "Biometry API, version 2" },
  { name: "idv", title: "Identity Verification API" },
  { name: "verifik", title: "Verifik" },
];

const Save = (props: ComponentProps<typeof Button>) => <AllowedButton needs={MAY.editProjects} {...props} />;

/** Which other APIs the project has switched on, and how each learns of consents. */
export function Dialects({ project }: { project: Project }) {
  const client = useQueryClient();
  const readOnly = !useCan()(MAY.editProjects);
  const chosen = (name: DialectName) => project.dialects[name]?.consent ?? "";
  const form = useForm<Record<DialectName, ConsentMode | "">>({
    initialValues: {
      neuroid: chosen("neuroid"),
      biometry_v2: chosen("biometry_v2"),
      idv: chosen("idv"),
      verifik: chosen("verifik"),
    },
  });
  const keep = async (values: typeof form.values) => {
    await changeDialects(project.id, values);
    form.resetDirty();
    await client.invalidateQueries({ queryKey: ["project", project.id] });
    done("The APIs are saved");
  };
  return (
    <Panel title="Other APIs">
      <Form form={form} send={keep} action="Save the APIs" button={Save} maw={640}>
        <Note>
          Integrations that were written for these work with this server's address and a key of this project. Who
          attests declares by each call to hold the person's consent; a withdrawal counts in either case.
        </Note>
        {DIALECTS.map(({ name, title }) => (
          <div key={name}>
            <NativeSelect
              label={title}
              disabled={readOnly}
              data={[
                { value: "", label: "Off" },
                { value: "ledger", label: "On, with consents recorded before" },
                { value: "attested", label: "On, consents attested by this project" },
              ]}
              {...form.getInputProps(name)}
            />
            {form.values[name] !== "" && <FirstCall title={title} snippets={SNIPPETS[name]} />}
          </div>
        ))}
      </Form>
    </Panel>
  );
}

/** A first call, in the language that is chosen. */
function FirstCall({ title, snippets }: { title: string; snippets: Snippet[] }) {
  return (
    <Tabs defaultValue={snippets[0]?.language} mt={6}>
      <Tabs.List aria-label={`A first call of ${title}`}>
        {snippets.map(({ language }) => (
          <Tabs.Tab key={language} value={language}>
            {language}
          </Tabs.Tab>
        ))}
      </Tabs.List>
      {snippets.map(({ language, code }) => (
        <Tabs.Panel key={language} value={language}>
          <Source name={`${title}, ${language}`}>{code}</Source>
        </Tabs.Panel>
      ))}
    </Tabs>
  );
}
