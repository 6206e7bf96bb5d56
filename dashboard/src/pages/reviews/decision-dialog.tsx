import { NativeSelect, Textarea } from "@mantine/core";
import { useForm } from "@mantine/form";

import { type Decision, decide } from "../../api/reviews";
import { Dialog } from "../../parts/dialog";
import { Form } from "../../parts/form";
import { done } from "../../parts/notify";
import { Note } from "../../parts/panel";
import { useReviewCache } from "./cache";
import { DECISIONS, REASONS } from "./words";

/** Of which transaction the form is open. It stays that one's, whatever the list beside it does meanwhile. */
export interface Deciding {
  id: string;
  decision: Decision;
}

interface Props {
  deciding: Deciding;
  project: string;
  onClose: () => void;
}

/** The reason of a decision and a note. */
export function DecisionDialog({ deciding: { id, decision }, project, onClose }: Props) {
  const { action } = DECISIONS[decision];
  const { refresh, take } = useReviewCache(project);
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
      const review = await decide(id, decision, reason, note);
      take(review);
      done(review.status === "second_review" ? "Stored; another person has to decide too" : "Decided");
      onClose();
    } catch (error) {
      // Somebody else may have decided or claimed it meanwhile.
      refresh();
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
