"""Best path of frame emissions through a network of words."""
from dataclasses import dataclass, field

import numpy as np

from lexicon import PHONES

SIL = 0
NONE = -1e9


@dataclass
class Network:
    """States in order of time; each has a phone, the states it may follow (itself excluded), and its word, if any."""

    phone: list[int] = field(default_factory=list)
    before: list[list[int]] = field(default_factory=list)
    word: list[int] = field(default_factory=list)
    opens: list[bool] = field(default_factory=list)
    first: list[int] = field(default_factory=list)
    last: list[int] = field(default_factory=list)

    def add(self, phone: int, before: list[int], word: int = -1, opens: bool = False) -> int:
        self.phone.append(phone)
        self.before.append(list(before))
        self.word.append(word)
        self.opens.append(opens)
        return len(self.phone) - 1

    def add_word(self, pronunciations, before: list[int], word: int) -> tuple[list[int], list[int]]:
        """Parallel chains of states; returns their first and last states."""
        heads, tails = [], []
        for phones in pronunciations:
            previous = before
            for i, phone in enumerate(phones):
                previous = [self.add(phone, previous, word, i == 0)]
                if i == 0:
                    heads += previous
            tails += previous
        return heads, tails


def sequence(slots) -> Network:
    """One word from each slot's alternatives in order; a slot lists its words, a word its pronunciations.

    Silence may stand before, between and after. A state's word is its number within its slot.
    """
    net = Network()
    ends = [net.add(SIL, [])]
    net.first = list(ends)
    for place, words in enumerate(slots):
        heads, tails = [], []
        for number, pronunciations in enumerate(words):
            h, t = net.add_word(pronunciations, ends, number)
            heads, tails = heads + h, tails + t
        if place == 0:
            net.first += heads
        ends = tails + [net.add(SIL, tails)]
    net.last = ends
    return net


def best_path(emissions: np.ndarray, net: Network) -> tuple[float, list[int]]:
    """Total score and the state of each frame; the score is NONE or lower when the frames are too few."""
    widest = max(len(b) for b in net.before) + 1
    states = len(net.phone)
    before = np.full((states, widest), states)  # `states` is a dead end
    before[:, 0] = np.arange(states)
    for s, b in enumerate(net.before):
        before[s, 1 : 1 + len(b)] = b
    emit = emissions[:, net.phone]
    score = np.full(states + 1, NONE)
    score[net.first] = emit[0, net.first]
    back = np.zeros((len(emissions), states), int)
    for t in range(1, len(emissions)):
        options = score[before]
        choice = options.argmax(1)
        back[t] = before[np.arange(states), choice]
        score[:states] = np.maximum(options.max(1) + emit[t], NONE)
    end = max(net.last, key=lambda s: score[s])
    path = [end]
    for t in range(len(emissions) - 1, 0, -1):
        path.append(back[t, path[-1]])
    return float(score[end]), path[::-1]


def words_on(path: list[int], net: Network) -> list[int]:
    """Word numbers in the order the path enters them."""
    return [net.word[s] for i, s in enumerate(path) if net.opens[s] and (i == 0 or path[i - 1] != s)]


def spans_on(path: list[int], net: Network) -> list[tuple[int, int]]:
    """First frame of each word on the path, and the one after its last."""
    spans: list[list[int]] = []
    for i, state in enumerate(path):
        if net.opens[state] and (i == 0 or path[i - 1] != state):
            spans.append([i, i + 1])
        elif net.word[state] >= 0:
            spans[-1][1] = i + 1
    return [(start, end) for start, end in spans]


def phones_on(path: list[int], net: Network) -> np.ndarray:
    return np.array([net.phone[s] for s in path])


assert PHONES[SIL] == "sil"
