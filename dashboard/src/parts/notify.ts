/** Short messages at the edge of the page. What shows them is loaded with the first one. */

import type { NotificationData } from "@mantine/notifications";
import { useSyncExternalStore } from "react";

import { sentence } from "../api/client";

let wanted = false;
const listeners = new Set<() => void>();

function show(notice: NotificationData) {
  wanted = true;
  listeners.forEach((listener) => listener());
  void import("@mantine/notifications").then(({ notifications }) =>
    notifications.show({ ...notice, closeButtonProps: { "aria-label": "Close" } }),
  );
}

export const done = (message: string) => show({ message, color: "green", autoClose: 4000 });

export const failed = (error: unknown) =>
  show({ title: "That did not work", message: sentence(error), color: "red", autoClose: 8000 });

const subscribe = (listener: () => void) => {
  listeners.add(listener);
  return () => void listeners.delete(listener);
};

/** Whether there was a message yet. */
export const useWanted = () => useSyncExternalStore(subscribe, () => wanted);
