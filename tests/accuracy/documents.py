#!/usr/bin/env python3
"""Measures document authentication on generated documents and on real specimens, and makes tables of it.

Runs the example `accuracy` of tests/documents: genuine documents of the seeds below, forged ones, and the pictures in
DATA/docs with the truth beside them. What was already read is not read again (one file a set, in --work), so a run that
was stopped goes on; --tables makes the tables alone. With --out the section of that Markdown file between its two
markers is replaced. Ends with status 1 when a figure is beyond its alarm limit. Standard library only.
"""
import argparse
import json
import os
import re
import subprocess
import sys
from collections import Counter, defaultdict
from pathlib import Path

from report import replaced

# Limits of the pictures' checks were fitted on the first set, the probability from which a character of a zone is clear on the
# next two; the others served nothing but the figures.
FIT, CLEAR, CHANGED = ("genuine", 500_001, 100), ("genuine", 4_000_001, 100), ("zone_digits", 4_100_001, 60)
GENUINE, ATTACKS = ("genuine", 6_000_001, 200), ("attacks", 7_000_001, 150)
DIGITS, NUMBERS = ("zone_digits", 8_000_001, 40), ("zone_number", 8_100_001, 40)
TIME = ("genuine", 9_000_001, 100)
FITTED = {"fit": FIT, "fit_clear": CLEAR, "fit_changed": CHANGED}
MEASURED_ON = {"genuine": GENUINE, "attacks": ATTACKS, "zone_digits": DIGITS, "zone_number": NUMBERS, "time": TIME}
SETS = {**FITTED, **MEASURED_ON}
FIELDS = {"document number": "document_number", "birth date": "birth_date", "expiry date": "expiry_date",
          "surname": "last_name", "given names": "first_name", "sex": "sex", "nationality": "nationality_code",
          "issuing state": "issuing_state"}
SIGNALS = ["screen", "halftone", "quiet_portrait", "zone_pitch", "zone_face", "print_face", "recompressed"]
# Which check is meant to notice which attack.
MEANT = {"screen": ["screen_recapture"], "print_copy": ["print_copy", "screen_recapture"],
         "portrait_spliced": ["portrait_splice", "portrait_ghost", "file_signals"],
         "portrait_pasted": ["portrait_ghost", "portrait_splice"], "ghost_of_another": ["portrait_ghost"],
         "zone_font": ["mrz_font", "mrz_geometry"], "printed_font": ["printed_font"], "barcode_other": ["mrz_barcode"],
         "edited": ["file_signals"]}
QUANTILE = 0.98
# Advisory checks whose failing together refers a document, and what must have passed, one of each (crates/scoring).
DOUBTS, NEEDED = 2, [("mrz_check_digits", "barcode_structure"), ("not_expired",)]
# What is shown is what was measured; these only notice that something broke.
MOST_FAILED = 0.01
ALARMS = {"number": 0.90, "dates": 0.90, "names": 0.80, "orientation": 0.95}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reader", type=Path, required=True, help="the built example `accuracy`")
    parser.add_argument("--data", type=Path, help="folder of the development data: more faces, real specimens")
    parser.add_argument("--work", type=Path, required=True, help="folder for what was read")
    parser.add_argument("--out", type=Path, help="Markdown file whose section is replaced")
    parser.add_argument("--share", type=float, default=1.0, help="read this share of each set, 0 to 1, for a quick look")
    parser.add_argument("--tables", action="store_true", help="read nothing, make the tables of what there is")
    parser.add_argument("--measure", action="store_true", help="leave out the sets that limits were fitted on")
    parser.add_argument("--fit", action="store_true", help="print the thresholds the first set gives, and end")
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    if not options.tables:
        read_all(options)
    sets = {name: lines(options.work / f"{name}.jsonl") for name in [*SETS, "real"]}
    if options.fit:
        return fit(sets["fit"])
    text = report(sets, options.data)
    print(text)
    if options.out:
        options.out.write_text(replaced(options.out, options.out.read_text(), "documents", text, "documents.py"))
    broken = alarms(sets)
    if broken:
        sys.exit(f"beyond the alarm limit: {', '.join(broken)}")


