"""Do these lips make this sound? Two contrastive encoders, cohort normalisation and an untrained second opinion.

The encoders give one unit vector a video frame. Aligned windows of the same clip attract; the same clip at
another time and other clips at the same time repel. A score is a mean cosine, read at the best of a few lags
and normalised against a cohort of other people's lips and sounds (s-norm).
"""
import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from data import Clips, Split, as_tensor, balanced_order, other_face, other_voice, same_time, smooth, stretch
from features import normalise_mels

DIM = 32
MIXING, REPEATS = 0.12, 4
WINDOW = 9  # frames of one training comparison
APART = 5  # frames from which the same clip counts as out of sync
ABSORB = 3  # frames of constant lag a camera or headset may add without being held against the speaker
LAGS = 15  # frames either way that the offset estimate looks at


class Block(nn.Module):
    """Dilated convolution, batch norm, ReLU; added to its input."""

    def __init__(self, width: int, dilation: int):
        super().__init__()
        self.conv = nn.Conv1d(width, width, 3, padding=dilation, dilation=dilation)
        self.norm = nn.BatchNorm1d(width)
        self.drop = nn.Dropout(0.2)

    def forward(self, x):
        return x + F.relu(self.norm(self.conv(self.drop(x))))


class VisualEncoder(nn.Module):
    """Lips [B, T, 120] -> unit vectors [B, T, 32]."""

    def __init__(self, width: int = 64):
        super().__init__()
        self.entry = nn.Conv1d(240, width, 3, padding=1)
        self.norm = nn.BatchNorm1d(width)
        self.blocks = nn.Sequential(Block(width, 1), Block(width, 2))
        self.exit = nn.Conv1d(width, DIM, 1)

    def forward(self, lips):
        x = with_velocity(lips.transpose(1, 2))
        x = self.blocks(F.relu(self.norm(self.entry(x))))
        return unit(self.exit(x).transpose(1, 2))


class AudioEncoder(nn.Module):
    """Log-mels [B, 4T, 40] -> unit vectors [B, T, 32]."""

    def __init__(self, width: int = 96, out: int = DIM, normalised: bool = True):
        super().__init__()
        self.entry = nn.Conv1d(40, width, 5, padding=2)
        self.norm = nn.BatchNorm1d(width)
        self.down = nn.Conv1d(width, width, 4, stride=4)
        self.down_norm = nn.BatchNorm1d(width)
        self.blocks = nn.Sequential(Block(width, 1), Block(width, 2))
        self.exit = nn.Conv1d(width, out, 1)
        self.normalised = normalised

    def forward(self, mels):
        x = F.relu(self.norm(self.entry(mels.transpose(1, 2))))
        x = F.relu(self.down_norm(self.down(x)))
        x = self.exit(self.blocks(x)).transpose(1, 2)
        return unit(x) if self.normalised else x


def with_velocity(x: torch.Tensor) -> torch.Tensor:
    """[B, D, T] -> [B, 2D, T]: positions and central differences, ends held."""
    padded = torch.cat([x[..., :1], x, x[..., -1:]], -1)
    return torch.cat([x, padded[..., 2:] - padded[..., :-2]], 1)


def unit(x: torch.Tensor) -> torch.Tensor:
    return x / (x.pow(2).sum(-1, keepdim=True) + 1e-8).sqrt()


