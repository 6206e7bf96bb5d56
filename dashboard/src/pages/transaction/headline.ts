/** The cause of a decision in one sentence. */

import type { Explain } from "../../api/reasons";
import type { Evidence, ServiceResult, Transaction } from "../../api/types";

/** From this probability on the server counts a sample as another user's. */
const CLAIMED = 0.9;

const SAID = { pass: "Passed", fail: "Rejected", refer: "Needs review" } as const;

export interface Headline {
  /** `Rejected: the face matches another user, 98.8 %`. */
  title: string;
  explanation: string;
  remedy: string | null;
}

/** None where nothing was decided. */
export function headlineOf(transaction: Transaction, explain: Explain): Headline | null {
  const { verdict } = transaction;
  if (!verdict) return null;
  if (verdict === "pass") return { title: SAID.pass, explanation: "", remedy: null };
  const found = causeOf(transaction, explain);
  if (!found) return { title: SAID[verdict], explanation: "", remedy: null };
  return { ...found, title: `${SAID[verdict]}: ${lowered(found.title)}` };
}

/** What the decision rests on most; none where there is no reason. */
export function causeOf(transaction: Transaction, explain: Explain): Headline | null {
  const code = decisiveReason(transaction, explain);
  return code ? explained(code, transaction, explain) : null;
}

/** The gravest of the reasons the decision rests on; of older records, of all. */
function decisiveReason({ evidence, decision_reasons: reasons }: Transaction, explain: Explain): string | undefined {
  const made = evidence?.decided_by ?? [];
  const all = made.length > 0 ? made : reasons;
  const of = (severity: string) => all.find((code) => explain(code).severity === severity);
  return of("critical") ?? of("warning") ?? all[0];
}

function explained(code: string, transaction: Transaction, explain: Explain): Headline {
  const reason = explain(code);
  const title =
    claimOf(code, transaction) ??
    (code.endsWith("_missing") ? missingOf(code, transaction.evidence) : null) ??
    (code.endsWith("_not_judged") ? unjudgedOf(code, transaction.evidence, explain) : null);
  return { title: title ?? reason.title, explanation: reason.explanation, remedy: reason.remedy };
}

/** `The face matches another user, 98.8 %`, where the search found one. */
function claimOf(code: string, { services, user_fullname: user }: Transaction): string | null {
  const claim =
    code === "face_match_failed"
      ? { what: "face", ...faceClaim(services?.["Face Recognition"], user) }
      : code === "voice_match_failed"
        ? { what: "voice", ...voiceClaim(services?.["Voice Recognition"], user) }
        : null;
  if (claim?.probability === undefined) return null;
  const whose = claim.name ? `that of ${claim.name}` : "another user's";
  return `The ${claim.what} is ${whose}, ${(claim.probability * 100).toFixed(1)} %`;
}

interface Claim {
  name?: string;
  probability?: number;
}

function faceClaim(result: ServiceResult | undefined, user: string | null): Claim {
  const instances = (result?.instances ?? []) as { search?: { searchName?: string; probability?: number } }[];
  const others = instances.flatMap(({ search }) => (search && search.searchName !== user ? [search] : []));
  const [first] = others.sort((a, b) => (b.probability ?? 0) - (a.probability ?? 0));
  if (!first || (first.probability ?? 0) < CLAIMED) return {};
  return { name: first.searchName ?? "", probability: first.probability ?? 0 };
}

function voiceClaim(result: ServiceResult | undefined, user: string | null): Claim {
  const { id, imposter_prob: impostor } = result ?? {};
  if (typeof id !== "string" || id === user || typeof impostor !== "number" || 1 - impostor < CLAIMED) return {};
  // An empty id may be that of nobody, so it claims nothing.
  return id === "" ? {} : { name: id, probability: 1 - impostor };
}

/** Why a comparison did not run: the key selects it, so consent was missing, or the key does not. */
function missingOf(code: string, evidence: Evidence | null): string | null {
  const service = { face_match_missing: "face_recognition", voice_match_missing: "voice_recognition" }[code];
  if (!service || !evidence?.selected) return null;
  const what = service === "face_recognition" ? "Face" : "Voice";
  return evidence.selected.includes(service)
    ? `${what} not compared, the user gave no biometric consent`
    : `${what} not compared, the API key does not select it`;
}

/** The service's own word: `no face found`. */
function unjudgedOf(code: string, evidence: Evidence | null, explain: Explain): string | null {
  const subject = code.slice(0, -"_not_judged".length);
  const finding = evidence?.found?.[SERVICE_OF[subject] ?? subject];
  const error = typeof finding === "object" ? finding.could_not_judge?.error : undefined;
  return error ? explain(error).title : null;
}

/** Rules' names of the subjects of reasons, where they differ. */
const SERVICE_OF: Record<string, string> = {
  face_match: "face_recognition",
  voice_match: "voice_recognition",
  liveness: "face_liveness",
  lip_reading: "visual_speech",
};

function lowered(text: string): string {
  // `MRZ has an unusual font` keeps its capitals.
  return /^[A-Z][a-z]/.test(text) ? text.charAt(0).toLowerCase() + text.slice(1) : text;
}
