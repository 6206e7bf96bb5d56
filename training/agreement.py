"""How well unit vectors of lips and sound agree at each lag, and the scores of one clip that follow from it.

Sound that the lips make has one clear peak, at the lag of the device; other sound has none. The sound's loud frames weigh
most: pauses agree with pauses whichever person speaks, and dilute what the words say.
"""
import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from data import smooth

ACCEPTED = 6  # frames of lag either way that a device may add: .24 s
MAX_LAG = 40  # frames of lag that are searched, or two fifths of a shorter clip
PEAK_WIDTH = 5  # frames next to the peak that belong to it
QUIET = 0.05  # weight of the quietest frames; the loudest have 1 more
MIN_DEVIATION = 1e-3


def loudness(energy: np.ndarray) -> np.ndarray:
    """Each frame's place between the 10th and the 95th percentile of the clip's log energy [T], 0..1."""
    ordered = np.sort(energy)
    low, high = (ordered[int(np.floor((len(energy) - 1) * share + 0.5))] for share in (0.1, 0.95))
    return np.clip((energy - low) / max(high - low, 1e-3), 0, 1).astype(np.float32)


def shifted(v, a, lag: int):
    """The frames of both that meet when the second is read `lag` frames later."""
    t = len(v)
    return v[max(0, -lag) : t - max(0, lag)], a[max(0, lag) : t - max(0, -lag)]


def profile(v: np.ndarray, a: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The lags that are searched, and the mean cosine at each, the sound's frames weighted; a positive lag means late sound."""
    def mean(lag):
        (x, y), (_, w) = shifted(v, a, lag), shifted(v, weight, lag)
        return (np.einsum("td,td->t", x, y) @ w) / w.sum()

    most = min(MAX_LAG, 2 * len(v) // 5)
    lags = np.arange(-most, most + 1)
    return lags, np.array([mean(lag) for lag in lags])


def best_of_all(v: np.ndarray, a: np.ndarray, weight: np.ndarray, accepted: int = ACCEPTED) -> np.ndarray:
    """Mean cosine at the best accepted lag of every lips [M, T, D] with every sound [N, T, D] -> [M, N]."""
    t, best = v.shape[1], np.full((len(v), len(a)), -1.0)
    for lag in range(-accepted, accepted + 1):
        x, y = v[:, max(0, -lag) : t - max(0, lag)], a[:, max(0, lag) : t - max(0, -lag)]
        w = weight[:, max(0, lag) : t - max(0, -lag)]
        scores = x.reshape(len(x), -1) @ (y * w[..., None]).reshape(len(y), -1).T / w.sum(1)
        best = np.maximum(best, scores)
    return best


@dataclass
class Cohort:
    """Vectors [N, T, 32] of other people's lips and sounds, and the sounds' loudness [N, T]."""

    visual: np.ndarray
    audio: np.ndarray
    loud: np.ndarray

    @classmethod
    def of(cls, encoders, clips) -> "Cohort":
        loud = np.stack([loudness(e) for e in clips.energy])
        return cls(encoders.lips(clips.lips), encoders.sound(clips.mels), loud).quantised()

    def quantised(self) -> "Cohort":
        """As stored: signed bytes over 127, loudness as bytes over 255."""
        vectors = (np.round(x * 127).astype(np.int8).astype(np.float32) / 127 for x in (self.visual, self.audio))
        return Cohort(*vectors, np.round(self.loud * 255).astype(np.float32) / 255)

    def save(self, path: Path) -> None:
        """Little endian: b"AVC2", u32 clips, frames, dimensions; visual and audio as i8 [clips, frames, dimensions]; loudness as u8."""
        packed = [np.round(x * 127).astype(np.int8).tobytes() for x in (self.visual, self.audio)]
        header = b"AVC2" + struct.pack("<III", *self.visual.shape)
        path.write_bytes(header + b"".join(packed) + np.round(self.loud * 255).astype(np.uint8).tobytes())

    @classmethod
    def load(cls, path: Path) -> "Cohort":
        data = path.read_bytes()
        shape = struct.unpack("<III", data[4:16])
        both = np.frombuffer(data, np.int8, 2 * int(np.prod(shape)), 16).reshape(2, *shape).astype(np.float32) / 127
        loud = np.frombuffer(data, np.uint8, shape[0] * shape[1], 16 + both.size).reshape(shape[:2])
        return cls(both[0], both[1], loud.astype(np.float32) / 255)

    def score(self, v: np.ndarray, a: np.ndarray, weight: np.ndarray) -> float:
        """The s-norm of one window, against the others' clips cut to its length."""
        with_lips = best_of_all(v[None], self.audio[:, : len(v)], self.loud[:, : len(v)] + QUIET)[0]
        with_sound = best_of_all(self.visual[:, : len(v)], a[None], weight[None])[:, 0]
        raw = best_of_all(v[None], a[None], weight[None])[0, 0]
        return 0.5 * sum((raw - s.mean()) / max(s.std(), 1e-3) for s in (with_lips, with_sound))


def windows(frames: int, length: int) -> list[tuple[int, int]]:
    """As few stretches of `length` frames as cover the clip, spread evenly; the whole clip when it is no longer."""
    if frames <= length:
        return [(0, frames)]
    count = -(-frames // length)
    starts = [k * (frames - length) // (count - 1) for k in range(count)]
    return [(start, start + length) for start in starts]


def normalised_score(v: np.ndarray, a: np.ndarray, weight: np.ndarray, cohort: Cohort) -> float:
    """Mean s-norm over windows as long as the cohort's clips, so that a long clip's score means what a short one's does."""
    parts = windows(len(v), cohort.audio.shape[1])
    return float(np.mean([cohort.score(v[i:j], a[i:j], weight[i:j]) for i, j in parts]))


def aperture_correlation(aperture: np.ndarray, energy: np.ndarray, lag: int = 0) -> float:
    """Pearson correlation of the changes of mouth opening and of sound energy, the sound read `lag` frames later."""
    a, e = shifted(np.gradient(smooth(aperture, 0)), np.gradient(smooth(energy, 0)), lag)
    a, e = a - a.mean(), e - e.mean()
    return float((a @ e) / (np.sqrt((a @ a) * (e @ e)) + 1e-9))


SCORES = ("agreement", "s_norm", "prominence", "lead", "aperture_correlation")


def scores(v, a, aperture, energy, cohort: Cohort) -> list[float]:
    """One clip's `SCORES`: the highest mean cosine at an accepted lag, the same against the cohort, how many deviations of the
    other lags it stands above their mean, how far above the best lag that is not accepted, and the correlation of opening and loudness at its lag."""
    weight = loudness(energy) + QUIET
    lags, cosines = profile(v, a, weight)
    accepted = np.abs(lags) <= ACCEPTED
    peak = int(lags[accepted][cosines[accepted].argmax()])
    height = cosines[lags == peak][0]
    others = cosines[np.abs(lags - peak) > PEAK_WIDTH]
    prominence = (height - others.mean()) / max(others.std(), MIN_DEVIATION)
    lead = height - cosines[~accepted].max()
    return [float(height), normalised_score(v, a, weight, cohort), float(prominence), float(lead), aperture_correlation(aperture, energy, peak)]


def best_lag(v, a, energy) -> int:
    """The lag with the highest mean cosine of all that are searched."""
    lags, cosines = profile(v, a, loudness(energy) + QUIET)
    return int(lags[cosines.argmax()])
