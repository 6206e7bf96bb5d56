import { useQuery } from "@tanstack/react-query";
import { lazy, type ReactNode, Suspense, useEffect } from "react";
import { Redirect, Route, Switch, useLocation, useParams } from "wouter";

import { setProject } from "./api/client";
import { me, useMe } from "./api/session";
import { Broken } from "./parts/broken";
import { Failure, Waiting } from "./parts/page";
import * as pages from "./pages";
import { LAST_PROJECT } from "./shell/place";

const Shell = lazy(() => import("./shell/shell"));

/** Everything: without a session the sign-in page, with one the pages inside of the shell. */
export function App() {
  const { data, error, refetch } = useQuery(me);
  const [location] = useLocation();
  if (location === "/accept")
    return (
      <Outside>
        <pages.AcceptInvitation />
      </Outside>
    );
  if (location === "/deletion")
    return (
      <Outside>
        <pages.Deletion />
      </Outside>
    );
  if (error && data === undefined) return <Failure error={error} again={() => void refetch()} />;
  if (data === undefined) return <Waiting />;
  if (data === null)
    return (
      <Outside>
        <pages.SignIn />
      </Outside>
    );
  return (
    <Suspense fallback={<Waiting />}>
      <Shell>
        <Broken key={location}>
          <Suspense fallback={<Waiting />}>
            <Switch>
              <Route path="/p/:project" nest>
                <InProject />
              </Route>
              <Route path="/projects" component={pages.Projects} />
              <Route path="/team" component={pages.Team} />
              <Route path="/security" component={pages.Security} />
              <Route path="/audit" component={pages.Audit} />
              <Route path="/operations" component={pages.Operations} />
              <Route path="/">
                <Home />
              </Route>
              <Route component={pages.NoSuchPage} />
            </Switch>
          </Suspense>
        </Broken>
      </Shell>
    </Suspense>
  );
}

const Outside = ({ children }: { children: ReactNode }) => <Suspense fallback={<Waiting />}>{children}</Suspense>;

/** The project one was in last, else the first. */
function Home() {
  const { projects } = useMe();
  const last = projects.find(({ id }) => id === localStorage.getItem(LAST_PROJECT)) ?? projects[0];
  return <Redirect to={last ? `/p/${last.id}` : "/projects"} replace />;
}

function InProject() {
  const { project } = useParams<{ project: string }>();
  const known = useMe().projects.some(({ id }) => id === project);
  // Before the pages inside ask anything.
  setProject(known ? project : "");
  useEffect(() => {
    if (known) localStorage.setItem(LAST_PROJECT, project);
  }, [known, project]);
  if (!known) return <pages.NoSuchPage />;
  return (
    <Switch key={project}>
      <Route path="/" component={pages.Overview} />
      <Route path="/transactions" component={pages.Transactions} />
      <Route path="/transactions/:id" component={pages.TransactionDetail} />
      <Route path="/reviews" component={pages.Reviews} />
      <Route path="/fraud" component={pages.Fraud} />
      <Route path="/report" component={pages.Report} />
      <Route path="/rules" component={pages.Rules} />
      <Route path="/rules/:id" component={pages.RuleEditor} />
      <Route path="/keys" component={pages.Keys} />
      <Route path="/webhooks" component={pages.Webhooks} />
      <Route path="/webhooks/:id" component={pages.WebhookDetail} />
      <Route path="/subjects" component={pages.Subjects} />
      <Route path="/try-it" component={pages.TryIt} />
      <Route path="/credits" component={pages.Credits} />
      <Route path="/settings" component={pages.Settings} />
      <Route component={pages.NoSuchPage} />
    </Switch>
  );
}
