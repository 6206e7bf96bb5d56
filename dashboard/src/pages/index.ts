/** Every page; each is a file of its own to the browser, loaded when it is first opened. */

import { lazy } from "react";

export const SignIn = lazy(() => import("./sign-in/sign-in"));
export const AcceptInvitation = lazy(() => import("./sign-in/accept-invitation"));
export const Deletion = lazy(() => import("./sign-in/deletion"));
export const Projects = lazy(() => import("./projects/projects"));
export const Overview = lazy(() => import("./overview/overview"));
export const Transactions = lazy(() => import("./transactions/transactions"));
export const TransactionDetail = lazy(() => import("./transaction/transaction"));
export const Reviews = lazy(() => import("./reviews/reviews"));
export const Fraud = lazy(() => import("./fraud/fraud"));
export const Report = lazy(() => import("./report/report"));
export const Rules = lazy(() => import("./rules/rules"));
export const RuleEditor = lazy(() => import("./rules/editor"));
export const Keys = lazy(() => import("./keys/keys"));
export const Webhooks = lazy(() => import("./webhooks/webhooks"));
export const WebhookDetail = lazy(() => import("./webhooks/webhook"));
export const Subjects = lazy(() => import("./subjects/subjects"));
export const TryIt = lazy(() => import("./try-it/try-it"));
export const Credits = lazy(() => import("./credits/credits"));
export const Settings = lazy(() => import("./settings/settings"));
export const Team = lazy(() => import("./team/team"));
export const Security = lazy(() => import("./security/security"));
export const Audit = lazy(() => import("./audit/audit"));
export const Operations = lazy(() => import("./operations/operations"));
export const NoSuchPage = lazy(() => import("./no-such-page"));