def contrastive_loss(v: torch.Tensor, a: torch.Tensor, scale: torch.Tensor) -> torch.Tensor:
    """Each window must find its own sound among its clip's other times and the other clips' same time, and the reverse."""
    t = v.shape[1]
    kernel = torch.eye(WINDOW)[None, None] / WINDOW
    own = torch.einsum("bte,bue->btu", v, a)[:, None]
    own = F.conv2d(F.pad(own, (WINDOW // 2,) * 4, mode="replicate"), kernel)[:, 0] * scale
    across = torch.einsum("bte,cte->bct", v, a)
    across = F.avg_pool1d(F.pad(across, (WINDOW // 2,) * 2, mode="replicate"), WINDOW, 1) * scale
    index = torch.arange(t)
    near = (index[:, None] - index).abs() < APART
    same = torch.eye(len(v), dtype=torch.bool)[..., None]
    positive = own[:, index, index]
    apart, across = own.masked_fill(near, -1e4), across.masked_fill(same, -1e4)
    by_lips = torch.cat([positive[..., None], apart, across.transpose(1, 2)], -1).logsumexp(-1)
    by_sound = torch.cat([positive[..., None], apart.transpose(1, 2), across.permute(1, 2, 0)], -1).logsumexp(-1)
    return ((by_lips + by_sound) / 2 - positive).mean()


@dataclass
class Encoders:
    visual: VisualEncoder
    audio: AudioEncoder

    @torch.no_grad()
    def lips(self, lips: np.ndarray) -> np.ndarray:
        return self.visual(as_tensor(lips)).numpy()

    @torch.no_grad()
    def sound(self, raw_mels: np.ndarray) -> np.ndarray:
        return self.audio(as_tensor(np.stack([normalise_mels(m) for m in raw_mels]))).numpy()


def train(clips: Clips, epochs: int, seed: int = 0, batch: int = 24, rate: float = 3e-3) -> Encoders:
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    visual, audio, scale = VisualEncoder(), AudioEncoder(), nn.Parameter(torch.tensor(2.3))
    parameters = [*visual.parameters(), *audio.parameters(), scale]
    steps = len(balanced_order(clips.speaker, rng, REPEATS)) // batch
    optimiser = torch.optim.AdamW(parameters, rate, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, total_steps=epochs * steps, pct_start=0.2)
    for epoch in range(epochs):
        order, total = balanced_order(clips.speaker, rng, REPEATS), 0.0
        for i in range(steps):
            lips, mels = augmented(clips, order[i * batch : (i + 1) * batch], rng)
            loss = contrastive_loss(visual(lips), audio(mels), scale.exp())
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            total += loss.item()
        if epoch % 5 == 4:
            print(f"sync epoch {epoch + 1}: loss {total / steps:.3f}", flush=True)
    return Encoders(visual.eval(), audio.eval())


def augmented(clips: Clips, index: np.ndarray, rng: np.random.Generator):
    frames = clips.lips.shape[1]
    start, tempo = same_time(rng, len(index), frames)
    lips = other_face(stretch(clips.lips[index], start, tempo), rng, MIXING)
    mels = other_voice(stretch(clips.mels[index], start * 4, tempo), rng)
    return as_tensor(lips), as_tensor(mels)


def profile(v: np.ndarray, a: np.ndarray, lags: int = LAGS) -> np.ndarray:
    """Mean cosine at each lag -lags..=lags; a positive lag means the sound comes late."""
    t = len(v)
    cosine = v @ a.T
    return np.array([np.diagonal(cosine, lag).mean() if abs(lag) < t else -1.0 for lag in range(-lags, lags + 1)])


def best_within(v: np.ndarray, a: np.ndarray, absorb: int = ABSORB) -> tuple[float, int]:
    """Highest mean cosine and its lag among those a device may add."""
    near = profile(v, a, absorb)
    return float(near.max()), int(near.argmax()) - absorb


def lead(v: np.ndarray, a: np.ndarray) -> float:
    """How far the best lag that is absorbed stands above the best that is clearly out of sync: negative for shifted sound."""
    cosines = profile(v, a)
    lags = np.abs(np.arange(-LAGS, LAGS + 1))
    return float(cosines[lags <= ABSORB].max() - cosines[lags >= 2 * ABSORB].max())


@dataclass
class Cohort:
    visual: np.ndarray
    audio: np.ndarray

    @classmethod
    def of(cls, encoders: Encoders, clips: Clips) -> "Cohort":
        return cls(encoders.lips(clips.lips), encoders.sound(clips.mels)).quantised()

    def quantised(self) -> "Cohort":
        """As stored: signed bytes over 127."""
        return Cohort(*(np.round(x * 127).astype(np.int8).astype(np.float32) / 127 for x in (self.visual, self.audio)))

    def save(self, path: Path) -> None:
        """Little endian: b"AVC1", u32 clips, frames, dimensions, then visual and audio as i8 [clips, frames, dimensions]."""
        packed = [np.round(x * 127).astype(np.int8).tobytes() for x in (self.visual, self.audio)]
        path.write_bytes(b"AVC1" + struct.pack("<III", *self.visual.shape) + b"".join(packed))

    @classmethod
    def load(cls, path: Path) -> "Cohort":
        data = path.read_bytes()
        shape = struct.unpack("<III", data[4:16])
        both = np.frombuffer(data[16:], np.int8).reshape(2, *shape).astype(np.float32) / 127
        return cls(both[0], both[1])

    def against_lips(self, v: np.ndarray, absorb: int = ABSORB) -> tuple[float, float]:
        """Mean and deviation of these lips' score with other people's sounds, cut to the same length."""
        scores = [best_within(v, a, absorb)[0] for a in self.audio[:, : len(v)]]
        return float(np.mean(scores)), float(np.std(scores))

    def against_sound(self, a: np.ndarray, absorb: int = ABSORB) -> tuple[float, float]:
        scores = [best_within(v, a, absorb)[0] for v in self.visual[:, : len(a)]]
        return float(np.mean(scores)), float(np.std(scores))


def s_norm(raw: float, by_lips: tuple[float, float], by_sound: tuple[float, float]) -> float:
    return 0.5 * sum((raw - mean) / max(deviation, 1e-3) for mean, deviation in (by_lips, by_sound))


def windows(frames: int, length: int) -> list[tuple[int, int]]:
    """As few stretches of `length` frames as cover the clip, spread evenly; the whole clip when it is no longer."""
    if frames <= length:
        return [(0, frames)]
    count = -(-frames // length)
    starts = [k * (frames - length) // (count - 1) for k in range(count)]
    return [(start, start + length) for start in starts]


def normalised_score(v: np.ndarray, a: np.ndarray, cohort: Cohort) -> float:
    """Mean s-norm over windows as long as the cohort's clips, so that a long clip's score means what a short one's does."""
    parts = [(v[i:j], a[i:j]) for i, j in windows(len(v), cohort.audio.shape[1])]
    return float(np.mean([s_norm(best_within(x, y)[0], cohort.against_lips(x), cohort.against_sound(y)) for x, y in parts]))


def aperture_correlation(aperture: np.ndarray, energy: np.ndarray, lag: int = 0) -> float:
    """Pearson correlation of the changes of mouth opening and of sound energy, the sound read `lag` frames later."""
    a, e = np.gradient(smooth(aperture, 0)), np.gradient(smooth(energy, 0))
    t = len(a)
    a, e = a[max(0, -lag) : t - max(0, lag)], e[max(0, lag) : t - max(0, -lag)]
    a, e = a - a.mean(), e - e.mean()
    return float((a @ e) / (np.sqrt((a @ a) * (e @ e)) + 1e-9))


def export(encoders: Encoders, folder: Path) -> None:
    def write(net, example, name, given, batch_time):
        torch.onnx.export(net, example, folder / name, input_names=[given], output_names=["embedding"], opset_version=14,
                          dynamic_axes={given: {0: "batch", 1: batch_time}, "embedding": {0: "batch", 1: "frames"}})

    write(encoders.visual, torch.randn(1, 50, 120), "avsync_visual.onnx", "lips", "frames")
    write(encoders.audio, torch.randn(1, 200, 40), "avsync_audio.onnx", "mels", "hops")


def fit(split: Split, epochs: int, seed: int = 0) -> tuple[Encoders, Cohort]:
    encoders = train(split.train, epochs, seed)
    return encoders, Cohort.of(encoders, split.cohort)
