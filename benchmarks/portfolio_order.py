"""Pick an order of configurations from stored predictions, and prove it on tables it was not picked on.

A portfolio is judged as it is used: members are added in their order as long as a budget of processor seconds
lasts, and blended by greedy selection with replacement (Caruana et al., ICML 2004). The weights are chosen on
one half of the rows and the blend is judged on the other. Budgets are multiples of what one ordinary LightGBM
costs on the table, so that tables of different size count alike. The loss is normalised: 0 is what all
configurations reach together, 1 is the constant.

One table with a wide gap must not decide for all, so a loss counts as x / (x + 0.02). The greedy step takes
the configuration with the largest mean gain per processor second to the power of `thrift`; each order is
judged by leaving out one table at a time (Auto-sklearn 2.0, JMLR 2022).
"""

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np

from yunque.learning.portfolio_entries import ENTRIES

REFERENCE = "lightgbm-mixed"
BUDGETS = (2.0, 4.0, 8.0, 16.0, 32.0)
HALF_WAY = 0.02
WHOLE_SHARE = 0.8
THRIFTS = (0.0, 0.3)
BLEND_STEPS = 12
RANDOM_ORDERS = 10
LOWEST = 1e-7


@dataclass(frozen=True, kw_only=True)
class Stored:
    """What `fit` stored of one table.

    Attributes:
        columns: per configuration what a blend averages: the true class's probability, or the value.
        seconds: processor seconds per configuration.
    """

    name: str
    y: np.ndarray
    is_classification: bool
    columns: dict[str, np.ndarray]
    seconds: dict[str, float]
    half: np.ndarray
    known: dict[frozenset[str], float] = field(default_factory=dict)

    def cost(self, name: str) -> float:
        """Give the cost of a configuration in ordinary LightGBMs."""
        return self.seconds[name] / max(1e-3, self.seconds[REFERENCE])

    @cached_property
    def constant(self) -> float:
        """Loss of the constant."""
        if not self.is_classification:
            return float(np.std(self.y))
        shares = np.bincount(self.y) / len(self.y)
        return float(-np.mean(np.log(shares[self.y])))

    @cached_property
    def best(self) -> float:
        """Loss of the blend of all."""
        return self.blended(tuple(self.columns))

    def normalised(self, names: tuple[str, ...]) -> float:
        """Give the normalised loss of the blend of some."""
        usable = tuple(name for name in names if name in self.columns)
        if not usable:
            return 1.0
        key = frozenset(usable)
        if key not in self.known:
            gap = self.constant - self.best
            self.known[key] = min(1.0, (self.blended(usable) - self.best) / gap) if gap > 0 else 0.0
        return self.known[key]

    def blended(self, names: tuple[str, ...]) -> float:
        """Give the loss on each half with the weights of the other."""
        matrix = np.stack([self.columns[name] for name in names])
        losses = []
        for judged in (self.half, ~self.half):
            weights = self._weights(matrix[:, ~judged], self.y[~judged])
            losses.append(self._loss(weights @ matrix[:, judged], self.y[judged])[0])
        return float(np.mean(losses))

    def _weights(self, matrix: np.ndarray, y: np.ndarray) -> np.ndarray:
        total, counts = np.zeros(matrix.shape[1]), np.zeros(len(matrix))
        best, kept = np.inf, counts
        for step in range(1, BLEND_STEPS + 1):
            losses = self._loss((total + matrix) / step, y)
            chosen = int(np.argmin(losses))
            total, counts = total + matrix[chosen], counts.copy()
            counts[chosen] += 1.0
            if losses[chosen] < best:
                best, kept = float(losses[chosen]), counts
        return kept / kept.sum()

    def _loss(self, mixed: np.ndarray, y: np.ndarray) -> np.ndarray:
        mixed = np.atleast_2d(mixed)
        if self.is_classification:
            return -np.log(np.maximum(mixed, LOWEST)).mean(axis=1)
        return np.sqrt(((mixed - y) ** 2).mean(axis=1))


