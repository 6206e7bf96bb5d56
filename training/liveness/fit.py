"""Fits the fused liveness model on the cues of clips, and measures it on speakers it has not seen.

    fit.py <cues.tsv> <manifest.jsonl> <model.json to write> <figures.json to write>

`cues.tsv` is what the example `cues` of crates/face prints of the manifest's files. Every family of attacks has a logistic
regression of its own on the few cues made for it, against live clips: weights only of the sign that the cue's meaning has
(projected gradient), a ridge, live and attack of equal weight, speakers of equal weight within each. A clip is an attack of
one of the families or live: the odds of an attack are the mean of the families' odds. Nothing is chosen on the speaker left
out. Numpy alone.
"""
import json
import math
import sys
from collections import defaultdict
from pathlib import Path

import numpy as np

# family: kinds of attack it is fitted on, cues as (name, scale, whether more of it is a sign of life)
FAMILIES = {
    "still": (["still"], [("motion", "log", True)]),
    "flat_picture": (["still", "moved", "print"],
                     [("lip_deformation", "log", True), ("lip_excess", "log", True)]),
    "screen": (["replay"], [("moire_db", "linear", False), ("texture", "logit", True), ("backlight", "log", False)]),
    "another_face": (["swapped"], [("same_face", "linear", True)]),
    "loop": (["looped"], [("repetition", "log", True)]),
}
# Made and measured, and fitted by nothing: in the one nothing differs from life, in the other nothing that every live
# speaker shows.
UNSEEN = ["replay_faint", "cut_out"]
RIDGE = 0.004
# A spread is this part of the way from the median of live clips to that of the attacks.
APART = 4.0
# Spreads from the live median beyond which a cue counts no more.
LOWEST, HIGHEST = -8.0, 2.0


def scaled(scale, value):
    if scale == "log":
        return math.log(max(value, 1e-6))
    if scale == "logit":
        p = min(max(value, 1e-4), 1 - 1e-4)
        return math.log(p / (1 - p))
    return value


def read(cues, manifest):
    kinds = {}
    for line in Path(manifest).read_text().splitlines():
        item = json.loads(line)
        kinds[item["path"]] = item
    rows = []
    for line in Path(cues).read_text().splitlines():
        path, *fields = line.split("\t")
        if path in kinds:
            rows.append(dict(kinds[path], cues=dict(f.split("=", 1) for f in fields)))
    return rows


def fit(rows):
    return dict(families=[dict(name=name, **fit_family(rows, *of)) for name, of in FAMILIES.items()])


def fit_family(rows, kinds, cues):
    rows = [r for r in rows if r["live"] or r["kind"] in kinds]
    live = [r for r in rows if r["live"]]
    terms = []
    attacks = [r for r in rows if not r["live"]]
    for name, scale, rises in cues:
        middle, there = (float(np.median([scaled(scale, float(r["cues"][name])) for r in side if name in r["cues"]]))
                         for side in (live, attacks))
        spread = abs(there - middle) / APART
        term = dict(name=name, scale=scale, rises=rises, middle=round(middle, 4), spread=round(max(spread, 0.01), 4))
        terms.append(term)
    x = np.array([[standing(t, r) for t in terms] for r in rows])
    y = np.array([r["live"] for r in rows], float)
    groups = defaultdict(list)
    for i, r in enumerate(rows):
        groups[r["live"], r["speaker"]].append(i)
    weight = np.zeros(len(rows))
    for (is_live, _), members in groups.items():
        weight[members] = 0.5 / sum(g[0] == is_live for g in groups) / len(members)
    w, b = np.full(len(terms), 0.5), 1.0
    for _ in range(6000):
        slope = (1 / (1 + np.exp(-(b + x @ w))) - y) * weight
        w = np.maximum(0, w - 0.5 * (x.T @ slope + RIDGE * w))
        b -= 0.5 * slope.sum()
    for term, value in zip(terms, w):
        term["weight"] = round(float(value), 4)
    return dict(bias=round(float(b), 4), cues=terms)


