"""Trains, measures on speakers the models have never seen, then trains the weights that are shipped on everyone.

Each fold leaves whole speakers out of everything that is learnt; probabilities and thresholds for one fold's speakers are
fitted on the other fold's. The shipped calibration is fitted on both folds together.
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
import words
from data import Clips, split
from features import word_times
from lexicon import LOOKS_LIKE, PHONES
from reading_trials import Digits, Phrases, fit_reading, read_digits, read_sentences
from sync_trials import SyncFit, SyncRows, SyncScorer, figures

FOLDS = [("s4",), ("s31", "s2", "s3")]


@dataclass
class Epochs:
    sync: int
    phones: int
    words: int


@dataclass
class Fold:
    speakers: tuple[str, ...]
    sync: SyncRows
    sentences: Phrases
    digits: Digits


def run_fold(clips: Clips, times: dict, speakers, epochs: Epochs) -> Fold:
    print("left out:", ", ".join(speakers), flush=True)
    labelled, sound = phones.label_all(clips, times, speakers)
    unseen = np.isin(clips.speaker, speakers)
    known, test, rng = labelled.take(~unseen), labelled.take(unseen), np.random.default_rng(7)
    lips, reader = phones.train(known, epochs.phones), words.train(known, epochs.words)
    sentences, digits = read_sentences(lips, test, rng), read_digits(lips, sound, reader, test, rng)
    print(json.dumps(reading_figures(sentences, digits, None, None)), flush=True)
    encoders, cohort = sync.fit(split(labelled, speakers), epochs.sync)
    return Fold(speakers, SyncScorer(encoders, cohort, test, labelled).measure(), sentences, digits)


def reading_figures(sentences: Phrases, digits: Digits, lips_fit, sound_fit) -> dict:
    rng = np.random.default_rng(11)
    return {
        "reading, GRID sentences, lips alone": sentences.figures(rng),
        "reading, spliced digits, lips alone": digits.lips_alone.figures(rng, lips_fit),
        "reading, spliced digits, words timed by the sound": digits.with_sound.figures(rng, sound_fit),
        "reading, spliced digits, words' true times": digits.with_true_times.figures(rng),
        "words' ends by the sound, frames off": {"median": float(np.median(digits.misplaced)), "95 %": float(np.percentile(digits.misplaced, 95))},
    }


def figures_of(folds: list[Fold]) -> dict:
    """Each fold's speakers, judged with the calibration fitted on the others."""
    out, rng = {}, np.random.default_rng(11)
    for fold in folds:
        others = [f for f in folds if f is not fold]
        lips_fit, sound_fit = fit_reading([f.digits.lips_alone for f in others]), fit_reading([f.digits.with_sound for f in others])
        active = figures(fold.sync, SyncFit.fit([f.sync for f in others]), rng)
        out["+".join(fold.speakers)] = {"active speaker": active, **reading_figures(fold.sentences, fold.digits, lips_fit, sound_fit)}
    return out


def calibration_of(folds: list[Fold], lips: phones.Emissions, sound: phones.Emissions) -> dict:
    active = SyncFit.fit([f.sync for f in folds])
    by_lips, by_sound = fit_reading([f.digits.lips_alone for f in folds]), fit_reading([f.digits.with_sound for f in folds])
    weights = dict(zip(agreement.SCORES, active.leading.weights))
    lags = {"absorbed_lag_frames": agreement.ABSORB, "lag_range_frames": agreement.LAGS}
    return {
        "active_speaker": {**weights, "bias": active.leading.bias, "trailing": active.trailing, "threshold": 0.5, **lags},
        "reading": {"ratio_per_word": by_lips.weights[0], "bias": by_lips.bias, "threshold": 0.5},
        "digits": {"evidence_per_word": by_sound.weights[0], "bias": by_sound.bias, "threshold": 0.5},
        "phones": PHONES,
        "borrowed": {p: LOOKS_LIKE[p] for p in sorted({*lips.borrowed, *sound.borrowed})},
    }


def ship(clips: Clips, times: dict, epochs: Epochs, folder: Path):
    """Everyone's clips, cohort and a seen-speaker check held out."""
    labelled, sound = phones.label_all(clips, times)
    parts = split(labelled, ())
    folder.mkdir(parents=True, exist_ok=True)
    lips = phones.train(labelled, epochs.phones)
    phones.export(lips, sound, folder)
    words.export(words.train(labelled, epochs.words), folder)
    encoders, cohort = sync.fit(parts, epochs.sync)
    sync.export(encoders, folder)
    cohort.save(folder / "avsync_cohort.bin")
    return lips, sound, SyncScorer(encoders, cohort, parts.check, labelled).measure()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("grid", type=Path, help="the GRID folder, for its word times")
    parser.add_argument("--features", type=Path, default=Path("build/features.npz"))
    parser.add_argument("--epochs", type=int, nargs=3, default=(40, 20, 20), metavar=("SYNC", "PHONES", "WORDS"))
    parser.add_argument("--out", type=Path, default=Path("weights"))
    options = parser.parse_args()
    torch.set_num_threads(1)
    clips, times, epochs = Clips.load(options.features), word_times(options.grid), Epochs(*options.epochs)
    folds = [run_fold(clips, times, speakers, epochs) for speakers in FOLDS]
    measured = figures_of(folds)
    print(json.dumps(measured, indent=1), flush=True)
    lips, sound, seen = ship(clips, times, epochs, options.out)
    measured["seen speaker, shipped weights, held-out clips"] = {"active speaker": figures(seen, SyncFit.fit([f.sync for f in folds]), np.random.default_rng(1))}
    (options.out / "lips_calibration.json").write_text(json.dumps(calibration_of(folds, lips, sound), indent=1) + "\n")
    (options.out / "figures.json").write_text(json.dumps(measured, indent=1) + "\n")


if __name__ == "__main__":
    main()
