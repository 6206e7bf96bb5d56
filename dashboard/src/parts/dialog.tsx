import { Modal, type ModalProps, Text } from "@mantine/core";
import type { ReactNode } from "react";

interface Props extends Omit<ModalProps, "opened" | "title" | "onClose"> {
  title: string;
  /** Only its own button closes it: what it shows is not shown again. */
  held?: boolean;
  onClose: () => void;
  opened?: boolean;
  children: ReactNode;
}

export function Dialog({ title, held = false, opened = true, children, ...rest }: Props) {
  return (
    <Modal
      opened={opened}
      title={
        <Text fw={600} component="span">
          {title}
        </Text>
      }
      closeOnClickOutside={!held}
      closeOnEscape={!held}
      withCloseButton={!held}
      {...rest}
    >
      {children}
    </Modal>
  );
}