def read_all(options):
    faces = {"FACES": str((options.data / "faces").resolve())} if options.data else {}
    for name, (kind, first, count) in (MEASURED_ON if options.measure else SETS).items():
        # A page's processor time is taken with nothing else of ours beside it.
        workers = {"WORKERS": "1"} if name == "time" else {}
        run(options, name, [kind, str(first), str(max(1, round(count * options.share)))], {**faces, **workers})
    if options.data:
        run(options, "real", ["pictures", str(options.data / "docs")], {})


def run(options, name, arguments, environment):
    subprocess.run([options.reader, options.work / f"{name}.jsonl", *arguments], check=True,
                   env={**os.environ, **environment})


def lines(file):
    return [json.loads(line) for line in file.read_text().splitlines()] if file.is_file() else []


# ---- what was right


def expected(truth):
    """The values that count as right, by field of the answer."""
    fields = truth["fields"]
    state = lambda code: "DEU" if code == "D" else code
    return {"document_number": {fields["number"]}, "birth_date": {date(fields["birth"])},
            "expiry_date": {date(fields["expiry"])}, "last_name": {fields["surname"], fields["zone_surname"]},
            "first_name": {fields["given_names"], fields["zone_given_names"]}, "sex": {fields["sex"]},
            "nationality_code": {state(fields["nationality"])}, "issuing_state": {state(fields["state"])}}


def date(ordinal):
    """YYYY-MM-DD of (year, day of the year)."""
    import datetime
    year, day = ordinal
    return (datetime.date(year, 1, 1) + datetime.timedelta(days=day - 1)).isoformat()


def value(read, field):
    return (read.get("fields", {}).get(field) or {}).get("value", "")


def is_right(line, field):
    # The back of a licence tells neither.
    return value(line["read"], field) in expected(line["truth"])[field]


def applies(line, field):
    return not (line["truth"]["kind"] == "licence" and field in ("nationality_code", "issuing_state"))


def zone_characters(line):
    """Right characters of the zone, and all."""
    truth, read = line["truth"]["zone"], line["read"].get("zone") or []
    total = sum(map(len, truth))
    if [len(t) for t in truth] != [len(r) for r in read]:
        return 0, total
    return sum(a == b for t, r in zip(truth, read) for a, b in zip(t, r)), total


def checks(line):
    """The checks of a document. Those with a limit are compared again with the limits now in the code, so that a limit
    can be fitted without reading everything anew."""
    signals = line["read"].get("signals", {})
    for check in line["read"].get("checks", []):
        name, outcome = check["name"], check["outcome"]
        if name in MEASURED and outcome != "not_checked":
            signal, limit = MEASURED[name]
            measured = signals[signal]
            fails = measured < limit if signal == "likeness" else (measured or 0) >= limit
            fails = fails or (name == "file_signals" and signals["editor"] is not None)
            outcome = "failed" if fails else "passed"
        yield {**check, "outcome": outcome}


def limits():
    """Signal and limit of each measured check, from the code that checks."""
    code = (Path(__file__).resolve().parents[2] / "crates/document/src/forensics.rs").read_text()
    known = {name: float(value) for name, value in re.findall(r"^const ([A-Z]+): f32 = ([0-9.]+);", code, re.M)}
    return {"screen_recapture": ("screen", known["SCREEN"]), "print_copy": ("halftone", known["HALFTONE"]),
            "portrait_splice": ("quiet_portrait", known["QUIET"]), "mrz_geometry": ("zone_pitch", known["PITCH"]),
            "mrz_font": ("zone_face", known["FACE"]), "printed_font": ("print_face", known["PRINT"]), "portrait_ghost": ("likeness", known["LIKENESS"]),
            "file_signals": ("recompressed", known["RECOMPRESSED"])}


MEASURED = limits()


def outcome(line, name):
    return next((c["outcome"] for c in checks(line) if c["name"] == name), None)


