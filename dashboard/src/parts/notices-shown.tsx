import "@mantine/notifications/styles.css";

import { Notifications } from "@mantine/notifications";

export default function Shown() {
  return <Notifications position="bottom-right" role="status" aria-live="polite" />;
}
