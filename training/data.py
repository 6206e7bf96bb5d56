"""The feature file in memory, its split, and the augmentation both models share."""
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from features import LIPS, normalise_mels

HALF = len(LIPS) // 2
# The lip outlines run round the mouth from corner to corner, so left and right swap by counting backwards from 10.
MIRRORED = np.concatenate([(10 - np.arange(HALF)) % HALF, HALF + (10 - np.arange(HALF)) % HALF])

ONE_SIDE = [*range(6), *range(15, HALF), *range(HALF, HALF + 6), *range(HALF + 15, 2 * HALF)]


@dataclass
class Clips:
    """Stacked clips: speaker [N], clip [N], lips [N, T, 120], aperture [N, T], mels [N, 4T, 40] raw, energy [N, T].

    `phones.label_all` adds the timing of the speech: phones [N, T], and the frames of the six words [N, 6, 2], fractions included.
    """

    speaker: np.ndarray
    clip: np.ndarray
    lips: np.ndarray
    aperture: np.ndarray
    mels: np.ndarray
    energy: np.ndarray
    phones: np.ndarray
    spans: np.ndarray

    @classmethod
    def load(cls, path: Path) -> "Clips":
        with np.load(path) as file:
            stored = {key: file[key] for key in file.files}
        n, frames = stored["energy"].shape
        return cls(**stored, phones=np.zeros((n, frames), int), spans=np.zeros((n, 6, 2)))

    def take(self, index) -> "Clips":
        return Clips(**{key: getattr(self, key)[index] for key in self.__dataclass_fields__})

    def of(self, *speakers: str) -> "Clips":
        return self.take(np.isin(self.speaker, speakers))

    def __len__(self) -> int:
        return len(self.clip)


@dataclass
class Split:
    """Clips to train on, a cohort the model has not trained on, and held-out clips of the speakers it knows."""

    train: Clips
    cohort: Clips
    check: Clips


