"""Sounds that were never said: words of other sentences fitted to the times of a clip's own words.

They are spliced as log-mels, so no seam of a waveform gives them away; energy follows. What is heard then starts and
ends with every word on the lips, and only the words are wrong.
"""
import numpy as np

from data import Clips, fitted
from features import HOPS_PER_FRAME
from lexicon import sentence

Sound = tuple[np.ndarray, np.ndarray]  # raw mels [4T, 40], energy [T]


def put(sound: Sound, to: np.ndarray, source: Sound, start: float, end: float) -> None:
    """Frames start..end of `source` over the frames `to` of `sound`."""
    for kept, other, hops in zip(sound, source, (HOPS_PER_FRAME, 1)):
        first, last = np.rint(to * hops).astype(int)
        rows = other.reshape(len(other), -1)
        kept[first:last] = fitted(rows, start * hops, end * hops, last - first).reshape(last - first, *other.shape[1:])


def sound_of(clips: Clips, i: int) -> Sound:
    return clips.mels[i].copy(), clips.energy[i].copy()


def by_word(clips: Clips, i: int, picks) -> Sound:
    """Clip i's sound with word k replaced by that of clip picks[k], stretched to its time."""
    sound = sound_of(clips, i)
    for k, j in enumerate(picks):
        put(sound, clips.spans[i, k], (clips.mels[j], clips.energy[j]), *clips.spans[j, k])
    return sound


def whole(clips: Clips, i: int, j: int) -> Sound:
    """Clip i's sound with all of its speech replaced by that of clip j, stretched to the same beginning and end."""
    sound = sound_of(clips, i)
    ends = clips.spans[:, [0, 5], [0, 1]]
    put(sound, ends[i], (clips.mels[j], clips.energy[j]), *ends[j])
    return sound


class Words:
    """Which clips say which word in which place."""

    def __init__(self, clips: Clips):
        self.said = np.array([sentence(name) for name in clips.clip])

    def others(self, i: int, pool: np.ndarray, rng: np.random.Generator, tries: int = 6) -> list[int]:
        """For each place a clip of `pool` with another word than clip i there; the last drawn when `tries` draws find none."""
        drawn = rng.choice(pool, (self.said.shape[1], tries))
        differ = self.said[drawn, np.arange(len(drawn))[:, None]] != self.said[i][:, None]
        return [int(row[flags.argmax()] if flags.any() else row[-1]) for row, flags in zip(drawn, differ)]

    def same(self, i: int, pool: np.ndarray, rng: np.random.Generator) -> list[int] | None:
        """For each place a clip of `pool` with the same word; None when a place has none."""
        found = [pool[self.said[pool, k] == word] for k, word in enumerate(self.said[i])]
        return [int(rng.choice(f)) for f in found] if all(map(len, found)) else None
