/** Decisions and their reasons, as the API names them and as people read them. */

import type { Decision } from "../../api/reviews";

export const DECISIONS: Record<Decision, { action: string; done: string; key: string }> = {
  approve: { action: "Approve", done: "Approved", key: "a" },
  reject: { action: "Reject", done: "Rejected", key: "r" },
  new_capture: { action: "New capture", done: "New capture requested", key: "n" },
};

export const REASONS: Record<Decision, { value: string; label: string }[]> = {
  approve: [
    { value: "identity_confirmed", label: "Identity confirmed" },
    { value: "false_alarm", label: "False alarm" },
    { value: "other", label: "Other (see note)" },
  ],
  reject: [
    { value: "different_person", label: "Different person" },
    { value: "presentation_attack", label: "Presentation attack (photo, screen, mask)" },
    { value: "forged_document", label: "Forged or altered document" },
    { value: "duplicate_identity", label: "Person is enrolled under another name" },
    { value: "suspected_fraud", label: "Suspected fraud" },
    { value: "other", label: "Other (see note)" },
  ],
  new_capture: [
    { value: "poor_quality", label: "Poor quality" },
    { value: "incomplete_capture", label: "Incomplete capture" },
    { value: "unreadable_document", label: "Unreadable document" },
    { value: "expired_document", label: "Expired document" },
    { value: "other", label: "Other (see note)" },
  ],
};

export function reasonLabel(reason: string): string {
  const all = Object.values(REASONS).flat();
  return all.find(({ value }) => value === reason)?.label ?? reason;
}

export const CAUSES: Record<string, string> = {
  refer: "Referred by the rules",
  fraud: "Fraud rule",
  duplicate_identity: "Duplicate identity",
  requested: "Requested",
};
