"""Recordings of people outside studios: features of a folder of them, trials, and the calibration of the active speaker.

Nothing is trained on them. The networks never see them; only the few numbers that turn scores into a probability are fitted
on them, and what is reported of a person is judged by a fit that left that person out, as video and as sound.

    wild.py FOLDER OUT.npz    `labels.tsv` in FOLDER names each file's `label`, `species` and `person_guess`
"""
import csv
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from agreement import ACCEPTED, Cohort, scores
from features import lip_features, log_energy, log_mels
from stats import Logistic, auc, rate
from sync_trials import COST, FITTED_ON, TRUE, SyncRows
from track import Detector, Mesh, read_frames, read_sound, track

UNDECIDED_FROM = 0.1
MIN_OPENING, MIN_ENERGY_SPREAD = 0.035, 2.0  # what `crates/lips` refuses to judge
LATE = {"own sound 0.4 s late": 10, "own sound 0.6 s late": 15, "own sound 0.8 s late": 20, "own sound 0.4 s early": -10}
OWN, SWAP = "own sound", "another person's sound"
FOLDS = 6


def spread(x: np.ndarray, low: float, high: float) -> float:
    ordered = np.sort(x)
    at = lambda share: ordered[int(np.floor((len(x) - 1) * share + 0.5))]
    return float(at(high) - at(low))


def build(folder: Path, models: Path, out: Path) -> None:
    detector, mesh = Detector(models / "yunet.onnx"), Mesh(models / "face_mesh.onnx")
    found = []
    for row in csv.DictReader((folder / "labels.tsv").open(), delimiter="\t"):
        if row["label"] != "real":
            continue
        landmarks = track(read_frames(folder / row["file"]), detector, mesh)
        if landmarks is None:
            continue
        lips, aperture = lip_features(landmarks)
        sound = read_sound(folder / row["file"]) if row["sound"] == "yes" else np.zeros(0, np.float32)
        energy = log_energy(sound, len(lips))
        own = row["species"] == "own_sound" and spread(energy, 0.1, 0.95) >= MIN_ENERGY_SPREAD
        if spread(aperture, 0.1, 0.9) >= MIN_OPENING:
            found.append(dict(person=row["person_guess"], own=own, lips=lips, aperture=aperture, mels=log_mels(sound, len(lips)), energy=energy))
    np.savez(out, clips=np.array(found, dtype=object))


@dataclass
class Trial:
    kind: str
    lips_of: str
    sound_of: str
    row: list[float]


def trials(file: Path, encoders, cohort: Cohort) -> list[Trial]:
    clips = list(np.load(file, allow_pickle=True)["clips"])
    for clip in clips:
        clip["v"] = encoders.lips(clip["lips"][None])[0]
        clip["a"] = encoders.sound(clip["mels"][None])[0]
    return [trial for clip in clips for trial in trials_of(clip, clips, cohort)]


def trials_of(clip: dict, clips: list[dict], cohort: Cohort) -> list[Trial]:
    v, ap = clip["v"], clip["aperture"]
    out = []
    if clip["own"]:
        a, en, person = clip["a"], clip["energy"], clip["person"]
        out.append(Trial(OWN, person, person, scores(v, a, ap, en, cohort)))
        for kind, lag in LATE.items():
            x, y = (slice(lag, None), slice(None, -lag)) if lag > 0 else (slice(None, lag), slice(-lag, None))
            out.append(Trial(kind, person, person, scores(v[x], a[y], ap[x], en[y], cohort)))
    for other in clips:
        if other["own"] and other["person"] != clip["person"]:
            n = min(len(v), len(other["a"]))
            out.append(Trial(SWAP, clip["person"], other["person"], scores(v[:n], other["a"][:n], ap[:n], other["energy"][:n], cohort)))
    return out


def rows(trials: list[Trial], *kinds: str) -> np.ndarray:
    return np.array([t.row for t in trials if t.kind in kinds])


def fit(studio: list[SyncRows], trials: list[Trial]) -> Logistic:
    """One logistic for studios and for recordings outside them, each kind of trial weighing the same."""
    pooled = lambda kind: np.concatenate([m.rows[kind] for m in studio])
    own, false = [pooled(TRUE)], [pooled(kind) for kind in FITTED_ON]
    if trials:
        own, false = [*own, rows(trials, OWN)], [*false, rows(trials, SWAP), rows(trials, *LATE)]
    return Logistic.fit(own, false, COST)


def left_out(studio: list[SyncRows], trials: list[Trial]) -> list[tuple[Trial, float]]:
    """Each trial with the probability by a fit that knows neither its lips nor, where they are the person's own, its sound."""
    people = sorted({t.lips_of for t in trials})
    judged = []
    for k in range(FOLDS):
        out = set(people[k::FOLDS])
        by = fit(studio, [t for t in trials if not out & {t.lips_of, t.sound_of}])
        test = [t for t in trials if t.lips_of in out]
        judged += zip(test, by(np.array([t.row for t in test])))
    return judged


def figures(studio: list[SyncRows], trials: list[Trial]) -> dict:
    judged = left_out(studio, trials)
    of = lambda *kinds: np.array([p for t, p in judged if t.kind in kinds])
    kinds = [SWAP, *LATE]
    return {
        "people": len({t.lips_of for t, _ in judged if t.kind == OWN}),
        "accepted lag, frames": ACCEPTED,
        "bpcer": rate(of(OWN) < 0.5),
        "below the undecided band": rate(of(OWN) < UNDECIDED_FROM),
        "apcer": {kind: rate(of(kind) >= 0.5) for kind in kinds},
        "auc": {kind: auc(of(OWN), of(kind)) for kind in kinds},
    }


if __name__ == "__main__":
    build(Path(sys.argv[1]), Path("../models"), Path(sys.argv[2]))
