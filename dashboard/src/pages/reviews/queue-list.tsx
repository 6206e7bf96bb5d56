import { Badge, Group, Paper, Stack, Text, UnstyledButton } from "@mantine/core";

import type { Transaction } from "../../api/types";
import { VerdictBadge } from "../../parts/badges";
import { ago } from "../../parts/time";
import { words } from "../../parts/words";
import { ReviewBadge } from "./badge";
import { CAUSES } from "./words";

interface Props {
  rows: Transaction[];
  chosen: string | null;
  onChoose: (id: string) => void;
}

/** The reviews of a part of the queue; the chosen one is marked. */
export function QueueList({ rows, chosen, onChoose }: Props) {
  return (
    <Stack gap={6} component="ul" m={0} p={0} style={{ listStyle: "none" }} aria-label="Reviews">
      {rows.map((row) => (
        <li key={row.id}>
          <UnstyledButton
            w="100%"
            onClick={() => onChoose(row.id)}
            aria-current={row.id === chosen ? "true" : undefined}
            data-testid="review-item"
            data-id={row.id}
          >
            <Item row={row} chosen={row.id === chosen} />
          </UnstyledButton>
        </li>
      ))}
    </Stack>
  );
}

function Item({ row, chosen }: { row: Transaction; chosen: boolean }) {
  const { review } = row;
  const late = review?.decision === null && Date.parse(review.due_at) < Date.now();
  return (
    <Paper p="sm" bg={chosen ? "var(--mantine-color-brand-light)" : undefined}>
      <Group justify="space-between" wrap="nowrap" gap="xs">
        <Text size="sm" fw={600} lineClamp={1} className="any">
          {row.user_fullname ?? "Unknown user"}
        </Text>
        {row.verdict && <VerdictBadge verdict={row.verdict} />}
      </Group>
      <Text size="xs" mt={2}>
        {words(row.kind)} · {review?.decided_at ? `decided ${ago(review.decided_at)}` : age(row)}
      </Text>
      <Group gap={4} mt={6}>
        {late && <Badge color="red">Overdue</Badge>}
        {review && review.status !== "open" && <ReviewBadge review={review} />}
        {review?.causes.map((cause) => (
          <Badge key={cause} color="gray">
            {CAUSES[cause] ?? cause}
          </Badge>
        ))}
      </Group>
    </Paper>
  );
}

const age = ({ review }: Transaction) => (review ? `opened ${ago(review.opened_at)}, due ${ago(review.due_at)}` : "");
