import { call, get, post, query } from "./client";
import type { Consent, One, Receipt } from "./types";

/** A template, without what is in it. */
export interface Template {
  kind: string;
  model: string;
  /** Its latest change. */
  created_at: string;
  /** Enrollments it is the mean of. */
  samples: number;
  /** False: enrollments that do not suffice for a template yet. */
  usable: boolean;
  /** Whether the models in use can compare with it. */
  current: boolean;
}

export interface Subject {
  user_fullname: string;
  templates: Template[];
  /** All that is kept, by service and kind: what an erasure destroys. */
  kept: { service: string; kind: string; count: number }[];
}

export interface SubjectMatch {
  user_fullname: string;
  last_seen_at: string;
}

/** Whose identifier, or a part of it, begins so. Every search is audited. */
export const searchSubjects = (prefix: string) =>
  get<One<SubjectMatch[]>>(`/api-projects/subjects${query({ prefix })}`).then(({ data }) => data);

const user = (name: string) => encodeURIComponent(name);

export const subject = (name: string) =>
  get<One<Subject>>(`/api-projects/subjects/${user(name)}`).then(({ data }) => data);
export const consents = (name: string) =>
  get<One<Consent>>(`/api-consent/consent/${user(name)}`).then(({ data }) => data);
export const withdraw = (name: string, kind: "authorization" | "storage") =>
  post(kind === "authorization" ? "/api-consent/consent" : "/api-consent/strg-consent", {
    is_consent_given: false,
    user_fullname: name,
  });
export const erase = (name: string) =>
  call<One<Receipt>>(`/api-projects/subjects/${user(name)}`, { method: "DELETE" }).then(({ data }) => data);

/** A key of the server that verifies what it signed. */
export interface PublicKey {
  kid: string;
  kty: string;
  crv: string;
  x: string;
}

export const publicKeys = () => get<{ keys: PublicKey[] }>("/api-projects/keys").then(({ keys }) => keys);
