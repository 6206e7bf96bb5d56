"""True and false phrases for the lips to read: GRID's sentences as spoken, and spliced strings of digits."""
from dataclasses import dataclass, field

import numpy as np

import phones
import viterbi
from data import Clips
from features import HOPS_PER_FRAME, normalise_mels
from lexicon import DIGITS, GRID_SLOTS, sentence
from stats import Logistic, auc, equal_error, mean, rate
from words import DigitReader, DigitReading

PAUSE = 5  # frames between spliced digits, from the still beginning of the same clip
STRINGS, LENGTH = 60, 5


@dataclass
class Phrases:
    """Scores of true, random and one-word-wrong phrases, which of them the true one beats, and the share of words misread."""

    true: list = field(default_factory=list)
    random: list = field(default_factory=list)
    one_wrong: list = field(default_factory=list)
    beats_random: list = field(default_factory=list)
    beats_one_wrong: list = field(default_factory=list)
    errors: list = field(default_factory=list)

    def add(self, score, said, randoms, wrongs, read) -> None:
        """`score` rates a phrase, `read` is what was read for `said`."""
        true, r, w = score(said), [score(x) for x in randoms], [score(x) for x in wrongs]
        self.true.append(true)
        self.random += r
        self.one_wrong += w
        self.beats_random.append(np.mean([true > x for x in r]))
        self.beats_one_wrong.append(np.mean([true > x for x in w]))
        self.errors.append(np.mean([a != b for a, b in zip(read, said)]))

    def figures(self, rng, fit: Logistic | None = None) -> dict:
        out = {
            "beats a random phrase": mean(self.beats_random, rng),
            "beats a phrase with one wrong digit": mean(self.beats_one_wrong, rng),
            "word error rate, number of words known": mean(self.errors, rng),
            "auc, random phrases": auc(self.true, self.random),
            "auc, one wrong digit": auc(self.true, self.one_wrong),
            "eer, random phrases": equal_error(np.array(self.true), np.array(self.random)),
        }
        if fit:
            held = lambda values: fit(np.asarray(values)[:, None])
            out["true below one half"], out["random at or above one half"] = rate(held(self.true) < 0.5), rate(held(self.random) >= 0.5)
            out["one wrong digit at or above one half"] = rate(held(self.one_wrong) >= 0.5)
        return out


def fit_reading(all_phrases: list[Phrases]) -> Logistic:
    column = lambda kind: np.concatenate([getattr(p, kind) for p in all_phrases])[:, None]
    return Logistic.fit([column("true")], [column("random")])


def by_phones(out: Phrases, emission, words, randoms, wrongs, slots) -> None:
    reading = phones.read(emission, words, slots)
    score = lambda other: (viterbi.best_path(emission, phones.phrase_network(other))[0] - reading.best) / len(words)
    out.add(score, words, randoms, wrongs, reading.words)


def read_sentences(emissions, clips: Clips, rng) -> Phrases:
    """Whole GRID sentences as they were spoken, read with GRID's grammar."""
    out = Phrases()
    for emission, name in zip(emissions.of(clips.lips), clips.clip):
        words = sentence(name)
        randoms = [[str(rng.choice(list(slot.values()))) for slot in GRID_SLOTS] for _ in range(20)]
        wrongs = [words[:4] + [digit] + words[5:] for digit in DIGITS if digit != words[4]]
        by_phones(out, emission, words, randoms, wrongs, [list(slot.values()) for slot in GRID_SLOTS])
    return out


@dataclass
class Spliced:
    """A string of digits: lips [T, 120], raw mels [4T, 40], the words, and where they were put."""

    lips: np.ndarray
    mels: np.ndarray
    words: list[str]
    spans: list[tuple[int, int]]


def splice(clips: Clips, picked) -> Spliced:
    """The digits of these clips, pauses before, between and after."""
    lips, mels, spans, at = [], [], [], 0
    for i in picked:
        start, end = (int(x) for x in np.rint(clips.spans[i, 4]))
        for first, last in ((0, PAUSE), (start, end)):
            lips.append(clips.lips[i][first:last])
            mels.append(clips.mels[i][HOPS_PER_FRAME * first : HOPS_PER_FRAME * last])
        spans.append((at + PAUSE, at + PAUSE + end - start))
        at = spans[-1][1]
    lips.append(clips.lips[picked[-1]][:PAUSE])
    mels.append(clips.mels[picked[-1]][: HOPS_PER_FRAME * PAUSE])
    return Spliced(np.concatenate(lips), np.concatenate(mels), [sentence(clips.clip[i])[4] for i in picked], spans)


def strings(clips: Clips, rng) -> list[Spliced]:
    """Each of one speaker's digits; speakers with fewer than 6 different ones are left out."""
    spoken = np.array([sentence(name)[4] for name in clips.clip])
    speakers = [s for s in np.unique(clips.speaker) if len(set(spoken[clips.speaker == s])) >= 6]
    mine = lambda k: np.flatnonzero(clips.speaker == speakers[k % len(speakers)])
    return [splice(clips, rng.choice(mine(k), LENGTH, replace=False)) for k in range(STRINGS)]


@dataclass
class Digits:
    """The same strings read in three ways; and how far the sound's word ends are from the splices, in frames."""

    lips_alone: Phrases
    with_sound: Phrases
    with_true_times: Phrases
    misplaced: list


def read_digits(lips, sound, reader: DigitReader, clips: Clips, rng) -> Digits:
    out = Digits(Phrases(), Phrases(), Phrases(), [])
    for string in strings(clips, rng):
        words = string.words
        randoms = [r for r in ([str(d) for d in rng.choice(DIGITS, LENGTH)] for _ in range(20)) if r != words]
        wrongs = [words[:p] + [d] + words[p + 1 :] for p in range(LENGTH) for d in DIGITS if d != words[p]]
        by_phones(out.lips_alone, lips.of(string.lips[None])[0], words, randoms, wrongs, [DIGITS] * LENGTH)
        spans = phones.heard_spans(sound.of(normalise_mels(string.mels)[None])[0], words)
        out.misplaced += list(np.abs(np.array(spans) - np.array(string.spans)).ravel())
        for phrases, at in ((out.with_sound, spans), (out.with_true_times, string.spans)):
            posteriors = reader.read(string.lips, at)
            score = lambda expected: DigitReading(posteriors, [DIGITS.index(w) for w in expected]).evidence
            phrases.add(score, words, randoms, wrongs, [DIGITS[k] for k in posteriors.argmax(1)])
    return out
