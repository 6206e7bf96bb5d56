"""Which phone do these lips show, and which does one hear? A small network each, and what their frames say about a phrase."""
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

import viterbi
from data import EVEN, Clips, as_tensor, balanced_order, other_face, other_voice, same_time, stretch
from descent import descend
from features import normalise_mels
from lexicon import INDEX, LOOKS_LIKE, PHONES, pronunciations, sentence
from sync import AudioEncoder, with_velocity

PRIOR_WEIGHT = 0.4  # share of the training text's phone frequencies that is taken out of the posteriors
FRAME_MS = 40
MIXING, REPEATS = 0.3, 8  # phones carry more of the face than sync does, so they need stronger disguise


class LipPhones(nn.Module):
    """Lips [B, T, 120] -> phone logits [B, T, 40]."""

    def __init__(self, width: int = 64):
        super().__init__()
        self.register_buffer("even", torch.from_numpy(EVEN))
        self.entry = nn.Conv1d(2 * EVEN.shape[1], width, 3, padding=1)
        self.norm = nn.BatchNorm1d(width)
        self.convs = nn.ModuleList([nn.Conv1d(width, width, 5, padding=2 * d, dilation=d) for d in (1, 2, 4)])
        self.norms = nn.ModuleList([nn.BatchNorm1d(width) for _ in range(3)])
        self.drop = nn.Dropout(0.25)
        self.exit = nn.Conv1d(width, len(PHONES), 1)

    def forward(self, lips):
        x = F.relu(self.norm(self.entry(with_velocity((lips @ self.even).transpose(1, 2)))))
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

    def cost(index):
        x, y = prepare(inputs[index], labels[index], rng)
        return F.cross_entropy(net(as_tensor(x)).flatten(0, 1), torch.from_numpy(y.ravel()), label_smoothing=0.1)

    descend("phones", net.parameters(), lambda: balanced_order(speakers, rng, REPEATS), cost, epochs, batch, rate)
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


SOUND_WIDTH, SOUND_EPOCHS = 48, 8


def heard_spans(emission: np.ndarray, words: list[str]) -> list[tuple[int, int]]:
    """First frame of each of these words in the sound, and the one after its last."""
    network = phrase_network(words)
    return viterbi.spans_on(viterbi.best_path(emission, network)[1], network)


def label_all(clips: Clips, times: dict, leave_out: tuple[str, ...] = (), seed: int = 0) -> tuple[Clips, Emissions]:
    """Timing of the speech: from word times where there are any, else by aligning the known sentence with the sound.

    The sound's phones are learnt from the clips with times, those of `leave_out` excepted; its emissions come too.
    """
    keys = list(zip(clips.speaker, clips.clip))
    labelled = replace(clips, phones=np.zeros_like(clips.phones), spans=np.zeros_like(clips.spans))
    timed = np.array([key in times for key in keys])
    for i in np.flatnonzero(timed):
        labelled.phones[i] = timed_labels(times[keys[i]], clips.lips.shape[1])
        labelled.spans[i] = [(start / FRAME_MS, end / FRAME_MS) for word, start, end in times[keys[i]] if word not in ("sil", "sp")]
    known = labelled.take(timed & ~np.isin(clips.speaker, leave_out))
    torch.manual_seed(seed)
    net = AudioEncoder(SOUND_WIDTH, len(PHONES), normalised=False)
    train_frames(net, known.mels, known.phones, known.speaker, sound_batch, SOUND_EPOCHS, seed)
    emissions = Emissions(net, known.phones)
    for i in np.flatnonzero(~timed):
        network = phrase_network(sentence(clips.clip[i]))
        path = viterbi.best_path(emissions.of(normalise_mels(clips.mels[i])[None])[0], network)[1]
        labelled.phones[i], labelled.spans[i] = viterbi.phones_on(path, network), viterbi.spans_on(path, network)
    return labelled, emissions


def train(clips: Clips, epochs: int, seed: int = 0) -> Emissions:
    torch.manual_seed(seed)
    net = train_frames(LipPhones(), clips.lips, clips.phones, clips.speaker, lips_batch, epochs, seed)
    return Emissions(net, clips.phones)


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


def export(lips: Emissions, sound: Emissions, folder: Path) -> None:
    for net, example, name, given, time in ((lips, torch.randn(1, 50, 120), "lip_phones", "lips", "frames"), (sound, torch.randn(1, 200, 40), "sound_phones", "mels", "hops")):
        torch.onnx.export(net, example, folder / f"{name}.onnx", input_names=[given], output_names=["emissions"], opset_version=14,
                          dynamic_axes={given: {0: "batch", 1: time}, "emissions": {0: "batch", 1: "frames"}})
