#!/usr/bin/env python3
"""From what `biometry evaluate` wrote to a table of gateway/src/dialects/management/measured.json: what thresholds were measured to cost.

    measured.py --results face.json --service face_recognition --data "LFW, view 2" --provenance "docs/ACCURACY.md, Faces" \
                --logistic 33.2,0.363 [--group NAME] [--fmr 0.1,0.01,0.001] [--into gateway/src/dialects/management/measured.json]

Prints the table; with --into, puts it in place of the one of the same service and data, or at the end. Nothing is
interpolated: for each false match rate asked for, the lowest threshold at which no more were let pass, and what that cost. A
rate that fewer than three impostors stand behind is left out, but for the one at which none passed (a bound, three in n).
Thresholds are on the scale of the scoring rules: where the scores of the evaluation are on another one, --logistic SLOPE,CENTRE
is 1 / (1 + exp(-SLOPE (score - CENTRE))), as the service's calibration has it. 0.5, where the service itself says yes, is
always among the rows."""

import argparse
import json
import math
import sys

FMRS = [0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001, 0.0005, 0.0002, 0.0001]
Z = 1.959964


def wilson(hits, n):
    """The 95 % interval of a share (Wilson 1927)."""
    share, width = hits / n, Z * Z / n
    middle = (share + width / 2) / (1 + width)
    half = Z / (1 + width) * math.sqrt(share * (1 - share) / n + width / (4 * n))
    return max(0.0, middle - half), min(1.0, middle + half)


def scores(results, group, scale):
    """Genuine and other scores, on the scale of the rules."""
    judged = [i for i in results["items"] if i["judged"] and i["score"] is not None]
    judged = [i for i in judged if group is None or i.get("group") == group]
    genuine = sorted(scale(i["score"]) for i in judged if i["label"] in GENUINE)
    others = sorted(scale(i["score"]) for i in judged if i["label"] not in GENUINE)
    return genuine, others


# As `biometry evaluate` takes them.
GENUINE = {"genuine", "live", "bona_fide", "bonafide", "real", "true", "expected"}


def at(threshold, genuine, others):
    """What a threshold costs; a score of at least the threshold is accepted."""
    passed = sum(score >= threshold for score in others)
    refused = sum(score < threshold for score in genuine)
    low, high = wilson(refused, len(genuine))
    row = {
        "threshold": round(threshold, 6),
        "fmr": round(passed / len(others) if passed else 3 / len(others), 6),
        "fmr_is_bound": passed == 0,
        "fnmr": round(refused / len(genuine), 6),
        "fnmr_low": round(low, 4),
        "fnmr_high": round(high, 4),
    }
    if passed:
        low, high = wilson(passed, len(others))
        row |= {"fmr_low": round(low, 6), "fmr_high": round(high, 6)}
    return row


def up(threshold):
    """The next threshold that six figures can tell, at or above this one."""
    return math.ceil(threshold * 1e6) / 1e6


def points(genuine, others, fmrs):
    """Rows of falling false match rate, at rising thresholds."""
    thresholds = {0.5}
    for fmr in fmrs:
        # So many may pass: the threshold is just above the score of the next one.
        most = math.floor(fmr * len(others) + 1e-9)
        if most >= 3 and most < len(others):
            thresholds.add(up(math.nextafter(others[len(others) - most - 1], 1)))
    thresholds.add(up(math.nextafter(others[-1], 1)))
    rows = [at(threshold, genuine, others) for threshold in sorted(thresholds) if threshold <= 1]
    # Of rows that let pass as many, the first: none other says more.
    kept = []
    for row in rows:
        if row["threshold"] == 0.5 or not kept or row["fmr"] < kept[-1]["fmr"]:
            kept.append(row)
    return kept


def table(args):
    with open(args.results, encoding="utf-8") as file:
        results = json.load(file)
    slope, centre = args.logistic or (None, None)
    scale = (lambda s: s) if slope is None else (lambda s: 1 / (1 + math.exp(-slope * (s - centre))))
    genuine, others = scores(results, args.group, scale)
    if not genuine or not others:
        sys.exit(f"{args.results}: {len(genuine)} genuine and {len(others)} other scores are no measurement")
    return {
        "service": args.service,
        "measured_on": args.data,
        "provenance": args.provenance,
        "held_out": not args.seen,
        "genuine": len(genuine),
        "others": len(others),
        "points": points(genuine, others, args.fmr),
    }


def numbers(text):
    return [float(part) for part in text.split(",")]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", required=True)
    parser.add_argument("--service", required=True, help="as in scoring rules")
    parser.add_argument("--data", required=True, help="what was measured on, in words")
    parser.add_argument("--provenance", required=True, help="where the figures are in this repository")
    parser.add_argument("--seen", action="store_true", help="training or calibration knew these people")
    parser.add_argument("--group", help="the items of this group alone")
    parser.add_argument("--logistic", type=numbers, metavar="SLOPE,CENTRE")
    parser.add_argument("--fmr", type=numbers, default=FMRS)
    parser.add_argument("--into", metavar="FILE")
    args = parser.parse_args()
    made = table(args)
    if not args.into:
        print(json.dumps(made, indent=1))
        return
    with open(args.into, encoding="utf-8") as file:
        tables = json.load(file)
    same = [i for i, t in enumerate(tables) if (t["service"], t["measured_on"]) == (made["service"], made["measured_on"])]
    if same:
        tables[same[0]] = made
    else:
        tables.append(made)
    # Where something is measured now, nothing says any more that it was not.
    tables = [t for t in tables if t["points"] or t["service"] != made["service"]]
    with open(args.into, "w", encoding="utf-8") as file:
        file.write(json.dumps(tables, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
