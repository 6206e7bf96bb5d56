import { Button, Grid, Group, Paper, Stack, Text, Title } from "@mantine/core";
import { Link } from "wouter";

import type { TriedOut } from "../../api/try-it";
import { ReasonBadge, VerdictBadge } from "../../parts/badges";
import { ServiceCard } from "../transaction/service-card";

const SAID = { pass: "Verification passed", refer: "Sent to review", fail: "Verification failed" } as const;

/** The decision on a recording, as a backend gets it. */
export function Result({ answer, onAgain }: { answer: TriedOut; onAgain: () => void }) {
  const { decided, transaction } = answer;
  const verdict = typeof decided.scoring_result === "string" ? decided.scoring_result : decided.scoring_result.status;
  return (
    <Stack data-testid="try-it-result">
      <Paper p="lg" style={{ borderLeft: `4px solid var(--${verdict})` }} role="status">
        <Stack gap="sm">
          <Group>
            <Title order={2} size="h3">
              {SAID[verdict]}
            </Title>
            <VerdictBadge verdict={verdict} size="lg" />
            <Text fw={700} size="lg" className="num">
              {decided.score.toFixed(1)} of 100
            </Text>
          </Group>
          <Group gap={6}>
            {decided.decision_reasons.map((reason) => (
              <ReasonBadge key={reason} reason={reason} />
            ))}
          </Group>
          <Group>
            <Button onClick={onAgain}>Try again</Button>
            {transaction && (
              <Button component={Link} href={`/transactions/${transaction}`} variant="default">
                Open the transaction
              </Button>
            )}
          </Group>
        </Stack>
      </Paper>
      <Grid>
        {Object.entries(decided.data).map(([name, result]) => (
          <Grid.Col key={name} span={{ base: 12, md: 6, xl: 4 }}>
            <ServiceCard name={name} result={result} reasons={decided.decision_reasons} />
          </Grid.Col>
        ))}
      </Grid>
    </Stack>
  );
}
