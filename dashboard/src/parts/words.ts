/** The API's words as people read them. */

import type { Role } from "../api/types";

/** `face_match_passed` -> `Face match passed`. */
export function words(name: string): string {
  const text = name.replaceAll(/[_.]/g, " ").trim();
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** `2, consent_entry` -> `2 consent entries`. */
export function counted(count: number, name: string): string {
  const one = words(name).toLowerCase();
  const many = one.endsWith("y") ? `${one.slice(0, -1)}ies` : `${one}s`;
  return `${count.toLocaleString()} ${count === 1 ? one : many}`;
}

export const ROLES: Record<Role, { name: string; may: string }> = {
  owner: { name: "Owner", may: "Everything, including other owners." },
  admin: { name: "Admin", may: "Everything but owners." },
  developer: { name: "Developer", may: "API keys, rules, webhooks, try it; reads the rest." },
  fraud_analyst: { name: "Fraud analyst", may: "Reviews transactions, samples and subjects; tags, flags, what-if." },
  viewer: { name: "Viewer", may: "Reads, without samples." },
};

/** What an API key may do, in the order of the form. */
export const SCOPES: Record<string, string> = {
  capture: "Sessions, videos, enrollments, comparisons, documents",
  "consent.write": "Record consents",
  "records.read": "Read transactions and consents",
  "samples.read": "Open pictures, videos and recordings",
  "review.write": "Decide reviews, set tags and flags",
  "webhooks.write": "Manage its own webhooks",
  identify: "See whom a 1:N search found",
  "similarity.read": "See similarities with all digits",
  "enroll.still": "Strengthen faces with pictures nobody judged live",
  "keys.admin": "Make, change and revoke keys",
  "project.admin": "Rules, retention, every webhook, subjects and their erasure",
};

/** What a new key has unless others are chosen: the calls of an integration. */
export const USUAL_SCOPES = ["capture", "consent.write"];

export const KINDS = [
  "process_video",
  "enroll_face",
  "enroll_voice",
  "match_faces",
  "docauth_check",
  "session_start",
  "session_challenge",
  "session_end",
  "consent",
  "storage_consent",
  "consent_read",
];

export const FRAUD_RULES = [
  "impossible_travel",
  "device_switch",
  "emulator",
  "session_country_change",
  "velocity",
  "new_device_and_country",
  "repeated_another_person",
  "known_face_new_name",
  "another_users_face",
  "blocklisted",
];

export const EVENTS = [
  "session.completed",
  "identity_verification.completed",
  "video.processed",
  "enrollment.completed",
  "docauth.completed",
  "match.completed",
  "fraud.flagged",
  "review.completed",
  "consent.changed",
  "deepfake.completed",
  "verifik.event",
];

/** The services of a project, as keys name them and as rules do. */
export const SERVICES: Record<string, string> = {
  face_recognition: "Face Recognition",
  voice_recognition: "Voice Recognition",
  face_liveness: "Face Liveness Detection",
  active_speaker: "Active Speaker Detection",
  visual_speech: "Visual Speech Recognition",
  spoken_phrase: "Spoken phrase",
  media_authenticity: "Media authenticity",
  media_replay: "Media replay",
  reference_match: "Reference match",
};

/** Those a key can select. */
export const SELECTABLE = Object.values(SERVICES).filter(
  (name) => name.endsWith("Recognition") || name.endsWith("Detection"),
);
