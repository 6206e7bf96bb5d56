"""Trains, measures on speakers the models have never seen, then trains the weights that are shipped on everyone.

Each fold leaves whole speakers out of training and cohort; probabilities and thresholds for one fold's speakers are
fitted on the other fold's. The shipped calibration is fitted on both folds together.
"""
import argparse
import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch

import phones
import sync
import viterbi
from data import Clips, split
from features import log_mels, word_times
from lexicon import DIGITS, GRID_SLOTS, LOOKS_LIKE, PHONES, sentence

FOLDS = [("s4",), ("s31", "s2", "s3")]
SHIFTS = {"shift 0.2 s": 5, "shift 0.4 s": 10, "shift 0.8 s": 20}
FITTED_ON = ("another clip", "shift 0.4 s", "shift 0.8 s")


def auc(positive, negative) -> float:
    p, n = np.asarray(positive)[:, None], np.asarray(negative)[None]
    return float((p > n).mean() + 0.5 * (p == n).mean())


def auc_interval(positive, groups, rng, rounds=1000) -> list[float]:
    """95 % bootstrap over clips; groups[i] holds the negatives that share clip i."""
    n, draws = len(positive), []
    for _ in range(rounds):
        index = rng.integers(0, n, n)
        draws.append(auc(positive[index], np.concatenate([groups[i] for i in index])))
    return [float(q) for q in np.percentile(draws, [2.5, 97.5])]


def wilson(hits: int, n: int) -> list[float]:
    p, z = hits / n, 1.96
    centre, half = p + z * z / (2 * n), z * np.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return [float((centre - half) / (1 + z * z / n)), float((centre + half) / (1 + z * z / n))]


def rate(flags) -> dict:
    flags = np.asarray(flags, bool)
    return {"value": float(flags.mean()), "n": len(flags), "interval": wilson(int(flags.sum()), len(flags))}


@dataclass
class Logistic:
    """p = 1 / (1 + exp(-(bias + weights . x))), both classes weighing the same whatever their number."""

    weights: np.ndarray
    bias: float

    @classmethod
    def fit(cls, positive, negative, ridge: float = 1e-3, rounds: int = 50) -> "Logistic":
        x = np.concatenate([positive, negative])
        middle, spread = x.mean(0), x.std(0)
        x = np.concatenate([(x - middle) / spread, np.ones((len(x), 1))], 1)
        y = np.concatenate([np.ones(len(positive)), np.zeros(len(negative))])
        share = np.where(y == 1, 0.5 / len(positive), 0.5 / len(negative))
        w, penalty = np.zeros(x.shape[1]), ridge * np.eye(x.shape[1])
        penalty[-1, -1] = 0
        for _ in range(rounds):
            p = 1 / (1 + np.exp(-x @ w))
            gradient = x.T @ (share * (p - y)) + penalty @ w
            w -= np.linalg.solve((x.T * (share * p * (1 - p))) @ x + penalty + 1e-9 * np.eye(len(w)), gradient)
        weights = w[:-1] / spread
        return cls(weights, float(w[-1] - weights @ middle))

    def __call__(self, x) -> np.ndarray:
        return 1 / (1 + np.exp(-(np.asarray(x) @ self.weights + self.bias)))


@dataclass
class SyncRows:
    """One row [s-norm, lead, aperture correlation] a trial, by kind; `true` and `another clip` in the order of the clips."""

    rows: dict[str, np.ndarray]
    raw: dict[str, np.ndarray]
    lags: np.ndarray

    def negatives(self, kinds) -> np.ndarray:
        return np.concatenate([self.rows[k] for k in kinds])


@dataclass
class SyncFit:
    """Logistic where lips and sound agree best when in sync (lead above 0); else that, but no more than a small
    probability by the rule of succession."""

    leading: Logistic
    trailing: float

    @classmethod
    def fit(cls, true, negative) -> "SyncFit":
        leads = lambda rows: rows[:, 1] > 0
        true_share, negative_share = ((np.sum(~leads(rows)) + 1) / (len(rows) + 2) for rows in (true, negative))
        return cls(Logistic.fit(true[leads(true)], negative[leads(negative)]), float(true_share / (true_share + negative_share)))

    def __call__(self, rows) -> np.ndarray:
        p = self.leading(rows)
        return np.where(rows[:, 1] > 0, p, np.minimum(p, self.trailing))


