"""Error rates with intervals, and the logistic fit behind every probability."""
from dataclasses import dataclass

import numpy as np


def auc(positive, negative) -> float:
    p, n = np.asarray(positive)[:, None], np.asarray(negative)[None]
    return float((p > n).mean() + 0.5 * (p == n).mean())


def equal_error(positive, negative) -> float:
    cuts = np.unique(np.concatenate([positive, negative]))
    misses = np.array([(positive < cut).mean() for cut in cuts])
    alarms = np.array([(negative >= cut).mean() for cut in cuts])
    at = np.abs(misses - alarms).argmin()
    return float((misses[at] + alarms[at]) / 2)


def auc_interval(positive, groups, rng, rounds=1000) -> list[float]:
    """95 % bootstrap over clips; groups[i] holds the negatives that share clip i."""
    n, draws = len(positive), []
    for _ in range(rounds):
        index = rng.integers(0, n, n)
        draws.append(auc(positive[index], np.concatenate([groups[i] for i in index])))
    return [float(q) for q in np.percentile(draws, [2.5, 97.5])]


def wilson(hits: int, n: int) -> list[float]:
    p, z = hits / n, 1.96
    centre, half = p + z * z / (2 * n), z * np.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return [float((centre - half) / (1 + z * z / n)), float((centre + half) / (1 + z * z / n))]


def rate(flags) -> dict:
    flags = np.asarray(flags, bool)
    return {"value": float(flags.mean()), "n": len(flags), "interval": wilson(int(flags.sum()), len(flags))}


def mean(values, rng) -> dict:
    draws = [np.mean(rng.choice(values, len(values))) for _ in range(1000)]
    return {"value": float(np.mean(values)), "n": len(values), "interval": [float(q) for q in np.percentile(draws, [2.5, 97.5])]}


@dataclass
class Logistic:
    """p = 1 / (1 + exp(-(bias + weights . x))), classes weighing by cost whatever their number."""

    weights: np.ndarray
    bias: float

    @classmethod
    def fit(cls, positives: list, negatives: list, cost: float = 1, ridge: float = 1e-3, rounds: int = 50) -> "Logistic":
        """Rows of each kind of true trials, and of false ones; every kind weighs the same within its class, and the false
        ones together `cost` times what the true ones do."""
        x = np.concatenate([*positives, *negatives])
        shares = lambda kinds, total: [np.full(len(rows), total / len(rows) / len(kinds)) for rows in kinds]
        share = np.concatenate(shares(positives, 1 / (1 + cost)) + shares(negatives, cost / (1 + cost)))
        middle = share @ x
        spread = np.sqrt(share @ (x - middle) ** 2)
        x = np.concatenate([(x - middle) / spread, np.ones((len(x), 1))], 1)
        y = np.arange(len(x)) < sum(map(len, positives))
        w, penalty = np.zeros(x.shape[1]), ridge * np.eye(x.shape[1])
        penalty[-1, -1] = 0
        for _ in range(rounds):
            p = 1 / (1 + np.exp(-x @ w))
            gradient = x.T @ (share * (p - y)) + penalty @ w
            w -= np.linalg.solve((x.T * (share * p * (1 - p))) @ x + penalty + 1e-9 * np.eye(len(w)), gradient)
        weights = w[:-1] / spread
        return cls(weights, float(w[-1] - weights @ middle))

    def __call__(self, x) -> np.ndarray:
        return 1 / (1 + np.exp(-(np.asarray(x) @ self.weights + self.bias)))
