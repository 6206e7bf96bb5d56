/** A phrase nobody could have recorded before: five digits, drawn anew each time. */

const DIGITS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];
const LENGTH = 5;

export function randomPhrase(
  random: (bytes: Uint8Array<ArrayBuffer>) => Uint8Array = (bytes) => crypto.getRandomValues(bytes),
): string {
  const words: string[] = [];
  while (words.length < LENGTH) {
    for (const byte of random(new Uint8Array(16))) {
      // 250 is the highest multiple of ten below 256: without the rest every digit is as likely.
      if (byte < 250 && words.length < LENGTH) words.push(DIGITS[byte % 10] ?? "");
    }
  }
  return words.join(" ");
}
