"""Fits the media-authenticity model on the cues of clips, and measures it on sources it was not fitted on.

    fit.py <cues.tsv> <manifest.jsonl> <model.json to write> <figures.json to write>

`cues.tsv` is what the example `cues` of crates/face prints of the manifest's files; `manifest.py` writes the manifest. One
logistic regression on one cue, `mouth_detail`: clips of real people, as they are and re-encoded, against clips whose mouth a
lip-sync program redrew. Both sides weigh the same, and within each every person. Every source (repository and person, joined
where they share one) is left out once and judged by the model fitted on the others. Numpy alone.
"""
import json
import sys
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np

CUE = "mouth_detail"
# The species whose mouths are redrawn by a lip-sync program; the others are judged and fitted by nothing.
FITTED = ["wav2lip", "wav2lip_gan", "wav2lip_photo"]
# A spread is this part of the way from the median of genuine clips to that of the attacks.
APART = 4.0
LOWEST, HIGHEST = -8.0, 2.0
RIDGE = 0.004


def read(cues, manifest):
    items = {}
    for line in Path(manifest).read_text().splitlines():
        item = json.loads(line)
        items[item["path"]] = item
    rows, unjudged = [], Counter()
    for line in Path(cues).read_text().splitlines():
        path, *fields = line.split("\t")
        if path not in items:
            continue
        found = dict(f.split("=", 1) for f in fields)
        if CUE in found:
            rows.append(dict(items[path], value=float(found[CUE]), live=found.get("live"), presence=found.get("presence")))
        else:
            unjudged[items[path]["kind"]] += 1
    return rows, unjudged


def sources(rows):
    """A source joins all that share a person or a repository."""
    parent = {}

    def root(x):
        while parent.setdefault(x, x) != x:
            x = parent[x]
        return x

    for row in rows:
        parent[root(("person", row["person"]))] = root(("repository", row["repository"]))
    return [root(("person", row["person"])) for row in rows]


def usable(row):
    return row["genuine"] or row["kind"] in FITTED


def fit(rows):
    rows = [r for r in rows if usable(r)]
    x, y = np.array([r["value"] for r in rows]), np.array([float(r["genuine"]) for r in rows])
    middle = float(np.median(x[y == 1]))
    spread = max(0.01, abs(float(np.median(x[y == 0])) - middle) / APART)
    z = np.clip((x - middle) / spread, LOWEST, HIGHEST)
    persons = Counter((r["genuine"], r["person"]) for r in rows)
    sides = Counter(genuine for genuine, _ in persons)
    weight = np.array([0.5 / sides[r["genuine"]] / persons[r["genuine"], r["person"]] for r in rows])
    w, b = 0.5, 1.0
    for _ in range(20000):
        slope = (1 / (1 + np.exp(-(b + w * z))) - y) * weight
        w = max(0.0, w - 0.5 * (float(slope @ z) + RIDGE * w))
        b -= 0.5 * float(slope.sum())
    return dict(families=[dict(name="lip_sync", bias=round(b, 4), cues=[dict(
        name=CUE, scale="linear", rises=True, middle=round(middle, 4), spread=round(spread, 4), weight=round(w, 4))])])


def probability(model, value):
    family = model["families"][0]
    term = family["cues"][0]
    z = min(HIGHEST, max(LOWEST, (value - term["middle"]) / term["spread"]))
    return 1 / (1 + np.exp(-(family["bias"] + term["weight"] * z)))


def wilson(errors, n):
    if n == 0:
        return [0.0, 1.0]
    p, z = errors / n, 1.96
    middle, half = p + z * z / 2 / n, z * np.sqrt(p * (1 - p) / n + z * z / 4 / n / n)
    return [round(float((middle - half) / (1 + z * z / n)), 4), round(float((middle + half) / (1 + z * z / n)), 4)]


def rates(judged, threshold=0.5):
    table = {}
    for kind in sorted({r["kind"] for r, _ in judged}):
        of = [(r, p) for r, p in judged if r["kind"] == kind]
        errors = sum((p < threshold) if r["genuine"] else (p >= threshold) for r, p in of)
        table[kind] = dict(error="BPCER" if of[0][0]["genuine"] else "APCER", errors=int(errors), n=len(of),
                           persons=len({r["person"] for r, _ in of}), rate=round(errors / len(of), 4),
                           interval=wilson(errors, len(of)))
    return table


def points(judged):
    """What other thresholds would do to clips as they are."""
    genuine = [p for r, p in judged if r["kind"] == "real"]
    attacks = [p for r, p in judged if not r["genuine"] and not r.get("copy")]
    return [dict(threshold=t, genuine=len(genuine), genuine_refused=int(sum(p < t for p in genuine)),
                 attacks=len(attacks), attacks_accepted=int(sum(p >= t for p in attacks))) for t in (0.1, 0.3, 0.5, 0.7, 0.9)]


def main():
    rows, unjudged = read(*sys.argv[1:3])
    groups = sources(rows)
    held_out, thresholds = [], []
    for source in sorted(set(groups), key=str):
        model = fit([r for r, g in zip(rows, groups) if g != source])
        term, bias = model["families"][0]["cues"][0], model["families"][0]["bias"]
        thresholds.append(term["middle"] - term["spread"] * bias / term["weight"])
        held_out += [(r, probability(model, r["value"])) for r, g in zip(rows, groups) if g == source]
    model = fit(rows)
    figures = dict(clips=len(rows), sources=len(set(groups)), could_not_judge=dict(unjudged), held_out=rates(held_out),
                   points=points(held_out), threshold_of_folds=[round(min(thresholds), 4), round(max(thresholds), 4)])
    fitted = [r for r in rows if usable(r)]
    provenance = (f"training/authenticity/fit.py, calibrated on {sum(r['genuine'] for r in fitted)} genuine and "
                  f"{sum(not r['genuine'] for r in fitted)} lip-synced clips; figures: training/authenticity/MODEL_CARD.md")
    Path(sys.argv[3]).write_text(json.dumps(dict(provenance=provenance, **model), indent=2) + "\n")
    Path(sys.argv[4]).write_text(json.dumps(figures, indent=1) + "\n")
    for kind, rate in figures["held_out"].items():
        print(f"{kind:26} {rate['error']} {rate['errors']} of {rate['n']} ({rate['persons']} persons) "
              f"{rate['rate']:.3f} [{rate['interval'][0]:.3f}-{rate['interval'][1]:.3f}]")
    for point in figures["points"]:
        print(json.dumps(point))
    print("threshold", figures["threshold_of_folds"], "could not judge", dict(unjudged))


if __name__ == "__main__":
    main()
