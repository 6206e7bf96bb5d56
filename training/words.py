"""Which digit do these lips say, given when it is heard? A small network over the frames of one word.

The sound says where each word begins and ends (`phones.heard_spans`), the lips alone say which word it is. The network learns all
words of GRID, so that it has seen more mouths move than the digits', and answers among the ten digits.
"""
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from data import EVEN, Clips, as_tensor, balanced_order, fitted, other_face
from descent import descend
from lexicon import DIGITS, GRID_SLOTS, sentence
from sync import with_velocity

ROWS = 16  # frames a word is stretched to
MARGIN = 1.0  # frames before and after it that are looked at too
JITTER = 1.7  # deviation in frames of a word's ends in training
MIXING, REPEATS = 0.3, 8
WORDS = [word for slot in GRID_SLOTS for word in slot.values()]
DIGIT_AT = [WORDS.index(digit) for digit in DIGITS]


class LipWord(nn.Module):
    """Words' lips [B, 16, 120] -> logits [B, 51]."""

    def __init__(self, width: int = 48, hidden: int = 96):
        super().__init__()
        self.register_buffer("even", torch.from_numpy(EVEN))
        self.entry = nn.Conv1d(2 * EVEN.shape[1], width, 3, padding=1)
        self.norm = nn.BatchNorm1d(width)
        self.convs = nn.ModuleList([nn.Conv1d(width, width, 3, padding=d, dilation=d) for d in (1, 2)])
        self.norms = nn.ModuleList([nn.BatchNorm1d(width) for _ in range(2)])
        self.pool = nn.AvgPool1d(ROWS // 4)
        self.hidden = nn.Linear(4 * width, hidden)
        self.exit = nn.Linear(hidden, len(WORDS))
        self.drop = nn.Dropout(0.3)

    def forward(self, lips):
        x = F.relu(self.norm(self.entry(with_velocity((lips @ self.even).transpose(1, 2)))))
        for conv, norm in zip(self.convs, self.norms):
            x = x + F.relu(norm(conv(self.drop(x))))
        x = F.relu(self.hidden(self.drop(self.pool(x).flatten(1))))
        return self.exit(self.drop(x))


class DigitReader(nn.Module):
    """Words' lips [B, 16, 120] -> log posterior of the ten digits [B, 10], the mean of several networks'."""

    def __init__(self, nets: list[LipWord]):
        super().__init__()
        self.nets = nn.ModuleList(nets).eval()

    def forward(self, lips):
        return torch.stack([torch.log_softmax(net(lips)[:, DIGIT_AT], -1) for net in self.nets]).mean(0).log_softmax(-1)

    @torch.no_grad()
    def read(self, lips: np.ndarray, spans) -> np.ndarray:
        """Lips [T, 120], words' first frames and those after their last -> log posteriors [words, 10]."""
        return self(as_tensor(np.stack([word_lips(lips, start, end) for start, end in spans]))).numpy()


def word_lips(lips: np.ndarray, start: float, end: float) -> np.ndarray:
    return fitted(lips, start - MARGIN, end + MARGIN, ROWS)


def train_one(clips: Clips, epochs: int, seed: int, batch: int = 16, rate: float = 3e-3) -> LipWord:
    rng = np.random.default_rng(seed)
    torch.manual_seed(seed)
    said = np.array([[WORDS.index(word) for word in sentence(name)] for name in clips.clip])
    net = LipWord()

    def cost(index):
        faces, spans = other_face(clips.lips[index], rng, MIXING), clips.spans[index] + rng.normal(0, JITTER, (len(index), 6, 2))
        x = np.stack([word_lips(face, start, max(end, start + 2)) for face, row in zip(faces, spans) for start, end in row])
        return words_loss(net(as_tensor(x)), torch.from_numpy(said[index].ravel()))

    descend("words", net.parameters(), lambda: balanced_order(clips.speaker, rng, REPEATS), cost, epochs, batch, rate, decay=0.03)
    return net.eval()


def words_loss(logits: torch.Tensor, said: torch.Tensor) -> torch.Tensor:
    """Half over all words, half over the digits among themselves."""
    digit = torch.isin(said, torch.tensor(DIGIT_AT))
    among_digits = F.cross_entropy(logits[digit][:, DIGIT_AT], said[digit] - DIGIT_AT[0], label_smoothing=0.1)
    return (F.cross_entropy(logits, said, label_smoothing=0.1) + among_digits) / 2


def train(clips: Clips, epochs: int, seeds: int = 2) -> DigitReader:
    return DigitReader([train_one(clips, epochs, seed) for seed in range(seeds)])


@dataclass
class DigitReading:
    """What the lips say about digits that were heard: log posteriors [words, 10] and the expected digits' numbers."""

    posteriors: np.ndarray
    expected: list[int]

    @property
    def evidence(self) -> float:
        """Mean log likelihood ratio of an expected digit to the mean of the other nine."""
        own = self.posteriors[np.arange(len(self.expected)), self.expected]
        return float(np.mean(own - np.log(np.maximum(1 - np.exp(own), 1e-6) / 9)))

    @property
    def ratio(self) -> float:
        """Mean log likelihood ratio a word to the likeliest digits; 0 when they are the expected ones."""
        return float(np.mean(self.posteriors[np.arange(len(self.expected)), self.expected] - self.posteriors.max(1)))

    @property
    def words(self) -> list[str]:
        return [DIGITS[k] for k in self.posteriors.argmax(1)]


def export(reader: DigitReader, folder: Path) -> None:
    torch.onnx.export(reader, torch.randn(2, ROWS, EVEN.shape[0]), folder / "lip_words.onnx", input_names=["words"], output_names=["posteriors"],
                      opset_version=14, dynamic_axes={"words": {0: "batch"}, "posteriors": {0: "batch"}})
