import { type Button, Code, NativeSelect } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useQueryClient } from "@tanstack/react-query";
import type { ComponentProps } from "react";

import { MAY } from "../../api/permissions";
import { type ConsentMode, changeDialects, type DialectName, type Project } from "../../api/projects";
import { useCan } from "../../api/session";
import { AllowedButton } from "../../parts/allowed";
import { Form } from "../../parts/form";
import { done } from "../../parts/notify";
import { Note, Panel } from "../../parts/panel";

const base = window.location.origin;
const bearer = '-H "Authorization: Bearer $KEY"';

/** The APIs there are besides the server's own, each with a first call. */
const DIALECTS: { name: DialectName; title: string; call: string }[] = [
  {
    name: "neuroid",
    title: "NeuroID",
    call: `curl ${bearer} -F mobile_number=923001234567 -F file=@fingerprint.png ${base}/v2/enroll-fp`,
  },
  {
    name: "biometry_v2",
    title: "Biometry API, version 2",
    call: `curl -X POST ${bearer} ${base}/api-gateway/v2/sessions`,
  },
  {
    name: "idv",
    title: "Identity Verification API",
    call: `curl -F api_key=$KEY -F user_identifier=user123 -F selfie_video=@selfie.mp4 -F id_photo=@card.jpg ${base}/verif/submit`,
  },
  {
    name: "verifik",
    title: "Verifik",
    call: `curl ${bearer} -H "Content-Type: application/json" -d '{"os":"DESKTOP","image":"'$(base64 -w0 face.jpg)'"}' ${base}/v2/face-recognition/liveness`,
  },
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
        {DIALECTS.map(({ name, title, call }) => (
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
            {form.values[name] !== "" && (
              <Code block mt={6}>
                {call}
              </Code>
            )}
          </div>
        ))}
      </Form>
    </Panel>
  );
}
