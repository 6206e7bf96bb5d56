"""Do these lips make this sound? Two encoders into one space, and how they are trained.

The encoders give one unit vector a video frame. Two losses train them. Windows: aligned windows of a clip attract, the
same clip at another time and other clips at the same time repel. Clips: the agreement of whole clips, read as the
product reads it, must lie on the right side of one threshold for all: other clips' sounds, dubs of other words in time
with the lips, and the own sound shifted lie below, which is what makes a threshold fit people never seen.

Two members are trained, the second on what cheap cameras, moving heads and rooms do to both (`conditions.py`). They err in
different places; their vectors side by side give the mean of their cosines.
"""
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from agreement import ACCEPTED, QUIET, Cohort, loudness
from conditions import camera, energy_of, room
from data import Clips, Split, as_tensor, balanced_order, other_face, other_voice, same_time, stretch
from descent import descend
from dubs import Words, by_word
from features import HOPS_PER_FRAME, normalise_mels

DIM = 32
MIXING, REPEATS = 0.12, 4
WINDOW = 9  # frames of one training comparison
APART = 5  # frames from which the same clip counts as out of sync
LEAST = 40  # frames of the shortest stretch that training judges as a clip
SCALE, OFFSET = 2.5, -3.0  # where the clip loss's logistic starts: log scale, offset


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


class Side(nn.Module):
    """The members' encoders of one side: their unit vectors side by side, of unit length again."""

    def __init__(self, members):
        super().__init__()
        self.members = nn.ModuleList(members)

    def forward(self, x):
        return torch.cat([member(x) for member in self.members], -1) / len(self.members) ** 0.5


@dataclass
class Encoders:
    visual: Side
    audio: Side

    @torch.no_grad()
    def lips(self, lips: np.ndarray) -> np.ndarray:
        return self.visual(as_tensor(lips)).numpy()

    @torch.no_grad()
    def sound(self, raw_mels: np.ndarray) -> np.ndarray:
        return self.audio(as_tensor(np.stack([normalise_mels(m) for m in raw_mels]))).numpy()


