"""Weights for a blend: greedy selection with replacement that knows what each member costs to serve.

Caruana, Niculescu-Mizil, Crew, Ksikes: Ensemble selection from libraries of models (ICML 2004). A penalty on
microseconds per row, swept over several sizes, gives a set of blends from which the latency target picks.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from yunque.kernel.form import FloatArray
from yunque.learning.judge import Judged

ROUNDS = 40
PENALTIES = (0.0, 1e-4, 1e-3, 1e-2)  # share of the best single loss paid for one whole latency target
MOST_ROWS = 50_000
MOST_ROWS_SORTED = 10_000  # for metrics that must look at all rows anew for every mixture


@dataclass(frozen=True, kw_only=True)
class Mixture:
    """One blend.

    Attributes:
        weights: per member, positive, sum 1; in the order in which members were first chosen.
        loss: on the rows it was chosen on.
        microseconds: of its members together, one row.
        penalty: what it was chosen with.
    """

    weights: Mapping[str, float]
    loss: float
    microseconds: float
    penalty: float


def choose(
    judged: Judged,
    predictions: Mapping[str, FloatArray],
    costs: Mapping[str, float],
    target: float,
    *,
    out_of_time: Callable[[], bool] = lambda: False,
    seed: int = 0,
) -> tuple[Mixture, tuple[Mixture, ...]]:
    """Choose the weights of a blend.

    Args:
        judged: the rows and the metric.
        predictions: (n, n_outputs) per candidate on those rows; at least one candidate.
        costs: microseconds per row, per candidate.
        target: microseconds one row may take; met if any single candidate meets it.
        out_of_time: asked between rounds.
        seed: seeds the draw of rows when there are many.

    Returns:
        The best blend within the target, and the Pareto set of (loss, microseconds), cheapest first.
    """
    fast = judged.task.metric in ("log_loss", "rmse")
    most = MOST_ROWS if fast else MOST_ROWS_SORTED
    if len(judged.y) > most:
        rows = np.sort(np.random.default_rng(seed).choice(len(judged.y), most, replace=False))
        judged, predictions = judged.take(rows), {name: p[rows] for name, p in predictions.items()}
    narrow, loss = judged.reduced()
    pool = _Pool(
        predictions={name: narrow(p) for name, p in predictions.items()},
        costs=costs,
        loss=loss,
        out_of_time=out_of_time,
    )
    found = [pool.single(name) for name in predictions]
    scale = abs(min(single.loss for single in found)) / target or 1.0 / target
    for penalty in PENALTIES:
        if out_of_time():
            break
        found.append(pool.grow(penalty * scale, penalty))
    pareto = _pareto(found)
    affordable = [each for each in pareto if each.microseconds <= target] or [pareto[0]]
    return min(affordable, key=lambda each: (each.loss, each.microseconds)), pareto


@dataclass(frozen=True, kw_only=True)
class _Pool:
    """What is chosen from: predictions reduced to what the loss needs, and costs."""

    predictions: Mapping[str, FloatArray]
    costs: Mapping[str, float]
    loss: Callable[[FloatArray], float]
    out_of_time: Callable[[], bool]

    def single(self, name: str) -> Mixture:
        """Give the blend of one."""
        loss = self.loss(self.predictions[name])
        return Mixture(weights={name: 1.0}, loss=loss, microseconds=self.costs[name], penalty=0.0)

    def grow(self, price: float, penalty: float) -> Mixture:
        """Add members one at a time, the one that helps most; keep the best prefix.

        Args:
            price: loss paid per microsecond of each distinct member.
            penalty: recorded in the result.
        """
        singles = {name: self.loss(p) + price * self.costs[name] for name, p in self.predictions.items()}
        first = min(singles, key=lambda name: (singles[name], name))
        chosen, total, paid = [first], self.predictions[first].copy(), price * self.costs[first]
        best_value, best_length, best_loss = singles[first], 1, singles[first] - paid
        while len(chosen) < ROUNDS and not self.out_of_time():
            scored = []
            for name, p in self.predictions.items():
                mixed_loss = self.loss((total + p) / (len(chosen) + 1))
                extra = 0.0 if name in chosen else price * self.costs[name]
                scored.append((mixed_loss + paid + extra, name not in chosen, name, mixed_loss))
            value, is_new, name, mixed_loss = min(scored)
            chosen.append(name)
            total += self.predictions[name]
            paid += price * self.costs[name] if is_new else 0.0
            if value < best_value - 1e-12:
                best_value, best_length, best_loss = value, len(chosen), mixed_loss
        kept = chosen[:best_length]
        weights = {name: kept.count(name) / best_length for name in dict.fromkeys(kept)}
        microseconds = sum(self.costs[name] for name in weights)
        return Mixture(weights=weights, loss=best_loss, microseconds=microseconds, penalty=penalty)


def _pareto(found: list[Mixture]) -> tuple[Mixture, ...]:
    kept: list[Mixture] = []
    for each in sorted(found, key=lambda mixture: (mixture.microseconds, mixture.loss)):
        if not kept or each.loss < kept[-1].loss:
            kept.append(each)
    return tuple(kept)


def mix(weights: Mapping[str, float], predictions: Mapping[str, FloatArray]) -> FloatArray:
    """Give the weighted mean of the members' predictions."""
    first = next(iter(weights))
    total = np.zeros_like(predictions[first])
    for name, weight in weights.items():
        total += weight * predictions[name]
    return total
