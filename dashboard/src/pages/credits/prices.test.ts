import { expect, test } from "vitest";

import { entered, lines, MAX_PRICE, MAX_PURCHASE, priceError, purchaseError } from "./prices";

test("prices that were stored come back unchanged, those of unlisted kinds too", () => {
  const stored = { "verifik.compare": 3, "verifik.liveness": 0, "idv.something": 7 };
  expect(entered(lines(stored))).toEqual(stored);
  expect(lines(stored).at(-1)).toEqual({ kind: "idv.something", label: "Idv something", price: 7 });
});

test("a price that is left empty is not stored", () => {
  expect(entered(lines({}))).toEqual({});
  const cleared = lines({ "verifik.compare": 3 }).map((line) => ({ ...line, price: "" as const }));
  expect(entered(cleared)).toEqual({});
});

test("numbers that the server refuses are refused before", () => {
  for (const price of ["", 0, 1, MAX_PRICE]) expect(priceError(price)).toBeNull();
  for (const price of [-1, 1.5, MAX_PRICE + 1, "x"]) expect(priceError(price)).not.toBeNull();
  for (const amount of [1, MAX_PURCHASE]) expect(purchaseError(amount)).toBeNull();
  for (const amount of ["", 0, -1, 1.5, MAX_PURCHASE + 1]) expect(purchaseError(amount)).not.toBeNull();
});
