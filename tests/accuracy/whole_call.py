#!/usr/bin/env python3
"""Measures the verdict of whole `process-video` calls on people outside studios, by the built-in scoring rules.

Real clips are sent as they are; attacks are the fakes and screen replays of the data, and what ffmpeg makes of the real clips:
another person's sound, the own sound late, a still with the sound. Each call is a first visit of its own user, with
consent to recognition and none to storage, so that nothing is enrolled and no call depends on another.
The clips have no transcripts, so the phrase is left out of the rules here and measured alone (`run.py --only phrase`).
Prints tables, writes them between the markers of --out, and ends with status 1 when a bar is missed. Needs ffmpeg; standard
library only.
"""
import argparse
import collections
import csv
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "demo"))
from demo import Backend, bootstrap, start  # noqa: E402
from report import replaced  # noqa: E402
from server import shifted, still, with_sound_of  # noqa: E402

LATE_S = 0.4
# Quieter than the noise of any microphone.
SILENCE_DB = -80
PHRASE = "one two three"
# What a buyer can live with: shares of real calls, and the most that an attack may pass.
BARS = {"pass": (">=", 0.75), "refer": ("<=", 0.20), "fail": ("<=", 0.05)}
MOST_ATTACKS_PASSED = 0.02
MOST_FAKES_PASSED = 0.30


def main():
    options = arguments()
    results = collections.defaultdict(list)
    with tempfile.TemporaryDirectory(prefix="biometry-whole-call-") as folder:
        server, address = start(options.biometry, folder)
        try:
            backend = Backend(address, bootstrap(options.biometry, folder, "--replays", "off"))
            leave_out_phrase(backend)
            calls = list(make_calls(options.data / "wild", Path(folder)))
            for number, (kind, name, make) in enumerate(calls):
                print(f"\r{number + 1} of {len(calls)} calls", end="", file=sys.stderr, flush=True)
                results[kind].append((name, decide(backend, f"user-{number}@example.org", make())))
        finally:
            server.terminate()
            server.wait(timeout=60)
    print(file=sys.stderr)
    if options.calls:
        options.calls.write_text(json.dumps(results, indent=1) + "\n")
    text = report(results)
    print(text)
    if options.out:
        options.out.write_text(replaced(options.out, options.out.read_text(), "whole-call", text, "whole_call.py"))
    missed = missed_bars(results)
    if missed:
        sys.exit("\n".join(missed))


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--biometry", type=Path, required=True, help="the binary")
    parser.add_argument("--data", type=Path, required=True, help="folder of the development data")
    parser.add_argument("--out", type=Path, help="Markdown file whose table is replaced")
    parser.add_argument("--calls", type=Path, help="JSON file for every call's verdict and reasons")
    return parser.parse_args()


def leave_out_phrase(backend):
    """Puts the built-in rules without visual speech recognition in force for the project."""
    rules = backend.call("/api-projects/scoring-rules/default", method="GET")[2]["data"]
    for service in ("visual_speech", "spoken_phrase"):
        rules["services"][service]["mode"] = "off"
    body = json.dumps({"name": "no phrase", "rules": rules, "project_default": True})
    status, _, answer, _ = backend.call("/api-projects/scoring-rules", body, {"Content-Type": "application/json"})
    if status not in (200, 201):
        sys.exit(f"the rules were refused: {answer}")


def make_calls(wild, folder):
    """(kind, file name, function that answers the video)."""
    with open(wild / "labels.tsv") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    speaking = [row for row in rows if row["species"] == "own_sound" and not is_silent(wild / row["file"])]
    made = folder / "attack.mp4"
    for row in rows:
        if row["label"] != "real":
            yield f"{row['label']}: {row['species']}", row["file"], lambda row=row: wild / row["file"]
    for row in speaking:
        clip = wild / row["file"]
        other = wild / another_person(speaking, row)["file"]
        yield "real", row["file"], lambda clip=clip: clip
        yield "another's sound", row["file"], lambda clip=clip, other=other: with_sound_of(other, clip, made)
        yield f"own sound {LATE_S} s late", row["file"], lambda clip=clip: shifted(clip, made, LATE_S)
        yield "still with the sound", row["file"], lambda clip=clip: still(clip, made)


def is_silent(clip):
    """Whether the sound track holds nothing: some clips lost their sound before they were collected."""
    command = ["ffmpeg", "-nostdin", "-i", clip, "-vn", "-af", "volumedetect", "-f", "null", "-"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    return float(re.search(r"max_volume: (-?[\d.]+) dB", said).group(1)) < SILENCE_DB


def another_person(rows, row):
    at = rows.index(row)
    return next(r for r in rows[at + 1:] + rows[:at] if r["person_guess"] != row["person_guess"])


def decide(backend, user, video):
    backend.consent("consent", user)
    status, _, body, _ = backend.process_video(user, video, phrase=PHRASE)
    if status != 200:
        return {"verdict": f"http {status}", "reasons": [body.get("error", "")], "scores": {}}
    return {"verdict": body["scoring_result"]["status"], "reasons": body.get("decision_reasons", []),
            "scores": {name: service.get("score", service.get("code")) for name, service in body["data"].items()
                       if isinstance(service, dict)}}


def share(calls, verdict):
    return sum(call["verdict"] == verdict for _, call in calls) / len(calls)


def clean(calls):
    """The share that passes with no check failed, advisory ones included."""
    return sum(call["verdict"] == "pass" and not any(reason.endswith("_failed") for reason in call["reasons"])
               for _, call in calls) / len(calls)


def report(results):
    lines = ["| video | calls | pass | of them no advisory check failed | refer | fail | most frequent reasons of the others |",
             "|---|---|---|---|---|---|---|"]
    for kind in sorted(results, key=lambda kind: (kind != "real", kind)):
        calls = results[kind]
        passed, referred = share(calls, "pass"), share(calls, "refer")
        reasons = collections.Counter(reason for _, call in calls if call["verdict"] != "pass" for reason in set(call["reasons"])
                                      if not reason.endswith(("_passed", "_not_enrolled")))
        named = ", ".join(f"`{reason}` {count}" for reason, count in reasons.most_common(4))
        lines.append(f"| {kind} | {len(calls)} | {passed:.0%} | {clean(calls):.0%} | {referred:.0%} | {1 - passed - referred:.0%} | {named} |")
    return "\n".join(lines) + "\n"


def missed_bars(results):
    missed = []
    for verdict, (sign, bar) in BARS.items():
        rate = share(results["real"], verdict)
        if rate < bar if sign == ">=" else rate > bar:
            missed.append(f"bar missed: real {verdict} {rate:.1%}, asked {sign} {bar:.0%}")
    attacks = [call for kind, calls in results.items() if kind != "real" and not kind.startswith("fake") for call in calls]
    fakes = [call for kind, calls in results.items() if kind.startswith("fake") for call in calls]
    if share(attacks, "pass") > MOST_ATTACKS_PASSED:
        missed.append(f"bar missed: attacks passed {share(attacks, 'pass'):.1%}, asked <= {MOST_ATTACKS_PASSED:.0%}")
    if clean(fakes) > MOST_FAKES_PASSED:
        missed.append(f"bar missed: fakes passed every check {clean(fakes):.1%}, asked <= {MOST_FAKES_PASSED:.0%}")
    return missed


if __name__ == "__main__":
    main()
