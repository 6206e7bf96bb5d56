import { lazy, Suspense } from "react";

import { useWanted } from "./notify";

const Shown = lazy(() => import("./notices-shown"));

export const Notices = () =>
  useWanted() ? (
    <Suspense>
      <Shown />
    </Suspense>
  ) : null;
