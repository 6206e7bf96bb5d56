"""Trains, measures on speakers the models have never seen, then trains the weights that are shipped on everyone.

Each fold leaves whole speakers out of everything that is learnt; probabilities and thresholds for one fold's speakers are
fitted on the other fold's. The shipped calibration of reading is fitted on both folds together, that of the active speaker
on both and on recordings of many people outside studios (`wild.py`). `--only` takes one of the two parts and leaves the
weights and figures of the other as they are.
"""
import argparse
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

import agreement
import phones
import sync
import wild
import words
from data import Clips, split
from features import word_times
from lexicon import LOOKS_LIKE, PHONES
from reading_trials import Digits, Phrases, fit_reading, read_digits, read_sentences
from sync_trials import SyncRows, SyncScorer, figures, fit_sync

FOLDS = [("s4",), ("s31", "s2", "s3")]
SEEN = "seen speaker, shipped weights, held-out clips"


@dataclass
class Epochs:
    sync: int
    phones: int
    words: int


@dataclass
class ReadingFold:
    sentences: Phrases
    digits: Digits


def name(speakers) -> str:
    return "+".join(speakers)


def sync_fold(clips: Clips, times: dict, speakers, epochs: Epochs) -> SyncRows:
    print("sync, left out:", ", ".join(speakers), flush=True)
    labelled, _ = phones.label_all(clips, times, speakers)
    encoders, cohort = sync.fit(split(labelled, speakers), epochs.sync)
    return SyncScorer(encoders, cohort, labelled.of(*speakers), labelled).measure()


def reading_fold(clips: Clips, times: dict, speakers, epochs: Epochs) -> ReadingFold:
    print("reading, left out:", ", ".join(speakers), flush=True)
    labelled, sound = phones.label_all(clips, times, speakers)
    unseen = np.isin(clips.speaker, speakers)
    known, test, rng = labelled.take(~unseen), labelled.take(unseen), np.random.default_rng(7)
    lips, reader = phones.train(known, epochs.phones), words.train(known, epochs.words)
    return ReadingFold(read_sentences(lips, test, rng), read_digits(lips, sound, reader, test, rng))


def reading_figures(fold: ReadingFold, others: list[ReadingFold]) -> dict:
    rng, digits = np.random.default_rng(11), fold.digits
    by_lips, by_sound = fit_reading([f.digits.lips_alone for f in others]), fit_reading([f.digits.with_sound for f in others])
    return {
        "reading, GRID sentences, lips alone": fold.sentences.figures(rng),
        "reading, spliced digits, lips alone": digits.lips_alone.figures(rng, by_lips),
        "reading, spliced digits, words timed by the sound": digits.with_sound.figures(rng, by_sound),
        "reading, spliced digits, words' true times": digits.with_true_times.figures(rng),
        "words' ends by the sound, frames off": {"median": float(np.median(digits.misplaced)), "95 %": float(np.percentile(digits.misplaced, 95))},
    }


def read_all(clips: Clips, times: dict, epochs: Epochs, folder: Path, figures_of: dict) -> dict:
    """Folds and shipped weights of reading; its part of the calibration."""
    folds = {speakers: reading_fold(clips, times, speakers, epochs) for speakers in FOLDS}
    for speakers, fold in folds.items():
        figures_of.setdefault(name(speakers), {}).update(reading_figures(fold, [f for f in folds.values() if f is not fold]))
    labelled, sound = phones.label_all(clips, times)
    lips = phones.train(labelled, epochs.phones)
    phones.export(lips, sound, folder)
    words.export(words.train(labelled, epochs.words), folder)
    by_lips, by_sound = fit_reading([f.digits.lips_alone for f in folds.values()]), fit_reading([f.digits.with_sound for f in folds.values()])
    return {
        "reading": {"ratio_per_word": by_lips.weights[0], "bias": by_lips.bias, "threshold": 0.5},
        "digits": {"evidence_per_word": by_sound.weights[0], "bias": by_sound.bias, "threshold": 0.5},
        "phones": PHONES,
        "borrowed": {p: LOOKS_LIKE[p] for p in sorted({*lips.borrowed, *sound.borrowed})},
    }


def sync_all(clips: Clips, times: dict, epochs: Epochs, folder: Path, figures_of: dict, people: Path | None) -> dict:
    """Folds and shipped weights of sync; its part of the calibration."""
    folds = {speakers: sync_fold(clips, times, speakers, epochs) for speakers in FOLDS}
    labelled, _ = phones.label_all(clips, times)
    parts = split(labelled, ())
    encoders, cohort = sync.fit(parts, epochs.sync)
    sync.export(encoders, folder)
    cohort.save(folder / "avsync_cohort.bin")
    trials = wild.trials(people, encoders, cohort) if people else []
    rng = np.random.default_rng(11)
    for speakers, rows in folds.items():
        fit = wild.fit([m for m in folds.values() if m is not rows], trials)
        figures_of.setdefault(name(speakers), {})["active speaker"] = figures(rows, fit, rng)
    everyone = wild.fit(list(folds.values()), trials)
    seen = SyncScorer(encoders, cohort, parts.check, labelled).measure()
    figures_of[SEEN] = {"active speaker": figures(seen, everyone, np.random.default_rng(1))}
    if trials:
        figures_of["outside studios, each person left out"] = {"active speaker": wild.figures(list(folds.values()), trials)}
    weights = dict(zip(agreement.SCORES, map(float, everyone.weights)))
    return {"active_speaker": {**weights, "bias": everyone.bias, "threshold": 0.5, "undecided_from": wild.UNDECIDED_FROM, "accepted_lag_frames": agreement.ACCEPTED}}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("grid", type=Path, help="the GRID folder, for its word times")
    parser.add_argument("--features", type=Path, default=Path("build/features.npz"))
    parser.add_argument("--wild", type=Path, help="features of recordings outside studios (wild.py), for calibration alone")
    parser.add_argument("--only", choices=("sync", "reading"))
    parser.add_argument("--epochs", type=int, nargs=3, default=(40, 20, 20), metavar=("SYNC", "PHONES", "WORDS"))
    parser.add_argument("--out", type=Path, default=Path("weights"))
    options = parser.parse_args()
    torch.set_num_threads(1)
    clips, times, epochs = Clips.load(options.features), word_times(options.grid), Epochs(*options.epochs)
    known = lambda file: json.loads((options.out / file).read_text()) if options.only else {}
    calibration, measured = known("lips_calibration.json"), known("figures.json")
    if options.only != "sync":
        calibration |= read_all(clips, times, epochs, options.out, measured)
    if options.only != "reading":
        calibration |= sync_all(clips, times, epochs, options.out, measured, options.wild)
    print(json.dumps(measured, indent=1), flush=True)
    (options.out / "lips_calibration.json").write_text(json.dumps(calibration, indent=1) + "\n")
    (options.out / "figures.json").write_text(json.dumps(measured, indent=1) + "\n")


if __name__ == "__main__":
    main()
