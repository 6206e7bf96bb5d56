/** The checks of a document in words, in groups, with what each may do when no rules say otherwise. */

export interface DocumentCheck {
  name: string;
  title: string;
  fails: string;
  own: "gating" | "advisory";
  /** No rules can silence it. */
  floor?: true;
}

export const CHECK_GROUPS: { id: string; title: string; checks: DocumentCheck[] }[] = [
  {
    id: "zone",
    title: "Machine-readable zone",
    checks: [
      { name: "mrz_structure", title: "Structure", fails: "lines are malformed", own: "gating" },
      { name: "mrz_check_digits", title: "Check digits", fails: "a digit is wrong", own: "gating", floor: true },
      { name: "mrz_states", title: "States", fails: "a state has no code in ICAO Doc 9303", own: "gating" },
      { name: "mrz_geometry", title: "Geometry", fails: "lines are not where the standard has them", own: "advisory" },
      { name: "mrz_font", title: "Font", fails: "letters are not those of OCR-B", own: "advisory" },
    ],
  },
  {
    id: "dates",
    title: "Dates",
    checks: [
      { name: "not_expired", title: "Not expired", fails: "its last day has passed", own: "gating", floor: true },
      { name: "date_logic", title: "Birth and expiry", fails: "one is no day, or in the wrong order", own: "gating" },
      { name: "issue_date_logic", title: "Date of issue", fails: "before birth, or after expiry", own: "gating" },
    ],
  },
  {
    id: "agreement",
    title: "Zone, print and barcode agree",
    checks: [
      { name: "mrz_print_number", title: "Number", fails: "another one is printed", own: "gating" },
      { name: "mrz_print_birth", title: "Birth", fails: "another day is printed", own: "gating" },
      { name: "mrz_print_expiry", title: "Expiry", fails: "another day is printed", own: "gating" },
      { name: "mrz_print_names", title: "Names", fails: "never; is not made where they differ", own: "gating" },
      { name: "mrz_barcode", title: "Barcode", fails: "number, birth, expiry or surname differ", own: "gating" },
      {
        name: "barcode_structure",
        title: "Barcode of a licence",
        fails: "it lacks what the AAMVA standard asks for",
        own: "gating",
        floor: true,
      },
    ],
  },
  {
    id: "chip",
    title: "Chip",
    checks: [
      { name: "chip_signature", title: "Signature", fails: "the signer's signature does not hold", own: "gating" },
      { name: "chip_data", title: "Data", fails: "a file is not the one that was signed", own: "gating" },
      { name: "chip_issuer", title: "Issuer", fails: "the signer is unknown, expired or revoked", own: "gating" },
      { name: "chip_mrz", title: "Zone", fails: "it differs from the VIZ", own: "gating" },
    ],
  },
  {
    id: "forgery",
    title: "Forgery",
    checks: [
      { name: "not_specimen", title: "No specimen", fails: "values are known from published specimens", own: "gating" },
      { name: "portrait_live_face", title: "Live face", fails: "the portrait shows another person", own: "gating" },
      {
        name: "portrait_ghost",
        title: "Ghost portrait",
        fails: "the small portrait shows another face",
        own: "advisory",
      },
      { name: "portrait_splice", title: "Spliced portrait", fails: "the portrait was put in later", own: "advisory" },
      { name: "screen_recapture", title: "Screen", fails: "it was photographed from a screen", own: "advisory" },
      { name: "print_copy", title: "Copy", fails: "it was photographed from a printed copy", own: "advisory" },
      { name: "printed_font", title: "Printed font", fails: "letters of one line differ in kind", own: "advisory" },
      { name: "file_signals", title: "File", fails: "it was saved by an image editor", own: "advisory" },
    ],
  },
  {
    id: "quality",
    title: "Quality of the picture",
    checks: [
      { name: "picture_size", title: "Size", fails: "too few pixels", own: "advisory" },
      { name: "picture_sharp", title: "Sharpness", fails: "blurred", own: "advisory" },
      { name: "picture_glare", title: "Glare", fails: "light hides a part", own: "advisory" },
      { name: "picture_whole", title: "Whole", fails: "an edge or a line is cut off", own: "advisory" },
    ],
  },
  {
    id: "provider",
    title: "External provider",
    checks: [
      {
        name: "external_provider",
        title: "Verdict",
        fails: "the provider takes it for forged",
        own: "gating",
        floor: true,
      },
      {
        name: "external_data_tampering",
        title: "Tampering",
        fails: "the provider says data was changed",
        own: "gating",
      },
    ],
  },
];