class SyncScorer:
    def __init__(self, encoders, cohort, clips: Clips):
        self.cohort, self.clips = cohort, clips
        self.v, self.a = encoders.lips(clips.lips), encoders.sound(clips.mels)
        frames = clips.lips.shape[1]
        rng = np.random.default_rng(0)
        noise = rng.normal(0, 0.05, frames * 640)
        self.silence = encoders.sound(log_mels(np.zeros(1), frames)[None])[0]
        self.noise = encoders.sound(log_mels(noise, frames)[None])[0]
        self.still = encoders.lips(rng.normal(0, 0.05, clips.lips[:1].shape))[0]

    def row(self, v, a, aperture, energy):
        raw, lag = sync.best_within(v, a)
        return [sync.normalised_score(v, a, self.cohort), sync.lead(v, a), sync.aperture_correlation(aperture, energy, lag)], raw

    def measure(self) -> SyncRows:
        c, n = self.clips, len(self.clips)
        trials: dict[str, list] = {"true": [], "another clip": [], **{k: [] for k in SHIFTS}, "silence": [], "noise": [], "still face": []}
        flat = np.zeros(c.aperture.shape[1])
        for i in range(n):
            v, a, ap, en = self.v[i], self.a[i], c.aperture[i], c.energy[i]
            trials["true"].append(self.row(v, a, ap, en))
            trials["another clip"] += [self.row(v, self.a[j], ap, c.energy[j]) for j in range(n) if j != i]
            for kind, k in SHIFTS.items():
                trials[kind] += [self.row(v[:-k], a[k:], ap[:-k], en[k:]), self.row(v[k:], a[:-k], ap[k:], en[:-k])]
            trials["silence"].append(self.row(v, self.silence, ap, flat))
            trials["noise"].append(self.row(v, self.noise, ap, flat))
            trials["still face"].append(self.row(self.still, a, flat, en))
        lags = np.array([sync.profile(v, a).argmax() - sync.LAGS for v, a in zip(self.v, self.a)])
        return SyncRows({k: np.array([r for r, _ in t]) for k, t in trials.items()}, {k: np.array([x for _, x in t]) for k, t in trials.items()}, lags)


def sync_figures(rows: SyncRows, calibration: SyncFit, rng) -> dict:
    score = {kind: calibration(r) for kind, r in rows.rows.items()}
    n = len(score["true"])
    others = score["another clip"].reshape(n, n - 1)
    figures = {"clips": n, "auc": {}, "apcer": {}, "bpcer": rate(score["true"] < 0.5), "lag within one frame": rate(np.abs(rows.lags) <= 1)}
    for kind in score:
        if kind != "true":
            figures["auc"][kind] = auc(score["true"], score[kind])
            figures["apcer"][kind] = rate(score[kind] >= 0.5)
    figures["auc interval, another clip"] = auc_interval(score["true"], others, rng)
    figures["auc, another clip, s-norm alone"] = auc(rows.rows["true"][:, 0], rows.rows["another clip"][:, 0])
    figures["auc, another clip, aperture alone"] = auc(rows.rows["true"][:, 2], rows.rows["another clip"][:, 2])
    figures["auc, another clip, raw cosine"] = auc(rows.raw["true"], rows.raw["another clip"])
    return figures


@dataclass
class Phrases:
    """Log-likelihood ratios a word of true, random and one-word-wrong phrases, and which of them the true one beats."""

    true: list = field(default_factory=list)
    random: list = field(default_factory=list)
    one_wrong: list = field(default_factory=list)
    beats_random: list = field(default_factory=list)
    beats_one_wrong: list = field(default_factory=list)
    errors: list = field(default_factory=list)

    def add(self, emission, words, randoms, wrongs, slots) -> None:
        reading = phones.read(emission, words, slots)

        def ratio(other):
            return (viterbi.best_path(emission, phones.phrase_network(other))[0] - reading.best) / len(words)

        r, w = [ratio(x) for x in randoms], [ratio(x) for x in wrongs]
        self.true.append(reading.ratio)
        self.random += r
        self.one_wrong += w
        self.beats_random.append(np.mean([reading.ratio > x for x in r]))
        self.beats_one_wrong.append(np.mean([reading.ratio > x for x in w]))
        self.errors.append(np.mean([read != said for read, said in zip(reading.words, words)]))

    def figures(self, rng) -> dict:
        def mean(values):
            draws = [np.mean(rng.choice(values, len(values))) for _ in range(1000)]
            return {"value": float(np.mean(values)), "n": len(values), "interval": [float(q) for q in np.percentile(draws, [2.5, 97.5])]}

        return {
            "beats a random phrase": mean(self.beats_random),
            "beats a phrase with one wrong digit": mean(self.beats_one_wrong),
            "word error rate, number of words known": mean(self.errors),
            "auc of the ratio, random phrases": auc(self.true, self.random),
            "auc of the ratio, one wrong digit": auc(self.true, self.one_wrong),
        }


def read_sentences(emissions, clips: Clips, rng) -> Phrases:
    """Whole GRID sentences as they were spoken, read with GRID's grammar."""
    out = Phrases()
    for emission, name in zip(emissions.of(clips.lips), clips.clip):
        words = sentence(name)
        randoms = [[str(rng.choice(list(slot.values()))) for slot in GRID_SLOTS] for _ in range(20)]
        wrongs = [words[:4] + [digit] + words[5:] for digit in DIGITS if digit != words[4]]
        out.add(emission, words, randoms, wrongs, [list(slot.values()) for slot in GRID_SLOTS])
    return out


