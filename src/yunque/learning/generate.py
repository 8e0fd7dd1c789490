"""Features generated from pairs of columns: proposed by rule, chosen by a quick boosted model, inside a fold.

Sums, differences, products and ratios of the strongest numbers, numbers held against the mean of their
category, days between dates. What a fold chooses it learnt from its training rows alone, and how much it
looks at is bounded by rows and columns, never by a clock: the same rows choose the same features again.
After mljar-supervised's golden features and AutoGluon's TabPrep.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from yunque.data.schema import Kind, Schema
from yunque.features.assemble import assemble
from yunque.features.encode import encode
from yunque.features.fit import fit_recipe
from yunque.features.part import DATES, NUMERIC
from yunque.features.plan import Planned
from yunque.features.recipe import Recipe
from yunque.features.registry import step
from yunque.features.step import FitColumns
from yunque.features.steps.among import SHOWS
from yunque.features.steps.arithmetic import SIGNS
from yunque.kernel.form import FloatArray

MOST_ROWS = 4_000
MOST_NUMBERS, MOST_CATEGORIES, MOST_DATES = 9, 4, 4
MOST_KEPT = 12
LEAST_SHARE = 0.005  # of all gain, that a kept feature has
ROUNDS = 60  # of the model that chooses, shared among classes
MOST_CLASSES = 8  # of the model that chooses; the rarest are one
MOST_COLUMNS = 300  # of a recipe; wider ones propose nothing


@dataclass(frozen=True, kw_only=True)
class Rows:
    """Training rows of a fold: the table's columns and the answers (positions of classes, or values)."""

    frame: pl.DataFrame
    schema: Schema
    y: npt.NDArray[Any]
    classes: int

    def sample(self, most: int, seed: int) -> "Rows":
        """Give at most so many rows."""
        if self.frame.height <= most:
            return self
        chosen = np.sort(np.random.default_rng(seed).choice(self.frame.height, most, replace=False))
        return Rows(frame=self.frame[chosen], schema=self.schema, y=self.y[chosen], classes=self.classes)


def generate(rows: Rows, seed: int) -> tuple[Planned, ...]:
    """Choose at most 12 features; none where nothing can be proposed or the table is very wide."""
    if len(rows.schema.features) > MOST_COLUMNS:
        return ()
    small = rows.sample(MOST_ROWS, seed)
    plain = Schema(columns=tuple(c for c in small.schema.features if c.kind is not Kind.TEXT))
    if not plain.features:
        return ()
    base = fit_recipe("tree", plain, small.frame, seed=seed)
    x = encode(base, small.frame)
    proposals = propose(plain, _strength(base, _gains(x, small, seed)))
    if not proposals:
        return ()
    planned, more = _computed(small, proposals, seed)
    gains = _gains(np.hstack((x, more)), small, seed)
    own = gains[x.shape[1] :]
    order = np.argsort(-own, kind="stable")[:MOST_KEPT]
    return tuple(planned[i] for i in order.tolist() if own[i] > LEAST_SHARE * gains.sum())


def propose(schema: Schema, strength: Mapping[str, float]) -> tuple[Planned, ...]:
    """Name the features that are looked at, of the strongest columns; `strength` is the gain of each."""

    def strongest(kinds: frozenset[Kind], most: int) -> list[str]:
        names = [c.name for c in schema.features if c.kind in kinds]
        return sorted(names, key=lambda name: -strength.get(name, 0.0))[:most]

    numbers = strongest(NUMERIC, MOST_NUMBERS)
    categories = strongest(frozenset({Kind.CATEGORY}), MOST_CATEGORIES)
    dates = strongest(DATES, MOST_DATES)
    return (
        *(
            Planned(step="arithmetic", columns=pair, options={"sign": sign})
            for pair in combinations(numbers, 2)
            for sign in SIGNS
        ),
        *(
            Planned(step="among", columns=(category, number), options={"show": show})
            for category in categories
            for number in numbers
            for show in SHOWS
        ),
        *(Planned(step="elapsed", columns=pair) for pair in combinations(dates, 2)),
    )


def _computed(rows: Rows, proposals: Sequence[Planned], seed: int) -> tuple[list[Planned], FloatArray]:
    """Compute the proposals on the rows; those that learn nothing are left out."""
    kept, columns = [], []
    for planned in proposals:
        learnt = step(planned.step).fit(
            FitColumns(
                columns=tuple(rows.schema.column(name) for name in planned.columns),
                series=tuple(rows.frame.get_column(name) for name in planned.columns),
                options=planned.options,
                seed=seed,
            )
        )
        if learnt is not None:
            kept.append(planned)
            columns.append((planned.step, planned.columns, learnt))
    return kept, encode(assemble("tree", columns), rows.frame)


def _strength(recipe: Recipe, gains: FloatArray) -> dict[str, float]:
    """Sum the gains of a recipe's columns per column of the table."""
    found: dict[str, float] = {}
    for output, gain in zip(recipe.outputs, gains.tolist(), strict=True):
        for name in output.sources:
            found[name] = found.get(name, 0.0) + gain
    return found


def _told(rows: Rows) -> tuple[npt.NDArray[Any], int]:
    """Give ranks of values, or classes with the rarest as one, and the number of classes."""
    if not rows.classes:
        return pl.Series(rows.y).rank("average").to_numpy() / len(rows.y), 0
    counts = np.bincount(rows.y, minlength=rows.classes)
    order = np.argsort(-counts, kind="stable")
    place = np.empty(rows.classes, np.int64)
    place[order] = np.minimum(np.arange(rows.classes), MOST_CLASSES - 1)
    return place[rows.y], min(rows.classes, MOST_CLASSES)


def _gains(x: FloatArray, rows: Rows, seed: int) -> FloatArray:
    """Give what each column gains in a quick boosted model; values are learnt as ranks, for their tails."""
    import lightgbm

    y, classes = _told(rows)
    several = classes > 2
    objective = "multiclass" if several else "binary" if classes else "regression"
    params = {
        "objective": objective,
        "learning_rate": 0.15,
        "num_leaves": 15,
        "min_data_in_leaf": max(1, min(20, len(y) // 20)),
        "feature_fraction": 0.5,
        "num_threads": 1,
        "deterministic": True,
        "force_row_wise": True,
        "seed": seed,
        "verbosity": -1,
        **({"num_class": classes} if several else {}),
    }
    data = lightgbm.Dataset(x, label=y, params={"verbosity": -1, "max_bin": 63}, free_raw_data=True)
    booster = lightgbm.train(params, data, num_boost_round=max(5, ROUNDS // max(1, classes - 1)))
    return np.asarray(booster.feature_importance("gain"), dtype=np.float64)
