"""Which phone do these lips show? One small network over lip features, and what its frames say about a phrase."""
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

import viterbi
from data import Clips, as_tensor, balanced_order, other_face, other_voice, same_time, stretch
from features import normalise_mels
from lexicon import INDEX, LOOKS_LIKE, PHONES, pronunciations, sentence
from sync import AudioEncoder, with_velocity

PRIOR_WEIGHT = 0.4  # share of the training text's phone frequencies that is taken out of the posteriors
FRAME_MS = 40
MIXING, REPEATS = 0.3, 8  # phones carry more of the face than sync does, so they need stronger disguise


class LipPhones(nn.Module):
    """Lips [B, T, 120] -> phone logits [B, T, 40]."""

    def __init__(self, width: int = 80):
        super().__init__()
        self.entry = nn.Conv1d(240, width, 3, padding=1)
        self.norm = nn.BatchNorm1d(width)
        self.convs = nn.ModuleList([nn.Conv1d(width, width, 5, padding=2 * d, dilation=d) for d in (1, 2, 4)])
        self.norms = nn.ModuleList([nn.BatchNorm1d(width) for _ in range(3)])
        self.drop = nn.Dropout(0.25)
        self.exit = nn.Conv1d(width, len(PHONES), 1)

    def forward(self, lips):
        x = F.relu(self.norm(self.entry(with_velocity(lips.transpose(1, 2)))))
        for conv, norm in zip(self.convs, self.norms):
            x = x + F.relu(norm(conv(self.drop(x))))
        return self.exit(x).transpose(1, 2)


class Emissions(nn.Module):
    """Log posterior minus a share of the log prior; phones never trained on borrow from a look-alike."""

    def __init__(self, net: nn.Module, labels: np.ndarray):
        super().__init__()
        counts = np.bincount(labels.ravel(), minlength=len(PHONES))
        seen = counts > 20
        prior = np.log(counts / counts.sum() + 1e-4)
        source = [i if seen[i] else INDEX[LOOKS_LIKE[p]] for i, p in enumerate(PHONES)]
        assert all(seen[i] for i in source), "a look-alike was not trained either"
        self.net = net.eval()
        self.register_buffer("prior", torch.tensor(PRIOR_WEIGHT * prior, dtype=torch.float32))
        self.register_buffer("source", torch.tensor(source))
        self.borrowed = [p for i, p in enumerate(PHONES) if not seen[i]]

    def forward(self, x):
        emission = torch.log_softmax(self.net(x), -1) - self.prior
        return emission.index_select(2, self.source)

    @torch.no_grad()
    def of(self, x: np.ndarray) -> np.ndarray:
        return self(as_tensor(x)).numpy()


def timed_labels(times: list, frames: int) -> np.ndarray:
    """Phone of each frame's middle; each word's time is shared equally among its phones."""
    labels = np.zeros(frames, int)
    middle = (np.arange(frames) + 0.5) * FRAME_MS
    for word, start, end in times:
        if word in ("sil", "sp"):
            continue
        phones = pronunciations(word)[0]
        inside = (middle >= start) & (middle < end)
        share = ((middle[inside] - start) / (end - start) * len(phones)).astype(int)
        labels[inside] = np.array(phones)[np.minimum(share, len(phones) - 1)]
    return labels


def train_frames(net, inputs, labels, speakers, prepare, epochs, seed=0, batch=16, rate=3e-3):
    """Frame cross-entropy; `prepare(inputs, labels, rng)` augments one batch."""
    rng = np.random.default_rng(seed)
    steps = len(balanced_order(speakers, rng, REPEATS)) // batch
    optimiser = torch.optim.AdamW(net.parameters(), rate, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, total_steps=epochs * steps, pct_start=0.2)
    for epoch in range(epochs):
        order, total = balanced_order(speakers, rng, REPEATS), 0.0
        for i in range(steps):
            index = order[i * batch : (i + 1) * batch]
            x, y = prepare(inputs[index], labels[index], rng)
            loss = F.cross_entropy(net(as_tensor(x)).flatten(0, 1), torch.from_numpy(y.ravel()), label_smoothing=0.1)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            total += loss.item()
        if epoch % 5 == 4:
            print(f"phones epoch {epoch + 1}: loss {total / steps:.3f}", flush=True)
    return net.eval()


