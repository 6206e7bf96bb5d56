import { NativeSelect, Textarea } from "@mantine/core";
import { useForm } from "@mantine/form";

import { type Decision, decide, type ReviewDetails } from "../../api/reviews";
import { Dialog } from "../../parts/dialog";
import { Form } from "../../parts/form";
import { Note } from "../../parts/panel";
import { DECISIONS, REASONS } from "./words";

interface Props {
  id: string;
  decision: Decision;
  onClose: () => void;
  onDone: (review: ReviewDetails) => void;
  /** Somebody else decided or claimed it meanwhile. */
  onRefused: () => void;
}

/** The reason of a decision and a note. */
export function DecisionDialog({ id, decision, onClose, onDone, onRefused }: Props) {
  const { action } = DECISIONS[decision];
  const form = useForm({
    initialValues: { reason: REASONS[decision][0]?.value ?? "other", note: "" },
    validate: {
      note: (note, { reason }) =>
        reason === "other" && note.trim() === ""
          ? "required for this reason"
          : note.length > 2000
            ? "at most 2000 characters"
            : null,
    },
  });
  const send = async ({ reason, note }: typeof form.values) => {
    try {
      onDone(await decide(id, decision, reason, note));
    } catch (error) {
      onRefused();
      throw error;
    }
  };
  return (
    <Dialog onClose={onClose} title={action}>
      <Form
        form={form}
        send={send}
        action={action}
        color={decision === "reject" ? "red" : undefined}
        at="dialog"
        onCancel={onClose}
      >
        <NativeSelect label="Reason" data={REASONS[decision]} data-autofocus {...form.getInputProps("reason")} />
        <Textarea
          label="Note"
          description="For the team. It is stored encrypted and not sent to your systems."
          autosize
          minRows={3}
          {...form.getInputProps("note")}
        />
        <Note>The decision is final and sent to your systems as the event review.completed.</Note>
      </Form>
    </Dialog>
  );
}
