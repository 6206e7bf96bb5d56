import { Box, Center, Group, Image, Paper, Stack, Text, Title } from "@mantine/core";
import { useDocumentTitle } from "@mantine/hooks";
import type { ReactNode } from "react";

/** The card in the middle that one signs in on. */
export function Frame({ title, about, children }: { title: string; about?: ReactNode; children: ReactNode }) {
  useDocumentTitle(`${title} · Biometry`);
  return (
    <Center component="main" mih="100dvh" p="md">
      <Box w="100%" maw={400}>
        <Group gap="sm" mb="lg" justify="center">
          <Image src="/dashboard/icon.svg" alt="" w={36} h={36} />
          <Text fw={700} size="xl">
            Biometry
          </Text>
        </Group>
        <Paper p="xl" shadow="sm">
          <Stack gap="md">
            <div>
              <Title order={1} size="h3">
                {title}
              </Title>
              {about && (
                <Text c="dimmed" size="sm" mt={4}>
                  {about}
                </Text>
              )}
            </div>
            {children}
          </Stack>
        </Paper>
      </Box>
    </Center>
  );
}
