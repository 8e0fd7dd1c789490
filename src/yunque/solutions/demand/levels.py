"""Demand until the next order arrives as equally likely outcomes, and the stock levels that follow from it.

Sources: Silver, Pyke & Thomas, "Inventory and Production Management in Supply Chains" (periodic review,
order-up-to level, fill rate); van Donselaar & Broekmeulen 2013 (fill rate of a periodic review with lost
sales taken as back orders); Snyder & Shen, "Fundamentals of Supply Chain Theory" (newsvendor); Harris 1913
(lot size).
"""

from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from yunque.errors import NotFoundError
from yunque.forecasting.sums import SumQuantiles
from yunque.kernel.form import FloatArray

DRAWS = 40  # outcomes a node
NODES = ((-np.sqrt(3.0), 1), (0.0, 4), (np.sqrt(3.0), 1))  # Gauss-Hermite of three points, weights in sixths
BISECTIONS = 40
REMEMBERED = 12  # sets of outcomes that are kept


@dataclass(frozen=True)
class Memory:
    """Outcomes that were drawn, by what they are of; the oldest goes when there are too many."""

    kept: dict[tuple[object, ...], FloatArray] = field(default_factory=dict)

    def keep(self, key: tuple[object, ...], draws: FloatArray) -> FloatArray:
        """Keep outcomes; nobody may change them afterwards."""
        draws.setflags(write=False)
        while len(self.kept) >= REMEMBERED:
            self.kept.pop(next(iter(self.kept)), None)
        self.kept[key] = draws
        return draws


@dataclass(frozen=True, kw_only=True)
class Ahead:
    """Where the days of a plan lie among the periods of its forecast.

    Attributes:
        sums: quantiles of summed demand.
        ids: the articles, in the order of all arrays.
        length: days of a period.
        start: periods that have passed between the last closed one and the day of the plan.
        factor: demand is multiplied by it.
        memory: of outcomes that were drawn before, whatever the factor.
    """

    sums: SumQuantiles
    ids: tuple[str, ...]
    length: float
    start: float = 0.0
    factor: float = 1.0
    memory: Memory = field(default_factory=Memory, compare=False)

    def later(self, days: float) -> "Ahead":
        """Give the same, so many days later."""
        return replace(self, start=self.start + days / self.length)

    def mean(self, days: FloatArray) -> FloatArray:
        """Give the expected units of the next so many days, an article each."""
        return np.asarray(self.factor * self._expected(days))

    def _expected(self, days: FloatArray) -> FloatArray:
        passed = self._means(np.full((len(self.ids), 1), self.start))
        reached = self._means((self.start + days / self.length)[:, None])
        return np.asarray((reached - passed)[:, 0])

    def draws(self, days: FloatArray, deviation: FloatArray) -> FloatArray:
        """Give articles x 240 equally likely outcomes (ascending) of the units of the next `days` days.

        The length itself is uncertain with that standard deviation (days): outcomes of three lengths are
        mixed, which keeps mean and variance of the length (law of total variance).
        """
        key = (self.ids, self.start, days.tobytes(), deviation.tobytes())
        found = self.memory.kept.get(key)
        if found is None:
            found = self.memory.keep(key, self._draws(days, deviation))
        return found if self.factor == 1.0 else np.asarray(found * self.factor)

    def _draws(self, days: FloatArray, deviation: FloatArray) -> FloatArray:
        nodes = NODES if deviation.any() else ((0.0, sum(weight for _, weight in NODES)),)
        parts = []
        for node, weight in nodes:
            span = np.maximum(days + node * deviation, 0.0) / self.length
            parts.append(self._outcomes(span, DRAWS * weight))
        return parts[0] if len(parts) == 1 else np.sort(np.concatenate(parts, axis=1), axis=1)

    def _outcomes(self, span: FloatArray, draws: int) -> FloatArray:
        levels = (np.arange(draws) + 0.5) / draws
        outcomes = self.sums.at_levels(self._rows, span, levels)
        plain = self.sums.means(self._rows, span)
        wanted = self._expected(span * self.length)
        scale = np.where(plain > 0, wanted / np.maximum(plain, 1e-12), 1.0)
        return np.asarray(outcomes * scale[:, None], dtype=np.float64)

    def curve(self, days: FloatArray) -> FloatArray:
        """Give articles x len(days): the expected units of the next so many days."""
        passed = self._means(np.full((len(self.ids), 1), self.start))
        periods = np.broadcast_to(self.start + days / self.length, (len(self.ids), len(days)))
        return np.asarray(self.factor * (self._means(periods) - passed))

    @cached_property
    def _rows(self) -> np.ndarray:
        place = {code: at for at, code in enumerate(self.sums.ids)}
        if missing := [code for code in self.ids if code not in place]:
            raise NotFoundError.among("article", missing[0], self.sums.ids)
        return np.array([place[code] for code in self.ids], dtype=int)

    def _means(self, periods: FloatArray) -> FloatArray:
        rows = np.repeat(self._rows, periods.shape[1])
        return np.asarray(self.sums.means(rows, periods.ravel()).reshape(periods.shape))


def quantile(draws: FloatArray, level: FloatArray | float) -> FloatArray:
    """Give the smallest outcome of each row that at least the share `level` of the outcomes do not exceed."""
    count = draws.shape[1]
    place = np.clip(np.ceil(np.asarray(level) * count - 1e-9).astype(int) - 1, 0, count - 1)
    return np.asarray(draws[np.arange(len(draws)), np.broadcast_to(place, len(draws))])


def short(draws: FloatArray, stock: FloatArray) -> FloatArray:
    """Give the expected units that `stock` leaves unserved, E[(D - stock)+], a row each."""
    return np.asarray(np.maximum(draws - stock[:, None], 0.0).mean(axis=1))


def above(draws: FloatArray, stock: FloatArray) -> FloatArray:
    """Give the probability that demand exceeds `stock`, a row each."""
    return np.asarray((draws > stock[:, None] + 1e-9).mean(axis=1))


def fill_level(protection: FloatArray, lead: FloatArray, service: float) -> FloatArray:
    """Give the smallest order-up-to level that serves the share `service` of the units of a review period.

    1 - (E[(D_P - S)+] - E[(D_L - S)+]) / E[D_R] >= service, by bisection over the outcomes.
    """
    review = np.maximum(protection.mean(axis=1) - lead.mean(axis=1), 1e-12)
    low, high = np.zeros(len(protection)), protection.max(axis=1, initial=0.0)
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        served = 1 - (short(protection, middle) - short(lead, middle)) / review
        low, high = np.where(served >= service, low, middle), np.where(served >= service, middle, high)
    return np.asarray(high)


def newsvendor_level(
    margin: FloatArray, cost: FloatArray, holding_rate: float, days: FloatArray
) -> FloatArray:
    """Give the quantile that money asks for: Cu / (Cu + Co), Co = rate x cost x days / 365."""
    over = np.maximum(holding_rate * cost * days / 365.0, 1e-12)
    return np.asarray(margin / np.maximum(margin + over, 1e-12))


def economic_lot(
    yearly: FloatArray, cost: FloatArray, ordering_cost: float, holding_rate: float
) -> FloatArray:
    """Give Harris' lot, sqrt(2 K D / (i c)); 0 where nothing is known to hold it against."""
    held = holding_rate * cost
    return np.where(held > 0, np.sqrt(2 * ordering_cost * yearly / np.where(held > 0, held, 1.0)), 0.0)
