import { NumberInput, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useQueryClient } from "@tanstack/react-query";

import { addCredits } from "../../api/credits";
import { Dialog } from "../../parts/dialog";
import { Form } from "../../parts/form";
import { done } from "../../parts/notify";
import { counted } from "../../parts/words";
import { purchaseError } from "./prices";

/** Asks how many credits to add; stays open with the reason when it fails. */
export function PurchaseDialog({ project, onClose }: { project: string; onClose: () => void }) {
  const client = useQueryClient();
  const form = useForm({
    initialValues: { amount: "" as number | "", description: "" },
    validate: { amount: purchaseError },
  });
  const add = async ({ amount, description }: typeof form.values) => {
    const plan = await addCredits(Number(amount), description.trim());
    client.setQueryData(["credits", project], plan);
    done(`${counted(Number(amount), "credit")} added`);
    onClose();
  };
  return (
    <Dialog onClose={onClose} title="Add credits">
      <Form form={form} send={add} action="Add" at="dialog" onCancel={onClose}>
        <NumberInput
          label="Credits"
          allowDecimal={false}
          allowNegative={false}
          clampBehavior="none"
          data-autofocus
          {...form.getInputProps("amount")}
        />
        <TextInput
          label="Description"
          description="For example an invoice number; shown in the list of credits"
          maxLength={200}
          autoComplete="off"
          {...form.getInputProps("description")}
        />
      </Form>
    </Dialog>
  );
}
