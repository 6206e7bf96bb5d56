import { type Button, NumberInput, SimpleGrid, Switch } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useQueryClient } from "@tanstack/react-query";
import type { ComponentProps } from "react";

import { type CreditPlan, putCreditPlan } from "../../api/credits";
import { MAY } from "../../api/permissions";
import { useCan } from "../../api/session";
import { AllowedButton } from "../../parts/allowed";
import { Form } from "../../parts/form";
import { done } from "../../parts/notify";
import { Note, Panel } from "../../parts/panel";
import { entered, lines, priceError } from "./prices";

const Save = (props: ComponentProps<typeof Button>) => <AllowedButton needs={MAY.editProjects} {...props} />;

/** Whether calls are paid in advance, and what each costs. */
export function PlanForm({ plan, project }: { plan: CreditPlan; project: string }) {
  const client = useQueryClient();
  const readOnly = !useCan()(MAY.editProjects);
  const form = useForm({
    initialValues: { prepaid: plan.prepaid, lines: lines(plan.prices) },
    validate: { lines: { price: priceError } },
  });
  const keep = async (values: typeof form.values) => {
    await putCreditPlan({ prepaid: values.prepaid, prices: entered(values.lines) });
    form.resetDirty();
    await client.invalidateQueries({ queryKey: ["credits", project] });
    done("The plan is saved");
  };
  return (
    <Panel title="Payment">
      <Form form={form} send={keep} action="Save plan" button={Save}>
        <Switch
          label="Prepaid"
          description="Calls are paid from the balance and refused (402) when it is used up. Off: calls are counted and never refused"
          disabled={readOnly}
          {...form.getInputProps("prepaid", { type: "checkbox" })}
        />
        <Note>Credits per call. Empty: 1 credit.</Note>
        <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }}>
          {form.values.lines.map(({ kind, label }, index) => (
            <NumberInput
              key={kind}
              label={label}
              placeholder="1"
              allowDecimal={false}
              allowNegative={false}
              clampBehavior="none"
              readOnly={readOnly}
              {...form.getInputProps(`lines.${index}.price`)}
            />
          ))}
        </SimpleGrid>
      </Form>
    </Panel>
  );
}
