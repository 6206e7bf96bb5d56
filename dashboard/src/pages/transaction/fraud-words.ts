/** What the evidence of a fraud rule says, as a sentence. */

type Evidence = Record<string, unknown>;

const number = (value: unknown) => (typeof value === "number" && Number.isFinite(value) ? value : null);
const text = (value: unknown) => (typeof value === "string" ? value : "");

/** `1 s`, `12 min`, `3.5 h`. */
export function duration(seconds: number): string {
  if (seconds < 60) return `${Math.max(1, Math.round(seconds))} s`;
  if (seconds < 3600) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3600).toLocaleString(undefined, { maximumFractionDigits: 1 })} h`;
}

/** Null where there is none for the rule: its numbers are shown as they are. */
export function evidenceSentence(rule: string, evidence: Evidence): string | null {
  const place = (end: unknown) => text((end as Evidence | undefined)?.["country"]);
  switch (rule) {
    case "impossible_travel": {
      const [km, hours] = [number(evidence["km"]), number(evidence["hours"])];
      if (km === null || hours === null) return null;
      const ends = [place(evidence["from"]), place(evidence["to"])].filter(Boolean).join(" to ");
      return `${ends ? `${ends}: ` : ""}${Math.round(km).toLocaleString()} km in ${duration(hours * 3600)}`;
    }
    case "device_switch": {
      const seconds = number(evidence["seconds"]);
      return seconds === null ? null : `Another device was used ${duration(seconds)} apart`;
    }
    case "emulator": {
      const mark = text(evidence["mark"]);
      return mark ? `The device reports ${mark.replace("=", ": ")}` : null;
    }
    case "session_country_change": {
      const [there, here] = [text(evidence["other_country"]), text(evidence["country"])];
      return there && here ? `The session went from ${there} to ${here}` : null;
    }
    case "velocity": {
      const [videos, seconds] = [number(evidence["videos"]), number(evidence["seconds"])];
      return videos === null || seconds === null ? null : `${videos} videos within ${duration(seconds)}`;
    }
    case "new_device_and_country": {
      const country = text(evidence["country"]);
      return country ? `First call with this device, and first from ${country}` : null;
    }
    case "repeated_another_person": {
      const [refusals, seconds] = [number(evidence["refusals"]), number(evidence["seconds"])];
      return refusals === null || seconds === null ? null : `${refusals} such enrollments within ${duration(seconds)}`;
    }
    case "known_face_new_name":
    case "another_users_face": {
      const probability = number(evidence["probability"]);
      return probability === null ? null : `The same person with a probability of ${(probability * 100).toFixed(1)} %`;
    }
    case "blocklisted": {
      const lists = Array.isArray(evidence["lists"]) ? evidence["lists"].map(text).filter(Boolean) : [];
      return lists.length > 0 ? `Blocked: ${lists.join(", ")}` : null;
    }
    default:
      return null;
  }
}

/** The other calls the evidence rests on. */
export function callsOf(evidence: Evidence, own: string): string[] {
  const found = new Set<string>();
  const look = (value: unknown, name: string) => {
    if (typeof value === "string" && name.includes("transaction_id")) found.add(value);
    else if (Array.isArray(value)) for (const item of value) look(item, name);
    else if (typeof value === "object" && value !== null)
      for (const [key, item] of Object.entries(value)) look(item, key);
  };
  look(evidence, "");
  found.delete(own);
  return [...found];
}
