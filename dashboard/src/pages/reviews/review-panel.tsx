import { Alert, Badge, Button, Group, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { ApiError } from "../../api/client";
import { MAY } from "../../api/permissions";
import { claim, type Decision, oneReview, release, type ReviewDetails } from "../../api/reviews";
import { useMe } from "../../api/session";
import type { Review } from "../../api/types";
import { AllowedButton } from "../../parts/allowed";
import { done, failed } from "../../parts/notify";
import { Note, Panel } from "../../parts/panel";
import { ago, When } from "../../parts/time";
import { ReviewBadge } from "./badge";
import { useReviewCache } from "./cache";
import { CAUSES, DECISIONS, reasonLabel } from "./words";

interface Props {
  id: string;
  project: string;
  onDecide: (decision: Decision) => void;
  onClaimed?: () => void;
}

/** Where the review of a transaction stands, and what can be done about it. */
export function ReviewPanel({ id, project, onDecide, onClaimed }: Props) {
  const { refresh, take } = useReviewCache(project);
  const me = useMe().user.id;
  const [busy, setBusy] = useState(false);
  const { data: review, error } = useQuery({
    queryKey: ["review", project, id],
    queryFn: ({ signal }) =>
      oneReview(id, signal).catch((failure: unknown) => {
        if (failure instanceof ApiError && failure.status === 404) return null;
        throw failure;
      }),
  });
  const change = (work: Promise<ReviewDetails>, message: string, then?: () => void) => {
    setBusy(true);
    work
      .then(
        (changed) => {
          take(changed);
          done(message);
          then?.();
        },
        (failure) => {
          failed(failure);
          refresh();
        },
      )
      .finally(() => setBusy(false));
  };
  if (error || review === undefined) return null;
  const open = review === null || review.status === "open" || review.status === "second_review";
  const mine = review?.claimed_by?.id === me;
  const held = review?.claimed_by && !mine;
  return (
    <Panel title="Review" aside={review && <ReviewBadge review={review} />} data-testid="review">
      <Stack gap="sm">
        {review ? <Standing review={review} mine={mine} /> : <Note>Nobody was asked to review this transaction.</Note>}
        {review && review.steps.length > 0 && <Steps review={review} />}
        {open && !held && (
          <Group gap="xs">
            {mine ? (
              <Button variant="default" loading={busy} onClick={() => change(release(id), "The review is released")}>
                Release
              </Button>
            ) : (
              <AllowedButton
                needs={MAY.review}
                variant="default"
                loading={busy}
                onClick={() => change(claim(id), "The review is yours", onClaimed)}
              >
                Claim
              </AllowedButton>
            )}
            {Object.entries(DECISIONS).map(([decision, { action }]) => (
              <AllowedButton
                key={decision}
                needs={MAY.review}
                variant={decision === "approve" ? "filled" : "default"}
                onClick={() => onDecide(decision as Decision)}
              >
                {action}
              </AllowedButton>
            ))}
          </Group>
        )}
      </Stack>
    </Panel>
  );
}

function Standing({ review, mine }: { review: Review; mine: boolean }) {
  const late = review.decision === null && Date.parse(review.due_at) < Date.now();
  return (
    <Stack gap={6}>
      <Group gap={6}>
        {review.causes.map((cause) => (
          <Badge key={cause} color="gray">
            {CAUSES[cause] ?? cause}
          </Badge>
        ))}
        {late && <Badge color="red">Overdue</Badge>}
      </Group>
      {review.decision === null && (
        <Text size="sm">
          Opened <When at={review.opened_at} distance />, due {ago(review.due_at)}
        </Text>
      )}
      {review.claimed_by && (
        <Alert color={mine ? "blue" : "gray"} p="xs">
          {mine ? "You hold this review" : `${review.claimed_by.name || "A key"} holds this review`} until{" "}
          <When at={review.claimed_until} />
        </Alert>
      )}
      {review.status === "second_review" && (
        <Text size="sm">A second person has to decide the same before this is final.</Text>
      )}
      {review.decision !== null && (
        <Text size="sm">
          {DECISIONS[review.decision].done} by <b>{review.decided_by?.name || "a key"}</b>,{" "}
          <When at={review.decided_at} />: {reasonLabel(review.reason ?? "")}
        </Text>
      )}
    </Stack>
  );
}

function Steps({ review }: { review: ReviewDetails }) {
  return (
    <Stack gap={6} component="ol" m={0} pl="md" aria-label="Decisions">
      {review.steps.map((step) => (
        <Text key={step.at + step.decision} size="sm" component="li" className="any">
          {DECISIONS[step.decision].done} by {step.by?.name || "a key"}, <When at={step.at} />:{" "}
          {reasonLabel(step.reason)}
          {step.note && (
            <Text span size="sm" c="dimmed" display="block">
              “{step.note}”
            </Text>
          )}
        </Text>
      ))}
    </Stack>
  );
}
