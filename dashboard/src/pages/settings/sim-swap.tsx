import { Badge, Button, NativeSelect, NumberInput, PasswordInput, Text, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { type ComponentProps, useState } from "react";

import { ApiError } from "../../api/client";
import { MAY } from "../../api/permissions";
import { useCan } from "../../api/session";
import { type Operator, putSimSwap, removeSimSwap, simSwap } from "../../api/sim-swap";
import { AllowedButton } from "../../parts/allowed";
import { Confirm } from "../../parts/confirm";
import { Form, REVEAL } from "../../parts/form";
import { done } from "../../parts/notify";
import { Loaded } from "../../parts/page";
import { Note, Panel } from "../../parts/panel";

/** No operator is an answer and no fault. */
async function operatorOf(): Promise<Operator | null> {
  try {
    return await simSwap();
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return null;
    throw error;
  }
}

/** The mobile operator that is asked about a number's SIM when a session ends. */
export function SimSwap({ project }: { project: string }) {
  const query = useQuery({ queryKey: ["sim-swap", project], queryFn: operatorOf, refetchOnWindowFocus: false });
  return (
    <Loaded query={query} lines={2}>
      {(operator) => <Settings key={operator?.updated_at} operator={operator} project={project} />}
    </Loaded>
  );
}

const Save = (props: ComponentProps<typeof Button>) => <AllowedButton needs={MAY.editProjects} {...props} />;

function Settings({ operator, project }: { operator: Operator | null; project: string }) {
  const client = useQueryClient();
  const readOnly = !useCan()(MAY.editProjects);
  const [removing, setRemoving] = useState(false);
  const changed = () => client.invalidateQueries({ queryKey: ["sim-swap", project] });
  const address = (url: string) =>
    /^https?:\/\/\S+$/.test(url.trim()) ? null : "an address that begins with https://";
  const form = useForm({
    initialValues: {
      base_url: operator?.base_url ?? "",
      token_url: operator?.token_url ?? "",
      client_id: operator?.client_id ?? "",
      client_secret: "",
      scope: operator?.scope ?? "",
      token_auth: operator?.token_auth ?? "basic",
      max_age_hours: (operator?.max_age_hours ?? 240) as number | "",
    },
    validate: {
      base_url: address,
      token_url: address,
      client_id: (id) => (id.trim() ? null : "as the operator gave it to you"),
      client_secret: (secret) => (secret ? null : "as the operator gave it to you; it is not kept in clear"),
      max_age_hours: (hours) =>
        Number.isInteger(hours) && Number(hours) >= 1 && Number(hours) <= 2400 ? null : "1 to 2400 hours",
    },
  });
  const keep = async ({ scope, max_age_hours, ...values }: typeof form.values) => {
    await putSimSwap({ ...values, ...(scope.trim() && { scope: scope.trim() }), max_age_hours: Number(max_age_hours) });
    await changed();
    done("The operator is saved");
  };
  return (
    <Panel
      title="SIM swap"
      aside={<Badge color={operator ? "green" : "gray"}>{operator ? "configured" : "off"}</Badge>}
    >
      <Form
        form={form}
        send={keep}
        action={operator ? "Save the operator" : "Use this operator"}
        button={Save}
        maw={640}
        {...(operator && !readOnly && { aside: <RemoveButton onClick={() => setRemoving(true)} /> })}
      >
        <Note>
          When a session ends with a phone number, your mobile operator is asked over the CAMARA SIM Swap API whether
          its SIM was changed lately. The number itself is not kept.
        </Note>
        <TextInput
          label="SIM Swap address"
          description="/check and /retrieve-date follow it"
          placeholder="https://api.operator.example/sim-swap/v2"
          readOnly={readOnly}
          {...form.getInputProps("base_url")}
        />
        <TextInput
          label="Token address"
          description="OAuth 2, client credentials"
          placeholder="https://api.operator.example/oauth2/token"
          readOnly={readOnly}
          {...form.getInputProps("token_url")}
        />
        <TextInput label="Client ID" autoComplete="off" readOnly={readOnly} {...form.getInputProps("client_id")} />
        {!readOnly && (
          <PasswordInput
            label="Client secret"
            description={
              operator
                ? "Kept sealed and never shown; type it again to change anything"
                : "Kept sealed and never shown again"
            }
            autoComplete="off"
            visibilityToggleButtonProps={REVEAL}
            {...form.getInputProps("client_secret")}
          />
        )}
        <TextInput
          label="Scope"
          description="Where the operator asks for one"
          readOnly={readOnly}
          {...form.getInputProps("scope")}
        />
        <NativeSelect
          label="The client shows itself by"
          disabled={readOnly}
          data={[
            { value: "basic", label: "HTTP Basic" },
            { value: "post", label: "Fields of the form (post)" },
          ]}
          {...form.getInputProps("token_auth")}
        />
        <NumberInput
          label="A change counts within, hours"
          allowDecimal={false}
          clampBehavior="none"
          readOnly={readOnly}
          {...form.getInputProps("max_age_hours")}
        />
      </Form>
      <Confirm
        opened={removing}
        title="Remove the operator"
        action="Remove"
        onClose={() => setRemoving(false)}
        onConfirm={async () => {
          await removeSimSwap();
          await changed();
          done("The operator is removed");
        }}
      >
        <Text size="sm">Numbers are not checked from the next session on. The secret is destroyed.</Text>
      </Confirm>
    </Panel>
  );
}

const RemoveButton = ({ onClick }: { onClick: () => void }) => (
  <Button variant="light" color="red" onClick={onClick}>
    Remove
  </Button>
);
