"""True and false trials of the active speaker, their calibration and figures."""
from dataclasses import dataclass

import numpy as np

from agreement import SCORES, Cohort, best_lag, scores
from data import Clips
from dubs import Words, by_word, whole
from features import log_mels
from stats import Logistic, auc, auc_interval, equal_error, rate

SHIFTS = {"shift 0.4 s": 10, "shift 0.6 s": 15, "shift 0.8 s": 20}
DEVICE = "true, 0.2 s late or early"
DEVICE_LAG = 5
DUB, DUB_ENDS, DUB_VOICE = "dub, other words word by word", "dub, another sentence", "dub, same words, other voice"
TRUE, OTHER, LONG_TRUE, LONG_OTHER = "true", "another clip", "true, two sentences", "another clip, two sentences"
GENUINE = (TRUE, DEVICE, LONG_TRUE)
FITTED_ON = (OTHER, DUB, "shift 0.4 s", "shift 0.8 s")
COST = 3  # a wrong sound accepted against an own sound refused: sets where one half lies


@dataclass
class SyncRows:
    """Rows of `agreement.SCORES` by kind of trial; TRUE in the order of the clips. The clip of each row of OTHER."""

    rows: dict[str, np.ndarray]
    lags: np.ndarray
    other_of: np.ndarray


def fit_sync(measured: list[SyncRows]) -> Logistic:
    pooled = lambda kind: np.concatenate([m.rows[kind] for m in measured])
    return Logistic.fit([pooled(TRUE)], [pooled(kind) for kind in FITTED_ON], COST)


class SyncScorer:
    """`everyone` lends other voices for the dubs with the same words; `clips` are those that are tested."""

    def __init__(self, encoders, cohort: Cohort, clips: Clips, everyone: Clips, seed: int = 0):
        self.encoders, self.cohort, self.clips, self.everyone = encoders, cohort, clips, everyone
        self.v, self.a = encoders.lips(clips.lips), encoders.sound(clips.mels)
        self.rng = np.random.default_rng(seed)

    def row(self, v, a, aperture, energy):
        return scores(v, a, aperture, energy, self.cohort)

    def measure(self) -> SyncRows:
        c, n = self.clips, len(self.clips)
        trials: dict[str, list] = {TRUE: [], DEVICE: [], OTHER: [], **{k: [] for k in SHIFTS}}
        others = [(i, j) for i in range(n) for j in range(n) if j != i]
        for i in range(n):
            v, a, ap, en = self.v[i], self.a[i], c.aperture[i], c.energy[i]
            trials[TRUE].append(self.row(v, a, ap, en))
            for kind, k in {DEVICE: DEVICE_LAG, **SHIFTS}.items():
                trials[kind] += [self.row(v[:-k], a[k:], ap[:-k], en[k:]), self.row(v[k:], a[:-k], ap[k:], en[:-k])]
        trials[OTHER] = [self.row(self.v[i], self.a[j], c.aperture[i], c.energy[j]) for i, j in others]
        trials |= self.no_speech() | self.dubs() | self.long()
        lags = np.array([best_lag(v, a, e) for v, a, e in zip(self.v, self.a, c.energy)])
        return SyncRows({k: np.array(t) for k, t in trials.items() if t}, lags, np.array([i for i, _ in others]))

    def no_speech(self) -> dict:
        """What the product's guards refuse to judge."""
        c, frames = self.clips, self.clips.lips.shape[1]
        flat = np.zeros(frames)
        silence = self.encoders.sound(log_mels(np.zeros(1), frames)[None])[0]
        noise = self.encoders.sound(log_mels(self.rng.normal(0, 0.05, frames * 640), frames)[None])[0]
        still = self.encoders.lips(self.rng.normal(0, 0.05, c.lips[:1].shape))[0]
        return {
            "silence": [self.row(v, silence, ap, flat) for v, ap in zip(self.v, c.aperture)],
            "noise": [self.row(v, noise, ap, flat) for v, ap in zip(self.v, c.aperture)],
            "still face": [self.row(still, a, flat, en) for a, en in zip(self.a, c.energy)],
        }

    def dubs(self) -> dict:
        """In the same voice, four a clip word by word and two whole; and word by word in other people's."""
        words, all_words, everyone = Words(self.clips), Words(self.everyone), self.everyone
        strangers = np.flatnonzero(~np.isin(everyone.speaker, self.clips.speaker))
        made: dict[str, list] = {DUB: [], DUB_ENDS: [], DUB_VOICE: []}
        for i in range(len(self.clips)):
            own = np.flatnonzero(self.clips.speaker == self.clips.speaker[i])
            own = own[own != i]
            if len(own) >= 4:
                made[DUB] += [(i, by_word(self.clips, i, words.others(i, own, self.rng, 50))) for _ in range(4)]
                apart = own[(words.said[own] != words.said[i]).sum(1) >= 4]
                made[DUB_ENDS] += [(i, whole(self.clips, i, self.rng.choice(apart))) for _ in range(2) if len(apart)]
            at = np.flatnonzero((everyone.clip == self.clips.clip[i]) & (everyone.speaker == self.clips.speaker[i]))[0]
            same = all_words.same(at, strangers, self.rng)
            if same is not None:
                made[DUB_VOICE].append((i, by_word(everyone, at, same)))
        return {kind: [self.row(self.v[i], self.encoders.sound(mels[None])[0], self.clips.aperture[i], energy) for i, (mels, energy) in dubs] for kind, dubs in made.items()}

    def long(self) -> dict:
        """Two sentences of one person after each other, 6 s: with their own sounds, and with those of two others."""
        c, out = self.clips, {LONG_TRUE: [], LONG_OTHER: []}
        for name in np.unique(c.speaker):
            mine = np.flatnonzero(c.speaker == name)
            pairs = list(zip(mine, np.roll(mine, -1))) if len(mine) > 3 else []
            join = lambda x, pair: np.concatenate([x[k] for k in pair])
            for k, seen in enumerate(pairs):
                for kind, heard in ((LONG_TRUE, [seen]), (LONG_OTHER, [pairs[(k + s) % len(pairs)] for s in (2, 3, 5)])):
                    out[kind] += [self.row(join(self.v, seen), join(self.a, h), join(c.aperture, seen), join(c.energy, h)) for h in heard]
        return out


def figures(measured: SyncRows, fit: Logistic, rng) -> dict:
    score = {kind: fit(rows) for kind, rows in measured.rows.items()}
    true, others = score[TRUE], score[OTHER]
    out = {"clips": len(true), "bpcer": rate(true < 0.5), "bpcer, more": {}, "apcer": {}, "auc": {}, "eer": {}, "lag within one frame": rate(np.abs(measured.lags) <= 1)}
    for kind in score:
        if kind in GENUINE:
            out["bpcer, more"][kind] = rate(score[kind] < 0.5)
            continue
        own = score[LONG_TRUE if kind == LONG_OTHER else TRUE]
        out["apcer"][kind] = rate(score[kind] >= 0.5)
        out["auc"][kind], out["eer"][kind] = auc(own, score[kind]), equal_error(own, score[kind])
    groups = [others[measured.other_of == i] for i in range(len(true))]
    out["auc interval, another clip"] = auc_interval(true, groups, rng)
    out["auc of one score alone, another clip"] = {name: auc(measured.rows[TRUE][:, k], measured.rows[OTHER][:, k]) for k, name in enumerate(SCORES)}
    return out
