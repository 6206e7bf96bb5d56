import { expect, test } from "vitest";

import { callsOf, duration, evidenceSentence } from "./fraud-words";

test("evidence is written as a sentence", () => {
  const travel = {
    km: 6250.56,
    hours: 0,
    km_per_hour: 22_501_996.75,
    from: { transaction_id: "a", country: "NG" },
    to: { transaction_id: "b", country: "RU" },
  };
  expect(evidenceSentence("impossible_travel", travel)).toBe(`NG to RU: ${(6251).toLocaleString()} km in 1 s`);
  expect(evidenceSentence("emulator", { mark: "isphysicaldevice=false" })).toBe(
    "The device reports isphysicaldevice: false",
  );
  expect(evidenceSentence("velocity", { videos: 6, seconds: 120 })).toBe("6 videos within 2 min");
  expect(evidenceSentence("blocklisted", { lists: ["address", "face"] })).toBe("Blocked: address, face");
  expect(evidenceSentence("known_face_new_name", { probability: 0.988 })).toContain("98.8 %");
});

test("what is missing or unknown has no sentence", () => {
  for (const rule of ["impossible_travel", "device_switch", "emulator", "velocity", "blocklisted", "a_new_rule"])
    expect(evidenceSentence(rule, {})).toBeNull();
  expect([duration(0.2), duration(119), duration(5400)]).toEqual(["1 s", "2 min", `${(1.5).toLocaleString()} h`]);
});

test("the other calls are found wherever the evidence names them", () => {
  expect(callsOf({ from: { transaction_id: "a" }, transaction_ids: ["b", "own"], note: "c" }, "own")).toEqual([
    "a",
    "b",
  ]);
});