def split(clips: Clips, leave_out: tuple[str, ...], seed: int = 0, cohort: int = 50, check: int = 40) -> Split:
    """The cohort takes up to 5 clips of each small speaker and the rest from the largest; `check` is of the largest."""
    rng = np.random.default_rng(seed)
    known = clips.take(~np.isin(clips.speaker, leave_out))
    names, counts = np.unique(known.speaker, return_counts=True)
    largest = names[counts.argmax()]
    small = [rng.permutation(np.flatnonzero(known.speaker == n))[: min(5, c // 4)] for n, c in zip(names, counts) if n != largest]
    big = rng.permutation(np.flatnonzero(known.speaker == largest))
    from_big = cohort - sum(map(len, small))
    picked = np.concatenate([*small, big[:from_big]]).astype(int)
    checked = big[from_big : from_big + check]
    rest = np.setdiff1d(np.arange(len(known)), np.concatenate([picked, checked]))
    return Split(known.take(rest), known.take(picked), known.take(checked))


def balanced_order(speakers: np.ndarray, rng: np.random.Generator, most: int) -> np.ndarray:
    """One epoch's order; clips of speakers with few clips come up to `most` times."""
    names, counts = np.unique(speakers, return_counts=True)
    repeats = {n: min(most, max(1, round(counts.max() / c))) for n, c in zip(names, counts)}
    return rng.permutation(np.concatenate([np.repeat(i, repeats[s]) for i, s in enumerate(speakers)]))


def stretch(x: np.ndarray, start: np.ndarray, rate: np.ndarray) -> np.ndarray:
    """Batched linear resampling in time [B, T, D]: frame t of clip b is read at start[b] + rate[b] * t, ends held."""
    length = x.shape[1]
    at = np.clip(start[:, None] + rate[:, None] * np.arange(length), 0, length - 1)
    low = np.floor(at).astype(int)
    weight = (at - low)[..., None].astype(np.float32)
    rows = np.arange(len(x))[:, None]
    return x[rows, low] * (1 - weight) + x[rows, np.minimum(low + 1, length - 1)] * weight


def same_time(rng: np.random.Generator, batch: int, length: int):
    """Random tempo and start for a batch, in units of the clip's length, so that lips and sound stretch alike."""
    rate = rng.uniform(0.85, 1.2, batch)
    return (1 - rate) / 2 * length + rng.uniform(-0.1, 0.1, batch) * length, rate


def smooth(x: np.ndarray, axis: int = 1) -> np.ndarray:
    """Quarter, half, quarter over neighbouring frames, ends held."""
    x = np.moveaxis(x, axis, 0)
    padded = np.concatenate([x[:1], x, x[-1:]])
    return np.moveaxis(0.25 * padded[:-2] + 0.5 * padded[1:-1] + 0.25 * padded[2:], 0, axis)


def fitted(x: np.ndarray, start: float, end: float, length: int) -> np.ndarray:
    """Rows start..end (fractions allowed) of x [T, D] as `length` rows, linearly interpolated, ends held."""
    at = np.clip(start + (np.arange(length) + 0.5) * (end - start) / length - 0.5, 0, len(x) - 1)
    low = np.floor(at).astype(int)
    weight = (at - low)[:, None].astype(x.dtype)
    return x[low] * (1 - weight) + x[np.minimum(low + 1, len(x) - 1)] * weight


def mirror(x: np.ndarray) -> np.ndarray:
    """Lips [..., 120] with left and right exchanged."""
    points = x.reshape(*x.shape[:-1], 2 * HALF, 3)[..., MIRRORED, :]
    return (points * np.array([-1, 1, 1], x.dtype)).reshape(x.shape)


def even(x: np.ndarray) -> np.ndarray:
    """Lips [..., 120] -> the part that is the same on both sides [..., 67], lips' height apart from their shape.

    What differs between the sides is the person, the tracker and the light rather than speech.
    """
    points = ((x + mirror(x)) / 2).reshape(*x.shape[:-1], 2 * HALF, 3)[..., ONE_SIDE, :]
    height = points[..., 1].mean(-1, keepdims=True)
    points = points - height[..., None] * np.array([0, 1, 0], x.dtype)
    return np.concatenate([points.reshape(*x.shape[:-1], -1), height], -1)


def mixed(x: np.ndarray, strength: float, rng: np.random.Generator) -> np.ndarray:
    """A random linear map near the identity for each clip: another face's covariance."""
    b, _, d = x.shape
    return x + np.einsum("btd,bde->bte", x, rng.normal(0, strength / np.sqrt(d), (b, d, d)), optimize=True)


def other_face(x: np.ndarray, rng: np.random.Generator, mixing: float) -> np.ndarray:
    """Lips [B, T, 120] as another face, tracker or camera might give them.

    Half the clips are mirrored; then gains for each axis and feature, offsets, mixing of that strength, jitter, a slower
    camera, dropped points.
    """
    b, t, d = x.shape
    x = np.where(rng.random((b, 1, 1)) < 0.5, mirror(x), x)
    x = x * np.tile(np.exp(rng.normal(0, 0.3, (b, 1, 3))), d // 3)
    x = mixed(x, mixing, rng)
    x = x * np.exp(rng.normal(0, 0.25, (b, 1, 1))) * np.exp(rng.normal(0, 0.3, (b, 1, d))) + rng.normal(0, 0.25, (b, 1, d))
    x = x + np.linspace(-1, 1, t)[None, :, None] * rng.normal(0, 0.15, (b, 1, d))
    noise = rng.normal(0, 0.2, x.shape)
    x = x + np.where(rng.random((b, 1, 1)) < 0.5, smooth(noise), 0.75 * noise)
    x = np.where(rng.random((b, 1, 1)) < 0.4, smooth(x), x)
    held = np.repeat(x[:, ::2], 2, axis=1)[:, :t]  # a camera of half the rate
    x = np.where(rng.random((b, 1, 1)) < 0.1, held, x)
    return (x * (rng.random((b, 1, d)) > 0.1)).astype(np.float32)


def other_voice(mels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Raw mels [B, 4T, 40] with another vocal tract length, tilt, channel and background; normalised."""
    b, t, d = mels.shape
    at = np.clip(np.arange(d) * rng.uniform(0.84, 1.16, (b, 1)), 0, d - 1)
    low = np.floor(at).astype(int)
    weight = (at - low)[:, None]
    rows, hops = np.arange(b)[:, None, None], np.arange(t)[None, :, None]
    x = mels[rows, hops, low[:, None]] * (1 - weight) + mels[rows, hops, np.minimum(low + 1, d - 1)[:, None]] * weight
    x = x + rng.normal(0, 0.6, (b, 1, 1)) * np.linspace(-1, 1, d) + rng.normal(0, 0.3, (b, 1, d))
    level = x.max((1, 2), keepdims=True) - rng.uniform(4, 9, (b, 1, 1))
    noisy = np.logaddexp(x, level + rng.normal(0, 0.5, x.shape))
    x = np.where(rng.random((b, 1, 1)) < 0.5, noisy, x)
    return np.stack([normalise_mels(m) for m in x])


def as_tensor(x: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(x, dtype=np.float32))


EVEN = even(np.eye(len(LIPS) * 3, dtype=np.float32))  # `even` is linear: lips @ EVEN
