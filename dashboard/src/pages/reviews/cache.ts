import { useQueryClient } from "@tanstack/react-query";

import type { ReviewDetails } from "../../api/reviews";

/** What the pages have read of reviews: changed by an answer, or read again. */
export function useReviewCache(project: string) {
  const client = useQueryClient();
  const refresh = () => {
    for (const key of ["review", "reviews", "review-counts", "transaction", "transactions"])
      void client.invalidateQueries({ queryKey: [key, project] });
  };
  const take = (review: ReviewDetails) => {
    client.setQueryData(["review", project, review.transaction_id], review);
    refresh();
  };
  return { refresh, take };
}