def accepted(line):
    """Whether the built-in rules let it pass."""
    has = lambda group: any(outcome(line, name) == "passed" for name in group)
    doubts = len(set(failed(line, False)) - set(failed(line, True)))
    return (not failed(line, True) and not line["read"].get("cannot_judge") and all(map(has, NEEDED)) and doubts < DOUBTS)


def failed(line, gating):
    return [c["name"] for c in checks(line) if c["outcome"] == "failed" and (not gating or not c["advisory"])]


# ---- figures


def interval(hits, n):
    """95 % Wilson score interval."""
    if n == 0:
        return 0.0, 1.0
    p, z = hits / n, 1.96
    middle, half = p + z * z / (2 * n), z * ((p * (1 - p) + z * z / (4 * n)) / n) ** 0.5
    return max(0.0, (middle - half) / (1 + z * z / n)), min(1.0, (middle + half) / (1 + z * z / n))


def rate(hits, n):
    if n == 0:
        return "-"
    low, high = interval(hits, n)
    return f"{100 * hits / n:.1f} % ({100 * low:.1f}-{100 * high:.1f})"


def fit(genuine):
    """The limit that QUANTILE of the genuine documents stay below."""
    for name in SIGNALS:
        values = sorted(v for l in genuine if (v := l["read"].get("signals", {}).get(name)) is not None)
        if values:
            print(f"{name:16} {values[min(int(len(values) * QUANTILE), len(values) - 1)]:8.3f}   median "
                  f"{values[len(values) // 2]:.3f}, most {values[-1]:.3f}, n {len(values)}")


def report(sets, data):
    parts = [reading(sets["genuine"], sets["time"]), alarms_table(sets["genuine"]), attacks(sets["attacks"]), digits(sets["zone_digits"], sets["zone_number"])]
    if sets["real"] and data:
        parts.append(real(sets["real"], data / "docs"))
    return "\n\n".join(parts)


def table(head, rows):
    out = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(out + ["| " + " | ".join(map(str, row)) + " |" for row in rows])


def reading(genuine, timed):
    rows = []
    levels = [("scan", "scan"), ("moderate", "moderate"), ("hard", "hard")]
    of = {name: [l for l in genuine if l["truth"]["level"] == level] for level, name in levels}
    cell = lambda f: [rate(*f(of[name])) for _, name in levels]
    zoned = lambda ls: [l for l in ls if l["truth"]["zone"]]
    rows.append(["orientation", *cell(lambda ls: (sum(l["read"].get("turned") == l["truth"]["turns"] for l in ls), len(ls)))])
    rows.append(["zone: characters", *cell(lambda ls: tuple(map(sum, zip((0, 0), *map(zone_characters, zoned(ls))))))])
    rows.append(["zone: all check digits right", *cell(lambda ls: (sum(bool(l["read"].get("digits_right")) for l in zoned(ls)), len(zoned(ls))))])
    rows.append(["zone: every character", *cell(lambda ls: (sum(l["read"].get("zone") == l["truth"]["zone"] for l in zoned(ls)), len(zoned(ls))))])
    for shown, field in FIELDS.items():
        asked = lambda ls: [l for l in ls if applies(l, field)]
        rows.append([shown, *cell(lambda ls: (sum(is_right(l, field) for l in asked(ls)), len(asked(ls))))])
    kinds = Counter(l["truth"]["kind"] for l in genuine)
    ms = sorted(l["cpu_ms"] for l in timed) or [0]
    head = ["recall", *(f"{name} (n = {len(of[name])})" for _, name in levels)]
    return (f"{len(genuine)} generated documents ({', '.join(f'{k}: {n}' for k, n in sorted(kinds.items()))}; seeds from "
            f"{GENUINE[1]}), each in one of four quarter turns. A licence has no zone: its fields come from the barcode; the back of a card has both.\n\n"
            + table(head, rows) + f"\n\nProcessor time for a page on one core, decoding to answer, {len(timed)} other genuine documents (seeds from "
            f"{TIME[1]}), one at a time: median {ms[len(ms) // 2]} ms, 95 % below {ms[int(len(ms) * 0.95)]} ms, most {ms[-1]} ms.\n\n" + outlines(genuine))