def standing(term, row):
    """How far on the side of life, in spreads from the live median; 0 for what was not measured."""
    if term["name"] not in row["cues"]:
        return 0.0
    sign = 1 if term["rises"] else -1
    over = sign * (scaled(term["scale"], float(row["cues"][term["name"]])) - term["middle"]) / term["spread"]
    return min(HIGHEST, max(LOWEST, over))


def family_odds(model, row):
    return {f["name"]: f["bias"] + sum(t["weight"] * standing(t, row) for t in f["cues"]) for f in model["families"]}


def probability(model, row):
    odds = [math.exp(-l) for l in family_odds(model, row).values()]
    return 1 / (1 + sum(odds) / len(odds))


def wilson(errors, n):
    if n == 0:
        return [0.0, 1.0]
    p, z = errors / n, 1.96
    middle, half = p + z * z / 2 / n, z * math.sqrt(p * (1 - p) / n + z * z / 4 / n / n)
    return [round((middle - half) / (1 + z * z / n), 4), round((middle + half) / (1 + z * z / n), 4)]


def rates(judged):
    table = {}
    for kind in sorted({r["kind"] for r, _ in judged}):
        of = [(r, p) for r, p in judged if r["kind"] == kind]
        errors = sum((p < 0.5) if r["live"] else (p >= 0.5) for r, p in of)
        table[kind] = dict(error="BPCER" if of[0][0]["live"] else "APCER", rate=round(errors / len(of), 4), n=len(of),
                           interval=wilson(errors, len(of)))
    return table


def main():
    rows = read(*sys.argv[1:3])
    unjudged = [r for r in rows if "live" not in r["cues"]]
    rows = [r for r in rows if "live" in r["cues"]]
    trained = [r for r in rows if r["kind"] not in UNSEEN]
    held_out, folds = [], {}
    for speaker in sorted({r["speaker"] for r in rows}):
        model = fit([r for r in trained if r["speaker"] != speaker])
        judged = [(r, probability(model, r)) for r in rows if r["speaker"] == speaker]
        held_out += judged
        folds[speaker] = rates(judged)
    model = fit(trained)
    figures = dict(clips=len(rows), could_not_judge=len(unjudged), held_out=rates(held_out), by_speaker=folds,
                   bins=calibration([(r, p) for r, p in held_out if r["kind"] not in UNSEEN]),
                   points=points([(r, p) for r, p in held_out if r["kind"] not in UNSEEN]))
    provenance = (f"training/liveness/fit.py on {len(trained)} clips made of GRID (CC BY 4.0), speakers "
                  + ", ".join(sorted({r['speaker'] for r in rows})) + "; figures: training/liveness/MODEL_CARD.md")
    Path(sys.argv[3]).write_text(json.dumps(dict(provenance=provenance, **model), indent=2) + "\n")
    Path(sys.argv[4]).write_text(json.dumps(figures, indent=1) + "\n")
    for kind, rate in figures["held_out"].items():
        print(f"{kind:14} {rate['error']} {rate['rate']:.3f} [{rate['interval'][0]:.3f}-{rate['interval'][1]:.3f}] n {rate['n']}")
    print(json.dumps(figures["bins"]))
    for point in figures["points"]:
        print(json.dumps(point))
    print("could not judge", len(unjudged))


def points(judged):
    """What other thresholds would do: live clips refused, and the kinds of attack that something was fitted on accepted."""
    table = []
    for threshold in (0.5, 0.7, 0.8, 0.9, 0.95):
        live = [p < threshold for r, p in judged if r["live"]]
        attacks = [(r["kind"], p >= threshold) for r, p in judged if not r["live"]]
        kinds = {kind: sum(a for k, a in attacks if k == kind) for kind in sorted({k for k, _ in attacks})}
        table.append(dict(threshold=threshold, live_refused=sum(live), live=len(live), attacks_accepted=sum(kinds.values()),
                          attacks=len(attacks), accepted_of_kind=kinds))
    return table


def calibration(judged):
    """Clips, and the share of live ones, by probability."""
    bins = []
    for low, high in [(0, 0.1), (0.1, 0.5), (0.5, 0.9), (0.9, 1.01)]:
        of = [r["live"] for r, p in judged if low <= p < high]
        bins.append(dict(above=low, clips=len(of), live=round(sum(of) / len(of), 3) if of else None))
    return bins


if __name__ == "__main__":
    main()