def load(store: Path) -> list[Stored]:
    """Read every table that is there whole: with nearly as many configurations as the others."""
    found = []
    counts = {folder: len(list(folder.glob("*.npz"))) for folder in sorted(store.iterdir())}
    for folder, count in counts.items():
        if count < WHOLE_SHARE * max(counts.values()) or not (folder / f"{REFERENCE}.npz").exists():
            continue
        with np.load(folder / "truth.npz") as truth:
            y, kind = truth["y"], str(truth["kind"])
        columns, seconds = {}, {}
        for path in sorted(folder.glob("*.npz")):
            if path.stem == "truth":
                continue
            with np.load(path) as one:
                predictions, seconds[path.stem] = one["found"].astype(np.float64), float(one["seconds"])
            is_value = kind == "regression"
            columns[path.stem] = predictions[:, 0] if is_value else predictions[np.arange(len(y)), y]
        half = np.random.default_rng(0).random(len(y)) < 0.5
        found.append(
            Stored(
                name=folder.name,
                y=y,
                is_classification=kind != "regression",
                columns=columns,
                seconds=seconds,
                half=half,
            )
        )
    return found


def greedy(tables: list[Stored], thrift: float, most: int) -> list[str]:
    """Give the order that gains most per cost on these tables."""
    names = sorted({name for table in tables for name in table.columns})
    costs = {name: _mean_cost(tables, name) for name in names}
    order: list[str] = []
    while len(order) < most:
        now = np.mean([_counts(table, tuple(order)) for table in tables])
        gains = {
            name: (now - np.mean([_counts(table, (*order, name)) for table in tables]))
            / costs[name] ** thrift
            for name in names
            if name not in order
        }
        chosen = max(gains, key=lambda name: (gains[name], name))
        if gains[chosen] <= 0.0:
            break
        order.append(chosen)
    return order


def _counts(table: Stored, names: tuple[str, ...]) -> float:
    loss = table.normalised(names)
    return loss / (abs(loss) + HALF_WAY)


def _mean_cost(tables: list[Stored], name: str) -> float:
    return float(np.mean([table.cost(name) for table in tables if name in table.columns]))


def judged(table: Stored, order: list[str]) -> list[float]:
    """Give the normalised loss of a table at each budget, members added while it lasts."""
    losses = []
    for budget in BUDGETS:
        chosen, spent = [], 0.0
        for name in (each for each in order if each in table.columns):
            if chosen and spent + table.cost(name) > budget:
                continue
            chosen.append(name)
            spent += table.cost(name)
        losses.append(table.normalised(tuple(chosen)))
    return losses


def left_out(tables: list[Stored], thrift: float, most: int) -> list[list[float]]:
    """Give each table's losses by the order that the other tables chose."""
    return [judged(table, greedy([o for o in tables if o is not table], thrift, most)) for table in tables]


def print_orders(store: Path, most: int) -> None:
    """Print the learnt order and what it is worth beside the product's and random ones."""
    tables = load(store)
    names = sorted({name for table in tables for name in table.columns})
    rng = np.random.default_rng(1)
    shuffled = [[str(name) for name in rng.permutation(names)] for _ in range(RANDOM_ORDERS)]
    print(f"{len(tables)} tables, {len(names)} configurations; budgets in ordinary LightGBMs")
    print(f"{'order':28s}" + "".join(f"{budget:9.0f}" for budget in BUDGETS) + "     mean   median")
    _line("random", [judged(table, order) for table in tables for order in shuffled])
    _line("the product's", [judged(table, [each.name for each in ENTRIES]) for table in tables])
    for thrift in THRIFTS:
        _line(f"learnt, thrift {thrift:g}, left out", left_out(tables, thrift, most))
    for thrift in THRIFTS:
        print(f"\norder learnt on all tables, thrift {thrift:g}:")
        order: list[str] = []
        for name in greedy(tables, thrift, most):
            order.append(name)
            loss = np.mean([table.normalised(tuple(order)) for table in tables])
            print(f"  {name:24s} cost {_mean_cost(tables, name):5.2f}  mean loss after it {loss:.4f}")


def _line(label: str, losses: list[list[float]]) -> None:
    means = np.mean(losses, axis=0)
    middle = np.mean(np.median(losses, axis=0))
    told = "".join(f"{each:9.4f}" for each in means)
    print(f"{label:28s}{told}{np.mean(means):9.4f}{middle:9.4f}", flush=True)