def outlines(genuine):
    """How far off the corners are that were found, as a share of the document's width."""
    def off(line):
        found, true = line["read"]["outline"]["quad"], line["truth"]["quad"]
        wide = ((true[0][0] - true[1][0]) ** 2 + (true[0][1] - true[1][1]) ** 2) ** 0.5
        return max(((a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2) ** 0.5 for a, b in zip(found, true)) / wide
    rows = []
    for level in ("scan", "moderate", "hard"):
        # A corner beyond the picture cannot be found.
        of = [l for l in genuine if l["truth"]["level"] == level and not is_cut(l)]
        found = [l for l in of if (l["read"].get("outline") or {}).get("source") == "edges"]
        right = sum(off(l) < 0.02 for l in found)
        rows.append([level, rate(len(found), len(of)), rate(right, len(of)), rate(len(found) - right, len(of))])
    cut = [l for l in genuine if is_cut(l)]
    seen = sum(outcome(l, "picture_whole") == "failed" for l in cut)
    return ("The document's outline, of those that lie whole on the picture; right is every corner within 2 % of the width. "
            f"Of {len(cut)} whose edge is cut off, `picture_whole` noticed {rate(seen, len(cut))}.\n\n"
            + table(["", "found by its edges", "right", "wrong"], rows))


def is_cut(line):
    """Whether a corner lies beyond the picture, 1600 x 1200 or upright."""
    wide, high = (1200, 1600) if line["truth"]["turns"] % 2 else (1600, 1200)
    return any(not (0 <= x <= wide and 0 <= y <= high) for x, y in line["truth"]["quad"])


def alarms_table(genuine):
    names = sorted({c["name"]: c["advisory"] for l in genuine for c in l["read"].get("checks", [])}.items())
    rows = []
    for name, advisory in names:
        # A cut edge is no false alarm of the check that asks for it.
        asked = [l for l in genuine if name != "picture_whole" or not is_cut(l)]
        outcomes = Counter(outcome(l, name) for l in asked)
        judged = outcomes["passed"] + outcomes["failed"]
        rows.append([name, "advisory" if advisory else "gating", rate(outcomes["failed"], judged), judged,
                     len(asked) - judged])
    gated = [l for l in genuine if failed(l, gating=True)]
    by_level = Counter(l["truth"]["level"] for l in gated)
    counts = ", ".join(f"{level}: {n}" for level, n in by_level.items()) or "none"
    levels = [[l for l in genuine if l["truth"]["level"] == level] for level in ("scan", "moderate", "hard")]
    share = lambda is_so: ", ".join(f"{g[0]['truth']['level']} {rate(sum(map(is_so, g)), len(g))}" for g in levels if g)
    unsure = lambda l: "could not be read reliably" in (l["read"].get("cannot_judge") or "")
    return (f"False alarms on the same documents. Failed by a gating check: {rate(len(gated), len(genuine))}, {len(gated)} of "
            f"{len(genuine)} ({counts}). Passed by the built-in rules: {share(accepted)}; the others are referred to a person, of all "
            f"{sum(map(unsure, genuine))} because what is wrong in their zone was not read with confidence.\n\n"
            + table(["check", "", "false alarms", "judged", "not judged"], rows))


def attacks(forged):
    groups = defaultdict(list)
    for line in forged:
        groups[line["truth"]["attack"]].append(line)
    rows = []
    for name, group in sorted(groups.items()):
        n = len(group)
        gated = sum(bool(failed(l, gating=True)) for l in group)
        meant = MEANT.get(name)
        seen = sum(any(outcome(l, c) == "failed" for c in meant) for l in group) if meant else None
        by = Counter(c for l in group for c in failed(l, gating=False))
        passed = sum(map(accepted, group))
        rows.append([name, n, rate(gated, n), rate(seen, n) if meant else "-",
                     rate(sum(bool(failed(l, gating=False)) for l in group), n), rate(passed, n),
                     ", ".join(f"{c} {k}" for c, k in by.most_common(4))])
    return (f"{len(forged)} forged documents at moderate distortion (seeds from {ATTACKS[1]}). Limits of the measured checks: the "
            f"{100 * QUANTILE:.0f}th percentile of {FIT[2]} other genuine documents (seeds from {FIT[1]}); the false alarms they "
            "then make are in the table above.\n\n"
            + table(["attack", "n", "failed by a gating check", "failed by a check made for it", "failed by any check", "passed by the built-in rules", "which checks"], rows))


def digits(births, numbers):
    """Changed figures in every light: what was fitted so that genuine zones fail nothing must not let these pass."""
    rows = []
    for what, forged in (("a figure of the birth", births), ("a figure of the number", numbers)):
        for level in ("scan", "moderate", "hard"):
            of = [l for l in forged if l["truth"]["zone"] and l["truth"]["level"] == level]
            found = Counter(outcome(l, "mrz_check_digits") for l in of)
            rows.append([what, level, len(of), rate(found["failed"], len(of)), found["not_checked"], found["passed"],
                         sum(map(accepted, of))])
    return (f"Zones with one figure changed and its check digit left, in every light (seeds from {DIGITS[1]} and {NUMBERS[1]}), by the "
            "check of the digits. Where it was not made, no zone was found or what is wrong in it was not read with confidence:\n\n"
            + table(["changed", "light", "n", "failed", "not made", "passed", "document passed by the built-in rules"], rows))


def real(read, folder):
    rows, wanted = [], truths(folder)
    for line in read:
        truth, got = wanted.get(line["file"]), line["read"]
        zone = got.get("zone") or []
        if truth:
            right = sum(a == b for t, r in zip(truth, zone) for a, b in zip(t, r))
            characters = f"{right} of {sum(map(len, truth))}"
        else:
            characters = "no truth" if zone else "no zone read"
        digits = {True: "all right", False: "wrong", None: "-"}[got.get("digits_right")]
        rows.append([line["file"], characters, digits, ", ".join(failed(line, True)) or "-",
                     ", ".join(sorted(set(failed(line, False)) - set(failed(line, True)))) or "-"])
    return ("Published specimens (evaluation only; all are past their date, and made as specimens):\n\n"
            + table(["picture", "zone characters right", "check digits", "gating checks failed", "advisory checks failed"], rows))


def truths(folder):
    known = json.loads((folder / "icao-specimens.json").read_text())
    for file in folder.glob("*.json"):
        if file.name != "icao-specimens.json":
            zone = json.loads(file.read_text())["mrz_line"].split("\n")
            for end in (".jpg", ".png"):
                known[file.stem + end] = zone
    return known


def alarms(sets):
    moderate = [l for l in sets["genuine"] if l["truth"]["level"] == "moderate"]
    share = lambda *fields: min((sum(is_right(l, f) for l in moderate) / max(len(moderate), 1) for f in fields))
    measured = {"number": share("document_number"), "dates": share("birth_date", "expiry_date"),
                "names": share("last_name", "first_name"),
                "orientation": sum(l["read"].get("turned") == l["truth"]["turns"] for l in moderate) / max(len(moderate), 1)}
    gated = sum(bool(failed(l, True)) for l in sets["genuine"]) / max(len(sets["genuine"]), 1)
    changed = [*sets["zone_digits"], *sets["zone_number"]]
    let_pass = sum(accepted(l) for l in changed if l["truth"]["zone"])
    broken = [f"{name} {measured[name]:.3f}" for name, limit in ALARMS.items() if measured[name] < limit]
    broken += [f"genuine failed {gated:.3f}"] if gated > MOST_FAILED else []
    return broken + ([f"changed figures passed {let_pass}"] if let_pass else [])


if __name__ == "__main__":
    main()
