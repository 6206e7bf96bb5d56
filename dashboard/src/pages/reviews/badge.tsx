import { Badge } from "@mantine/core";

import type { Review } from "../../api/types";

const LOOKS: Record<Review["status"], { color: string; label: string }> = {
  open: { color: "orange", label: "Review open" },
  second_review: { color: "orange", label: "Second review" },
  new_capture: { color: "blue", label: "New capture requested" },
  approved: { color: "green", label: "Approved" },
  rejected: { color: "red", label: "Rejected" },
};

/** Where a review stands. */
export function ReviewBadge({ review }: { review: Review }) {
  const { color, label } = LOOKS[review.status];
  return (
    <Badge color={color} variant="light">
      {label}
    </Badge>
  );
}
