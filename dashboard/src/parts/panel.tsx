import { Code, Group, Paper, type PaperProps, Text, Title } from "@mantine/core";
import { type ReactNode, useId } from "react";

interface Headed {
  title: ReactNode;
  /** At the other end of the line. */
  aside?: ReactNode;
  order?: 2 | 3;
  children: ReactNode;
}

function Heading({ title, aside, order = 2, id }: Omit<Headed, "children"> & { id?: string }) {
  return (
    <Group justify="space-between" mb="sm" gap="xs">
      <Title order={order} size={order === 2 ? "h4" : "h5"} id={id}>
        {title}
      </Title>
      {aside}
    </Group>
  );
}

/** A box with a heading. */
export function Panel({ title, aside, order, children, ...rest }: Headed & PaperProps) {
  return (
    <Paper p="md" {...rest}>
      <Heading title={title} aside={aside} order={order} />
      {children}
    </Paper>
  );
}

/** A part of a page with a heading, without a box. */
export function Section({ title, aside, children }: Headed) {
  const id = useId();
  return (
    <section aria-labelledby={id}>
      <Heading title={title} aside={aside} id={id} />
      {children}
    </section>
  );
}

/** One number and what it is of. */
export function Figure({ name, value, children }: { name: string; value?: ReactNode; children?: ReactNode }) {
  return (
    <Paper p="md">
      <Text size="sm" c="dimmed" mb={4}>
        {name}
      </Text>
      {value !== undefined && (
        <Text fw={700} fz={26} className="num any" lh={1.3}>
          {value}
        </Text>
      )}
      {children}
    </Paper>
  );
}

/** An aside in small grey letters. */
export const Note = ({ children, mt }: { children: ReactNode; mt?: string }) => (
  <Text size="sm" c="dimmed" component="div" mt={mt}>
    {children}
  </Text>
);

/** Text as a machine reads it, to be scrolled by a keyboard too. */
export const Source = ({ name, children }: { name: string; children: ReactNode }) => (
  <Code block tabIndex={0} role="region" aria-label={name}>
    {children}
  </Code>
);