def stretched_labels(labels: np.ndarray, start: np.ndarray, tempo: np.ndarray) -> np.ndarray:
    at = np.rint(start[:, None] + tempo[:, None] * np.arange(labels.shape[1])).astype(int)
    return labels[np.arange(len(labels))[:, None], np.clip(at, 0, labels.shape[1] - 1)]


def lips_batch(lips, labels, rng):
    start, tempo = same_time(rng, len(lips), lips.shape[1])
    return other_face(stretch(lips, start, tempo), rng, MIXING), stretched_labels(labels, start, tempo)


def sound_batch(mels, labels, rng):
    start, tempo = same_time(rng, len(mels), labels.shape[1])
    return other_voice(stretch(mels, start * 4, tempo), rng), stretched_labels(labels, start, tempo)


def phrase_network(words: list[str]) -> viterbi.Network:
    return viterbi.sequence([[pronunciations(w)] for w in words])


@dataclass
class Labels:
    """What is said when: phones [N, T], and the first frame of the fifth word (the digit) and the one after it [N, 2]."""

    phones: np.ndarray
    digits: np.ndarray


def label_all(clips: Clips, times: dict, epochs: int, seed: int = 0) -> Labels:
    """From word times where there are any, else by aligning the known sentence with a sound model trained on those."""
    frames = clips.lips.shape[1]
    keys = list(zip(clips.speaker, clips.clip))
    labels = Labels(np.zeros((len(clips), frames), int), np.zeros((len(clips), 2), int))
    timed = np.array([key in times for key in keys])
    for i in np.flatnonzero(timed):
        labels.phones[i] = timed_labels(times[keys[i]], frames)
        _, start, end = [entry for entry in times[keys[i]] if entry[0] not in ("sil", "sp")][4]
        labels.digits[i] = round(start / FRAME_MS), round(end / FRAME_MS)
    torch.manual_seed(seed)
    net = AudioEncoder(out=len(PHONES), normalised=False)
    train_frames(net, clips.mels[timed], labels.phones[timed], clips.speaker[timed], sound_batch, epochs, seed)
    emissions = Emissions(net, labels.phones[timed])
    for i in np.flatnonzero(~timed):
        network = phrase_network(sentence(clips.clip[i]))
        path = viterbi.best_path(emissions.of(normalise_mels(clips.mels[i])[None])[0], network)[1]
        labels.phones[i] = viterbi.phones_on(path, network)
        labels.digits[i] = viterbi.spans_on(path, network)[4]
    return labels


def train(clips: Clips, labels: np.ndarray, epochs: int, seed: int = 0) -> Emissions:
    torch.manual_seed(seed)
    net = train_frames(LipPhones(), clips.lips, labels, clips.speaker, lips_batch, epochs, seed)
    return Emissions(net, labels)


@dataclass
class Reading:
    """What the lips say about an expected phrase: log-likelihoods of all frames, and the words read instead."""

    expected: float
    best: float
    words: list[str]

    @property
    def ratio(self) -> float:
        """Log-likelihood ratio a word, so that neither length nor the silence around the phrase counts."""
        return (self.expected - self.best) / len(self.words)


def read(emission: np.ndarray, expected: list[str], slots: list[list[str]]) -> Reading:
    """The expected phrase against the best sequence with one word from each slot.

    As many words are read as are expected: left free, the weak frame evidence fills every pause with short words.
    """
    likelihood, _ = viterbi.best_path(emission, phrase_network(expected))
    network = viterbi.sequence([[pronunciations(w) for w in slot] for slot in slots])
    best, path = viterbi.best_path(emission, network)
    words = [slot[number] for slot, number in zip(slots, viterbi.words_on(path, network))]
    return Reading(likelihood, best, words)


def export(emissions: Emissions, folder: Path) -> None:
    torch.onnx.export(emissions, torch.randn(1, 50, 120), folder / "lip_phones.onnx", input_names=["lips"], output_names=["emissions"],
                      opset_version=14, dynamic_axes={"lips": {0: "batch", 1: "frames"}, "emissions": {0: "batch", 1: "frames"}})
