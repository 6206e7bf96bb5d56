import { type Button, Checkbox, NativeSelect, NumberInput, Stack, TagsInput, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import type { ComponentProps } from "react";

import { MAY } from "../../api/permissions";
import { changeProject, oneProject, type Project, putRetention, type Retention, retention } from "../../api/projects";
import { me, useCan } from "../../api/session";
import { AllowedButton } from "../../parts/allowed";
import { Form } from "../../parts/form";
import { done } from "../../parts/notify";
import { Loaded, Page } from "../../parts/page";
import { Note, Panel } from "../../parts/panel";
import { Id } from "../../parts/secret";
import { SELECTABLE } from "../../parts/words";
import { useProject } from "../../shell/place";
import { Dialects } from "./dialects";
import { Pages } from "./page-theme";
import { ReviewsSettings } from "./reviews";
import { SimSwap } from "./sim-swap";
import { Videos } from "./video-settings";

/** What holds for the whole project. */
export default function Settings() {
  const id = useProject() ?? "";
  const project = useQuery({ queryKey: ["project", id], queryFn: () => oneProject(id), refetchOnWindowFocus: false });
  const periods = useQuery({ queryKey: ["retention", id], queryFn: retention, refetchOnWindowFocus: false });
  return (
    <Page
      title="Project settings"
      about={
        <>
          Project <Id id={id} whole />
        </>
      }
    >
      <Loaded query={project}>{(found) => <General project={found} />}</Loaded>
      <Loaded query={periods} lines={2}>
        {(found) => <Periods periods={found} project={id} />}
      </Loaded>
      <Loaded query={project}>{(found) => <Dialects project={found} />}</Loaded>
      <Pages project={id} />
      <Videos project={id} />
      <ReviewsSettings project={id} />
      <SimSwap project={id} />
    </Page>
  );
}

const Save = (props: ComponentProps<typeof Button>) => <AllowedButton needs={MAY.editProjects} {...props} />;

const origin = (text: string) => /^https?:\/\/[^/\s]+$/.test(text) || text === "*";

function General({ project }: { project: Project }) {
  const client = useQueryClient();
  const readOnly = !useCan()(MAY.editProjects);
  const form = useForm({
    initialValues: {
      name: project.name,
      selected_services: project.selected_services,
      cors_origins: project.cors_origins,
      rate_limit_per_minute: (project.rate_limit_per_minute || "") as number | "",
      response_format: project.response_format,
    },
    validate: {
      name: (name) => (name.trim() ? null : "a name"),
      selected_services: (services) => (services.length > 0 ? null : "at least one"),
      cors_origins: (origins) =>
        origins.every(origin) ? null : "origins such as https://app.example.org, without a path",
      rate_limit_per_minute: (limit) =>
        limit === "" || (Number.isInteger(limit) && Number(limit) > 0) ? null : "a whole number from 1, or nothing",
    },
  });
  const keep = async ({ rate_limit_per_minute, ...values }: typeof form.values) => {
    await changeProject(project.id, {
      ...values,
      name: values.name.trim(),
      rate_limit_per_minute: rate_limit_per_minute === "" ? 0 : Number(rate_limit_per_minute),
    });
    form.resetDirty();
    await Promise.all([
      client.invalidateQueries({ queryKey: ["project", project.id] }),
      client.invalidateQueries({ queryKey: me.queryKey }),
    ]);
    done("The settings are saved");
  };
  return (
    <Panel title="General">
      <Form form={form} send={keep} action="Save" button={Save} maw={640}>
        <TextInput label="Name" readOnly={readOnly} {...form.getInputProps("name")} />
        <Checkbox.Group
          label="Services"
          description="What new keys may run at most"
          {...form.getInputProps("selected_services")}
        >
          <Stack gap={6} mt={6}>
            {SELECTABLE.map((service) => (
              <Checkbox key={service} value={service} label={service} disabled={readOnly} />
            ))}
          </Stack>
        </Checkbox.Group>
        <NativeSelect
          label="Response format of new keys"
          disabled={readOnly}
          data={[
            { value: "", label: "This API (code 200, score 0–100)" },
            { value: "sdk", label: "Vendor's SDK (code 0, score 0–1)" },
          ]}
          {...form.getInputProps("response_format")}
        />
        <NumberInput
          label="Rate limit (per minute)"
          description="Of all keys together; empty: the server's own limit for each key"
          min={1}
          readOnly={readOnly}
          allowDecimal={false}
          clampBehavior="none"
          {...form.getInputProps("rate_limit_per_minute")}
        />
        <TagsInput
          label="CORS origins"
          description="Browsers may call from these; none given: from any, as the key grants access and not the origin"
          placeholder="https://app.example.org"
          readOnly={readOnly}
          {...form.getInputProps("cors_origins")}
        />
      </Form>
    </Panel>
  );
}

function Periods({ periods, project }: { periods: Retention; project: string }) {
  const client = useQueryClient();
  const readOnly = !useCan()(MAY.editProjects);
  const days = (value: number) => (Number.isInteger(value) && value >= 0 && value <= 3650 ? null : "0 to 3650 days");
  const form = useForm({
    initialValues: { samples_days: periods.samples_days, transactions_days: periods.transactions_days },
    validate: { samples_days: days, transactions_days: days },
  });
  const keep = async (values: typeof form.values) => {
    await putRetention(Number(values.samples_days), Number(values.transactions_days));
    await client.invalidateQueries({ queryKey: ["retention", project] });
    done("The periods are saved");
  };
  return (
    <Panel title="Retention">
      <Form form={form} send={keep} action="Save the periods" button={Save} maw={640}>
        <Note>
          After these times records are destroyed by themselves. Shortening a period destroys what is older already.
        </Note>
        <NumberInput
          label="Samples, days"
          description="Videos and pictures, kept with storage consent alone"
          clampBehavior="none"
          allowDecimal={false}
          readOnly={readOnly}
          {...form.getInputProps("samples_days")}
        />
        <NumberInput
          label="Transactions, days"
          clampBehavior="none"
          allowDecimal={false}
          readOnly={readOnly}
          {...form.getInputProps("transactions_days")}
        />
      </Form>
    </Panel>
  );
}