def read_digits(emissions, clips: Clips, digits: np.ndarray, rng, strings=60, length=5) -> Phrases:
    """Five digits spliced from one speaker's sentences, read with the digits alone; speakers with fewer than 6 different digits are left out."""
    out = Phrases()
    spoken = np.array([sentence(name)[4] for name in clips.clip])
    speakers = [s for s in np.unique(clips.speaker) if len(set(spoken[clips.speaker == s])) >= 6]
    for k in range(strings):
        mine = np.flatnonzero(clips.speaker == speakers[k % len(speakers)])
        picked = rng.choice(mine, length, replace=False)
        rest = [clips.lips[i][:5] for i in picked]
        parts = [np.concatenate([pause, clips.lips[i][slice(*digits[i])]]) for pause, i in zip(rest, picked)]
        emission = emissions.of(np.concatenate([*parts, rest[-1]])[None])[0]
        words = list(spoken[picked])
        randoms = [[str(d) for d in rng.choice(DIGITS, length)] for _ in range(20)]
        wrongs = [words[:p] + [d] + words[p + 1 :] for p in range(length) for d in DIGITS if d != words[p]]
        out.add(emission, words, [r for r in randoms if r != words], wrongs, [DIGITS] * length)
    return out


@dataclass
class Fold:
    speakers: tuple[str, ...]
    sync: SyncRows
    sentences: Phrases
    digits: Phrases


def run_fold(clips: Clips, labels, speakers, epochs) -> Fold:
    print("left out:", ", ".join(speakers), flush=True)
    unseen = np.isin(clips.speaker, speakers)
    test, rng = clips.take(unseen), np.random.default_rng(7)
    encoders, cohort = sync.fit(split(clips, speakers), epochs)
    emissions = phones.train(clips.take(~unseen), labels.phones[~unseen], epochs)
    rows = SyncScorer(encoders, cohort, test).measure()
    return Fold(speakers, rows, read_sentences(emissions, test, rng), read_digits(emissions, test, labels.digits[unseen], rng))


def fit_sync(folds: list[Fold]) -> "SyncFit":
    return SyncFit.fit(np.concatenate([f.sync.rows["true"] for f in folds]), np.concatenate([f.sync.negatives(FITTED_ON) for f in folds]))


def fit_reading(folds: list[Fold]) -> Logistic:
    column = lambda kind: np.concatenate([getattr(f.digits, kind) for f in folds])[:, None]
    return Logistic.fit(column("true"), column("random"))


def figures_of(folds: list[Fold]) -> dict:
    """Each fold's speakers, judged with the calibration fitted on the others."""
    out, rng = {}, np.random.default_rng(11)
    for fold in folds:
        others = [f for f in folds if f is not fold]
        reading = fit_reading(others)
        held = lambda values: np.asarray(values)[:, None]
        out["+".join(fold.speakers)] = {
            "active speaker": sync_figures(fold.sync, fit_sync(others), rng),
            "reading, GRID sentences": fold.sentences.figures(rng),
            "reading, spliced digits": fold.digits.figures(rng)
            | {"true below one half": rate(reading(held(fold.digits.true)) < 0.5), "random at or above one half": rate(reading(held(fold.digits.random)) >= 0.5)},
        }
    return out


def calibration_of(folds: list[Fold], emissions) -> dict:
    active, reading = fit_sync(folds), fit_reading(folds)
    return {
        "active_speaker": {"s_norm": active.leading.weights[0], "lead": active.leading.weights[1], "aperture_correlation": active.leading.weights[2], "bias": active.leading.bias, "trailing": active.trailing, "threshold": 0.5, "absorbed_lag_frames": sync.ABSORB, "lag_range_frames": sync.LAGS},
        "reading": {"ratio_per_word": reading.weights[0], "bias": reading.bias, "threshold": 0.5},
        "phones": PHONES,
        "borrowed": {p: LOOKS_LIKE[p] for p in emissions.borrowed},
    }


def ship(clips: Clips, labels, epochs: int, folder: Path):
    """Everyone's clips, cohort and a seen-speaker check held out."""
    parts = split(clips, ())
    folder.mkdir(parents=True, exist_ok=True)
    encoders, cohort = sync.fit(parts, epochs)
    emissions = phones.train(clips, labels.phones, epochs)
    sync.export(encoders, folder)
    cohort.save(folder / "avsync_cohort.bin")
    phones.export(emissions, folder)
    seen = SyncScorer(encoders, cohort, parts.check).measure()
    return emissions, seen


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("grid", type=Path, help="the GRID folder, for its word times")
    parser.add_argument("--features", type=Path, default=Path("build/features.npz"))
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--out", type=Path, default=Path("weights"))
    options = parser.parse_args()
    torch.set_num_threads(1)
    clips = Clips.load(options.features)
    labels = phones.label_all(clips, word_times(options.grid), epochs=8)
    folds = [run_fold(clips, labels, speakers, options.epochs) for speakers in FOLDS]
    figures = figures_of(folds)
    print(json.dumps(figures, indent=1))
    emissions, seen = ship(clips, labels, options.epochs, options.out)
    figures["seen speaker, shipped weights, held-out clips"] = {"active speaker": sync_figures(seen, fit_sync(folds), np.random.default_rng(1))}
    (options.out / "lips_calibration.json").write_text(json.dumps(calibration_of(folds, emissions), indent=1) + "\n")
    (options.out / "figures.json").write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
