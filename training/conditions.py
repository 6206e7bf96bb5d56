"""What cheap cameras, moving heads, rooms and noise do to lip features and log-mels: augmentation of the sync encoders.

Everything works on features, so that one tracked clip gives any number of recordings.
"""
import numpy as np

from data import smooth
from features import FLOOR, HOPS_PER_FRAME
from track import FPS, MESH_EVERY

HOP_SECONDS = 0.01


def camera(lips: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Lips [B, T, 120] seen by a slower camera, with a moving head and an unsteady tracker, each in about half the clips."""
    return np.stack([unsteady(moving_head(slow_camera(clip, rng), rng), rng) for clip in lips])


def slow_camera(x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The mesh of 10 to 24 frames a second, held to the video's clock and interpolated between as the product does."""
    if rng.random() < 0.5:
        return x
    frames = len(x)
    taken = np.arange(rng.uniform(0, 1), frames, FPS / rng.uniform(10, 24))  # when the camera looked, in video frames
    shown = np.ceil(taken).astype(int)
    kept = [0]
    for k in range(1, len(shown)):
        if shown[k] - shown[kept[-1]] >= MESH_EVERY:
            kept.append(k)
    shown, taken = shown[kept], np.floor(taken[kept]).astype(int)
    held = x[taken]
    right = np.clip(np.searchsorted(shown, np.arange(frames)), 1, len(shown) - 1)
    left = right - 1
    share = np.clip((np.arange(frames) - shown[left]) / np.maximum(shown[right] - shown[left], 1), 0, 1)[:, None]
    return held[left] * (1 - share) + held[right] * share


def sway(frames: int, rng: np.random.Generator) -> np.ndarray:
    """A smooth random movement [T] of unit size, .15 to 1.5 Hz."""
    t = np.arange(frames) / FPS
    waves = [np.sin(2 * np.pi * (rng.uniform(0.15, 1.5) * t + rng.random())) for _ in range(3)]
    return sum(waves) / np.sqrt(1.5)


def moving_head(x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """What pose normalisation leaves of a turning head: the whole mouth shifts, and its shape bends with the turn."""
    if rng.random() < 0.4:
        return x
    frames, width = x.shape
    size = np.exp(rng.normal(-0.5, 0.6))
    shift = np.tile(rng.normal(0, 1, 3), width // 3) + rng.normal(0, 0.4, width)
    bend = rng.normal(0, 0.15 / np.sqrt(width), (width, width))
    turn = sway(frames, rng)[:, None]
    return x + size * turn * shift + turn * (x @ bend)


def unsteady(x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Jitter of a small, dark or blurred face: mostly shared by all points, smooth over neighbouring frames."""
    if rng.random() < 0.4:
        return x
    frames, width = x.shape
    size = np.exp(rng.normal(-1.2, 0.6))
    shared = rng.normal(0, 1, (frames, 8)) @ rng.normal(0, 1 / np.sqrt(8), (8, width))
    noise = 0.8 * shared + 0.6 * rng.normal(0, 1, x.shape)
    return x + size * (1.5 * smooth(noise, 0) if rng.random() < 0.6 else noise)


def room(mels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Raw log-mels [B, 4T, 40] in an echoing room, with others talking, over a narrow line; each in some of the clips."""
    loud = np.quantile(mels, 0.9, axis=(1, 2), keepdims=True)
    power = np.exp(mels)
    power = echoing(power, rng)
    chatter = np.roll(np.exp(mels[rng.permutation(len(mels))] - loud[rng.permutation(len(mels))]), int(rng.integers(mels.shape[1])), 1)
    level = np.where(rng.random(loud.shape) < 0.35, 10 ** (-rng.uniform(0.3, 2, loud.shape)), 0)
    heard = np.log(power + level * np.exp(loud) * chatter)
    return narrow(heard, rng)


def echoing(power: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Each band's power with an exponential tail, .05 to .4 s long."""
    batch, hops, _ = power.shape
    share = np.where(rng.random((batch, 1)) < 0.4, rng.uniform(0.1, 0.8, (batch, 1)), 0)
    decay = np.exp(-HOP_SECONDS / rng.uniform(0.05, 0.4, (batch, 1)))
    out, tail = power.copy(), np.zeros_like(power[:, 0])
    for t in range(hops):
        out[:, t] += share * tail
        tail = decay * tail + (1 - decay) * power[:, t]
    return out


def narrow(mels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Telephone and codec bands: nothing above some band, or below; and a compressor."""
    batch, _, bands = mels.shape
    band = np.arange(bands)
    top = np.where(rng.random((batch, 1)) < 0.25, rng.integers(26, bands, (batch, 1)), bands)
    bottom = np.where(rng.random((batch, 1)) < 0.2, rng.integers(1, 5, (batch, 1)), 0)
    cut = (band >= top) | (band < bottom)
    squeeze = np.where(rng.random((batch, 1, 1)) < 0.3, rng.uniform(0.6, 1, (batch, 1, 1)), 1)
    peak = mels.max((1, 2), keepdims=True)
    return np.where(cut[:, None], np.log(FLOOR), peak + squeeze * (mels - peak))


def energy_of(mels: np.ndarray) -> np.ndarray:
    """Log energy of each video frame [B, T] of raw log-mels [B, 4T, 40]."""
    total = np.exp(mels).sum(2)
    return np.log(total.reshape(len(mels), -1, HOPS_PER_FRAME).mean(2) + FLOOR)
