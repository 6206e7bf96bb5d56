"""Fits `crates/voice/src/calibration.json`: from a speaker score to log odds, for each pairing of bandwidths.

    python training/voice_sets.py DATA OUT
    cargo run -p voice --example score_voices < OUT/embed.tsv > OUT/embed.jsonl
    python training/voice_calibration.py OUT/embed.jsonl crates/voice/src/calibration.json

Fitted on LibriSpeech (5 speakers) and the spoken digits (3), then judged on GRID, whose speakers it has not seen. Scores
of same and of other speakers are taken as normal with one deviation (linear discriminant), which makes the log odds a
straight line; it is cut at +-log(100), for so few speakers support no stronger claim.
"""
import itertools
import json
import sys
from pathlib import Path

import numpy as np

BOUND = float(np.log(100))
# Wide and narrow are known from earlier evaluations of the model; mixed is .1 above the highest score of other speakers
# in the fitting data (.30).
THRESHOLDS = {"wide": 0.45, "narrow": 0.60, "mixed": 0.40}
FIT = {"wide": [("libri", "libri")], "narrow": [("libri8", "libri8"), ("fsdd", "fsdd")], "mixed": [("libri", "libri8")]}
HELD_OUT = {"wide": [("grid", "grid")], "narrow": [("grid8", "grid8")], "mixed": [("grid", "grid8")]}


def read(lines):
    """corpus -> [(speaker, recording, unit embedding)]"""
    corpora = {}
    for line in map(json.loads, lines):
        if "embedding" in line:
            corpus, speaker, name = Path(line["file"]).stem.split("_")
            corpora.setdefault(corpus, []).append((speaker, name, np.array(line["embedding"])))
    return corpora


def scores(corpora, sets):
    """Scores of the same speaker and of others, the same recording never with itself."""
    same, other = [], []
    for one, two in sets:
        pairs = itertools.combinations(corpora[one], 2) if one == two else itertools.product(corpora[one], corpora[two])
        for (speaker_a, name_a, a), (speaker_b, name_b, b) in pairs:
            if (speaker_a, name_a) != (speaker_b, name_b):
                (same if speaker_a == speaker_b else other).append(float(a @ b))
    return np.array(same), np.array(other)


def equal_error(same, other):
    cuts = np.unique(np.concatenate([same, other]))
    misses = np.searchsorted(np.sort(same), cuts) / len(same)
    alarms = 1 - np.searchsorted(np.sort(other), cuts) / len(other)
    at = np.argmin(abs(misses - alarms))
    return float((misses[at] + alarms[at]) / 2), float(cuts[at])


def fit(same, other):
    """Slope and offset of the log odds over the score."""
    variance = (same.var() * len(same) + other.var() * len(other)) / (len(same) + len(other))
    slope = (same.mean() - other.mean()) / variance
    return slope, -slope * (same.mean() + other.mean()) / 2


def cost(log_odds_same, log_odds_other):
    """Cllr in bits: 0 is perfect, 1 is what saying nothing costs."""
    return float((np.log1p(np.exp(-log_odds_same)).mean() + np.log1p(np.exp(log_odds_other)).mean()) / 2 / np.log(2))


def figures(same, other, threshold, line):
    odds = [np.clip(line[0] * s + line[1], -BOUND, BOUND) for s in (same, other)]
    error, at = equal_error(same, other)
    return {"same_pairs": len(same), "other_pairs": len(other), "eer": round(error, 4), "eer_at": round(at, 3),
            "fnmr_at_threshold": round(float((same < threshold).mean()), 4),
            "fmr_at_threshold": round(float((other >= threshold).mean()), 4), "cllr_bits": round(cost(*odds), 3)}


def main():
    corpora = read(Path(sys.argv[1]).read_text().splitlines())
    tables = {"model": "campplus", "method": __doc__.split("\n\n")[2].replace("\n", " "),
              "limits": "5 + 3 speakers, one recording day each, English; pairs of one speaker are not independent. "
                        "Held out: GRID, 3 speakers with several recordings. No children, no noise, no other channel."}
    for pairing, threshold in THRESHOLDS.items():
        line = fit(*scores(corpora, FIT[pairing]))
        points = [[round((odds - line[1]) / line[0], 4), round(odds, 4)] for odds in np.linspace(-BOUND, BOUND, 9)]
        tables[pairing] = {"threshold": threshold, "points": points,
                           "fitted_on": figures(*scores(corpora, FIT[pairing]), threshold, line),
                           "held_out": figures(*scores(corpora, HELD_OUT[pairing]), threshold, line)}
        print(pairing, json.dumps(tables[pairing], indent=1))
    Path(sys.argv[2]).write_text(json.dumps(tables, indent=1) + "\n")


if __name__ == "__main__":
    main()