def agreements(v: torch.Tensor, a: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """Lips [B, T, D], sounds [N, T, D] and their weights [N, T] -> agreement at the best lag that is accepted [B, N]."""
    t, at_lags = v.shape[1], []
    for lag in range(-ACCEPTED, ACCEPTED + 1):
        x, y = v[:, max(0, -lag) : t - max(0, lag)], a[:, max(0, lag) : t - max(0, -lag)]
        w = weight[:, max(0, lag) : t - max(0, -lag)]
        at_lags.append(x.flatten(1) @ (y * w[..., None]).flatten(1).T / w.sum(1))
    return torch.stack(at_lags).amax(0)


class ClipLoss(nn.Module):
    """Logistic loss of whole clips' agreement, one scale and offset for all; the kinds of wrong sound weigh 3 : 3 : 2."""

    def __init__(self):
        super().__init__()
        self.scale, self.offset = nn.Parameter(torch.tensor(SCALE)), nn.Parameter(torch.tensor(OFFSET))

    def forward(self, v, a, weight, rng: np.random.Generator):
        """`a` holds the clips' own sounds, then a dub of each; some stretch of all of them is judged."""
        frames, clips = v.shape[1], len(v)
        length = int(rng.integers(LEAST, frames + 1))
        part = slice(start := int(rng.integers(0, frames + 1 - length)), start + length)
        scores = agreements(v[:, part], a[:, part], weight[:, part])
        own, dubs = scores[:, :clips], scores[:, clips:]
        other = scores[~torch.eye(*scores.shape, dtype=torch.bool)]
        return self.cost(-own.diagonal()) + 0.375 * self.cost(other, -1) + 0.375 * self.cost(dubs.diagonal(), -1) + 0.25 * self.cost(self.late(v, a, weight, rng), -1)

    def cost(self, agreement: torch.Tensor, sign: int = 1) -> torch.Tensor:
        return F.softplus(self.scale.exp() * agreement - sign * self.offset).mean()

    @staticmethod
    def late(v, a, weight, rng) -> torch.Tensor:
        """Agreement with the own sound out of sync, early or late."""
        lag, clips = int(rng.integers(APART, 20)), len(v)
        early = slice(None, -lag), slice(lag, None)
        x, y = early if rng.random() < 0.5 else early[::-1]
        w = weight[:clips, y]
        return (torch.einsum("btd,btd->bt", v[:, x], a[:clips, y]) * w).sum(1) / w.sum(1)


def train(clips: Clips, epochs: int) -> Encoders:
    members = [train_member(clips, epochs, conditions) for conditions in (False, True)]
    return Encoders(*(Side(side).eval() for side in zip(*members)))


def train_member(clips: Clips, epochs: int, conditions: bool, seed: int = 0, batch: int = 24, rate: float = 3e-3):
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    visual, audio, scale, clip_loss = VisualEncoder(), AudioEncoder(), nn.Parameter(torch.tensor(2.3)), ClipLoss()
    parameters = [*visual.parameters(), *audio.parameters(), scale, *clip_loss.parameters()]
    draw = Batches(clips, rng, conditions)

    def cost(index):
        lips, mels, weight = draw(index)
        v, a = visual(lips), audio(mels)
        return contrastive_loss(v, a[: len(v)], scale.exp()) + clip_loss(v, a, weight, rng)

    descend("sync", parameters, lambda: balanced_order(clips.speaker, rng, REPEATS), cost, epochs, batch, rate)
    return visual.eval(), audio.eval()


class Batches:
    """Lips of clips; their sounds and a dub of each in time with them; the sounds' weights. All augmented."""

    FEW = 20  # a speaker with fewer clips borrows the words of all

    def __init__(self, clips: Clips, rng: np.random.Generator, conditions: bool):
        self.clips, self.rng, self.words, self.conditions = clips, rng, Words(clips), conditions
        everyone = np.arange(len(clips))
        own = {s: np.flatnonzero(clips.speaker == s) for s in np.unique(clips.speaker)}
        self.pools = {s: pool if len(pool) >= self.FEW else everyone for s, pool in own.items()}

    def dub(self, i: int):
        return by_word(self.clips, i, self.words.others(i, self.pools[self.clips.speaker[i]], self.rng))

    def __call__(self, index: np.ndarray):
        clips, rng = self.clips, self.rng
        start, tempo = same_time(rng, len(index), clips.lips.shape[1])
        lips = stretch(clips.lips[index], start, tempo)
        mels = np.concatenate([clips.mels[index], [self.dub(i)[0] for i in index]])
        mels = stretch(mels, np.tile(start, 2) * HOPS_PER_FRAME, np.tile(tempo, 2))
        if self.conditions:
            lips, mels = camera(lips, rng), room(mels, rng)
        weight = np.stack([loudness(e) for e in energy_of(mels)]) + QUIET
        return as_tensor(other_face(lips, rng, MIXING)), as_tensor(other_voice(mels, rng)), as_tensor(weight)


def export(encoders: Encoders, folder: Path) -> None:
    def write(net, example, name, given, batch_time):
        torch.onnx.export(net, example, folder / name, input_names=[given], output_names=["embedding"], opset_version=14,
                          dynamic_axes={given: {0: "batch", 1: batch_time}, "embedding": {0: "batch", 1: "frames"}})

    write(encoders.visual, torch.randn(1, 50, 120), "avsync_visual.onnx", "lips", "frames")
    write(encoders.audio, torch.randn(1, 200, 40), "avsync_audio.onnx", "mels", "hops")


def fit(split: Split, epochs: int) -> tuple[Encoders, Cohort]:
    encoders = train(split.train, epochs)
    return encoders, Cohort.of(encoders, split.cohort)
