import { MutationCache, QueryCache, QueryClient } from "@tanstack/react-query";

import { ApiError } from "./client";
import { connection } from "./connection";

/** Whether the sign-in page comes because a session ended: it says so. */
export const session = { hasEnded: false };

/** The session ended elsewhere: the sign-in page takes over, and keeps where one was. */
function signedOut(error: unknown) {
  if (!(error instanceof ApiError && error.status === 401)) return;
  if (client.getQueryData(["me"])) session.hasEnded = true;
  client.setQueryData(["me"], null);
}

export const client: QueryClient = new QueryClient({
  queryCache: new QueryCache({ onError: signedOut }),
  mutationCache: new MutationCache({ onError: signedOut }),
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      refetchOnWindowFocus: true,
      retry: (count, error) => count < 2 && !(error instanceof ApiError && error.status < 500),
      networkMode: "always",
    },
    mutations: { networkMode: "always" },
  },
});

// What could not be read while the connection was gone is read again when it is back.
connection.subscribe(() => {
  if (connection.isUp()) void client.invalidateQueries();
});
