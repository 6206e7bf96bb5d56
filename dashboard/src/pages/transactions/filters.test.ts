import { describe, expect, test } from "vitest";

import type { Transaction } from "../../api/types";
import { type Filters, fromLocal, fromSearch, matches, toApi, toLocal, toSearch } from "./filters";

const transaction = {
  verdict: "fail",
  kind: "process_video",
  flag: null,
  user_fullname: "Ana",
  session_id: "sess_1",
  api_key_id: "k",
  tags: ["kiosk"],
  created_at: "2026-01-31T12:00:00Z",
  fraud: [{ rule: "velocity", evidence: null, at: "" }],
} as unknown as Transaction;

describe("filters of the list", () => {
  test("survive the way through the address", () => {
    const filters: Filters = { user: "Ana & co=?#<b>", verdict: "fail", fraud: "any", tag: "ü" };
    expect(fromSearch(new URLSearchParams(toSearch(filters).toString()))).toEqual(filters);
  });

  test("make the same address in whatever order they were set", () => {
    expect(toSearch({ tag: "a", verdict: "pass" }).toString()).toBe(toSearch({ verdict: "pass", tag: "a" }).toString());
  });

  test("leave out what is no filter", () => {
    expect(fromSearch(new URLSearchParams("cursor=x&verdict=&limit=3&kind=consent"))).toEqual({ kind: "consent" });
  });

  test("ask the API for any fraud by its own name", () => {
    expect(toApi({ fraud: "any", verdict: "fail" })).toEqual({ has_fraud: "true", verdict: "fail" });
    expect(toApi({ fraud: "velocity" })).toEqual({ fraud: "velocity" });
  });

  test.each<[Filters, boolean]>([
    [{}, true],
    [{ verdict: "fail", user: "Ana", tag: "kiosk", fraud: "any" }, true],
    [{ fraud: "velocity" }, true],
    [{ fraud: "emulator" }, false],
    [{ verdict: "pass" }, false],
    [{ tag: "kios" }, false],
    [{ user: "ana" }, false],
    [{ from: "2026-01-31T12:00:00Z" }, true],
    [{ until: "2026-01-31T12:00:00Z" }, false],
  ])("%j lets a new transaction in: %s", (filters, let_in) => {
    expect(matches(filters, transaction)).toBe(let_in);
  });

  test("times go through the browser's zone and back", () => {
    const at = fromLocal("2026-01-31T12:30");
    expect(at && toLocal(at)).toBe("2026-01-31T12:30");
    expect(fromLocal("")).toBeUndefined();
    expect(toLocal("nonsense")).toBe("");
  });
});
