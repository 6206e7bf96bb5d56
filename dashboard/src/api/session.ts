/** Who is signed in, and what they may do. */

import { queryOptions, useQuery, useQueryClient, type QueryClient } from "@tanstack/react-query";

import { ApiError, get, post, setCsrf } from "./client";
import { session } from "./queries";
import type { Me, Permission } from "./types";

const SIGNED_IN = "biometry.signed-in";

/** Whether somebody was signed in here last; a guess at what will be shown, before the server is heard. */
export function wasSignedIn(): boolean {
  try {
    return localStorage.getItem(SIGNED_IN) !== null;
  } catch {
    return false;
  }
}

function remember(signedIn: boolean) {
  try {
    if (signedIn) localStorage.setItem(SIGNED_IN, "1");
    else localStorage.removeItem(SIGNED_IN);
  } catch {
    // Storage is blocked: the guess is that nobody was.
  }
}

export const me = queryOptions({
  queryKey: ["me"],
  staleTime: 60_000,
  queryFn: async ({ signal }): Promise<Me | null> => {
    try {
      const found = await get<Me>("/api-auth/me", signal);
      setCsrf(found.csrf_token);
      remember(true);
      return found;
    } catch (error) {
      if (!(error instanceof ApiError && error.status === 401)) throw error;
      remember(false);
      return null;
    }
  },
});

/** Of pages that are shown to people who are signed in. */
export function useMe(): Me {
  const { data } = useQuery(me);
  if (!data) throw new Error("this page needs somebody signed in");
  return data;
}

export function useCan(): (permission: Permission) => boolean {
  const { permissions } = useMe();
  return (permission) => permissions.includes(permission);
}

export async function signOut(client: QueryClient) {
  await post("/api-auth/sign-out");
  client.clear();
  client.setQueryData(me.queryKey, null);
}

/** After signing in: reads who it is, with a fresh token. */
export function useSignedIn(): () => Promise<void> {
  const client = useQueryClient();
  return async () => {
    client.removeQueries({ predicate: (q) => q.queryKey[0] !== "me" });
    await client.fetchQuery({ ...me, staleTime: 0 });
    session.hasEnded = false;
  };
}
