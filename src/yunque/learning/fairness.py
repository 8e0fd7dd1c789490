"""How the champion treats groups of rows that a person names: rates per group and the gaps between them.

Sources: Dwork, Hardt, Pitassi, Reingold, Zemel: Fairness through awareness (ITCS 2012) for demographic
(statistical) parity; Hardt, Price, Srebro: Equality of opportunity in supervised learning (NIPS 2016) for
equalised odds; Wilson: Probable inference, the law of succession, and statistical inference (JASA 1927) for
the intervals of shares.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from yunque.kernel.form import FloatArray
from yunque.learning.answers import answer_positions
from yunque.learning.leaderboard import Leaderboard
from yunque.learning.sensitive_groups import BoolArray, Grouping, grouping
from yunque.learning.task import TaskKind

FEWEST_ROWS = 30
DRAWS = 1_000
Z95 = 1.959963984540054


@dataclass(frozen=True, kw_only=True)
class Measured:
    """A value with its 95 % interval, and the rows it was measured on."""

    value: float
    low: float
    high: float
    rows: int


@dataclass(frozen=True, kw_only=True)
class GroupRates:
    """One group of held-out rows.

    Attributes:
        label: value of the column, or its range; None are the rows without a value.
        rows: its held-out rows.
        rates: by name; None where fewer than 30 rows would carry the number.
    """

    label: str | None
    rows: int
    rates: dict[str, Measured | None]


@dataclass(frozen=True, kw_only=True)
class Fairness:
    """What was measured for one column.

    Attributes:
        column: its name.
        cut: whether its numbers were cut into quartiles.
        groups: in the order of the numbers, or the largest first.
        groups_left_out: further groups, smaller than those shown.
        gaps: between the groups that could be measured, by name; None when fewer than two could.
    """

    column: str
    cut: bool
    groups: tuple[GroupRates, ...]
    groups_left_out: int
    gaps: dict[str, Measured | None]


@dataclass(frozen=True, kw_only=True)
class _Drawn:
    """A measured value and (DRAWS,) values that a resampled table would have given."""

    measured: Measured
    draws: FloatArray


_Rates = dict[str, _Drawn | None]


def measure_fairness(board: Leaderboard, frame: pl.DataFrame, columns: Sequence[str]) -> tuple[Fairness, ...]:
    """Measure the champion on each group of the held-out rows, for each column.

    Binary: `selection` (share answered with the second class), `true_positive` and `false_positive` rate; the
    gaps are `parity_difference` and `parity_ratio` (largest less, and smallest over, largest selection;
    Dwork et al. 2012) and `odds_difference` (the larger of the gaps of both other rates; Hardt et al. 2016).
    Multiclass: `balanced_accuracy`, over the classes that the group has. Regression: `mean_error` (predicted
    less actual) and `mae`, in units of the target. A number that fewer than 30 rows would carry is None.

    Shares have Wilson's interval, mean errors 1.96 standard errors to each side, balanced accuracy and gaps
    the percentiles of 1,000 draws within groups (binomial for shares, normal for means: what a bootstrap of
    each gives). A gap of the largest and the smallest is never below zero, so its interval leans upwards when
    groups are alike: read it together with the groups' own intervals.

    Args:
        board: the run; its held-out rows are positions in `frame`.
        frame: the checked table that was learnt from.
        columns: columns of it, features or not.

    Raises:
        UsageError: a column is absent, or holds dates.
    """
    if not columns:
        return ()
    held = frame[board.held_out.rows]
    return tuple(_measure(board, grouping(held, column)) for column in columns)


def _measure(board: Leaderboard, found: Grouping) -> Fairness:
    random = np.random.default_rng(board.seed)
    rates_of = _rates_of(board, random)
    groups, drawn = [], []
    for label, mask in found.groups:
        rates = rates_of(mask)
        drawn.append(rates)
        shown = {name: None if each is None else each.measured for name, each in rates.items()}
        groups.append(GroupRates(label=label, rows=int(mask.sum()), rates=shown))
    return Fairness(
        column=found.column,
        cut=found.cut,
        groups=tuple(groups),
        groups_left_out=found.left_out,
        gaps=_gaps(board.task.kind, drawn),
    )


def _rates_of(board: Leaderboard, random: np.random.Generator) -> Callable[[BoolArray], _Rates]:
    held = board.held_out
    if board.task.kind is TaskKind.REGRESSION:
        errors = held.predictions[:, 0] - np.asarray(held.y, dtype=np.float64)
        return lambda mask: {
            "mean_error": _mean(errors[mask], random),
            "mae": _mean(np.abs(errors[mask]), random),
        }
    answers = answer_positions(board.champion.decision, held.predictions)
    if board.task.kind is TaskKind.MULTICLASS:
        return lambda mask: {"balanced_accuracy": _balanced(held.y[mask], answers[mask], random)}
    positive, said = held.y == 1, answers == 1
    return lambda mask: {
        "selection": _share(said[mask], random),
        "true_positive": _share(said[mask & positive], random),
        "false_positive": _share(said[mask & ~positive], random),
    }


def wilson(hits: int, rows: int) -> tuple[float, float]:
    """Give Wilson's 95 % interval of the share hits / rows (JASA 1927); rows is at least 1."""
    share, z2 = hits / rows, Z95 * Z95
    middle = (share + z2 / (2 * rows)) / (1 + z2 / rows)
    half = Z95 / (1 + z2 / rows) * np.sqrt(share * (1 - share) / rows + z2 / (4 * rows * rows))
    return max(0.0, float(middle - half)), min(1.0, float(middle + half))


def _share(said: BoolArray, random: np.random.Generator) -> _Drawn | None:
    """Measure a share; a bootstrap of yes and no is a binomial draw."""
    rows = len(said)
    if rows < FEWEST_ROWS:
        return None
    hits = int(said.sum())
    low, high = wilson(hits, rows)
    measured = Measured(value=hits / rows, low=low, high=high, rows=rows)
    return _Drawn(measured=measured, draws=random.binomial(rows, hits / rows, DRAWS) / rows)


def _mean(values: FloatArray, random: np.random.Generator) -> _Drawn | None:
    """Measure a mean; of many rows its bootstrap is normal, which spares drawing them a thousand times."""
    rows = len(values)
    if rows < FEWEST_ROWS:
        return None
    mean, error = float(values.mean()), float(values.std(ddof=1) / np.sqrt(rows))
    draws = random.normal(mean, error, DRAWS)
    measured = Measured(value=mean, low=mean - Z95 * error, high=mean + Z95 * error, rows=rows)
    return _Drawn(measured=measured, draws=draws)


def _balanced(
    y: npt.NDArray[Any], answers: npt.NDArray[np.int64], random: np.random.Generator
) -> _Drawn | None:
    """Measure the mean recall over the classes that the rows have."""
    if len(y) < FEWEST_ROWS:
        return None
    sizes = np.bincount(y)
    right = np.bincount(y[y == answers], minlength=len(sizes))[sizes > 0]
    sizes = sizes[sizes > 0]
    draws = (random.binomial(sizes, right / sizes, (DRAWS, len(sizes))) / sizes).mean(axis=1)
    return _Drawn(measured=_with_draws(float((right / sizes).mean()), draws, len(y)), draws=draws)


def _with_draws(value: float, draws: FloatArray, rows: int) -> Measured:
    known = draws[np.isfinite(draws)]
    low, high = np.quantile(known, [0.025, 0.975]) if len(known) else (value, value)
    return Measured(value=value, low=min(value, float(low)), high=max(value, float(high)), rows=rows)


def _gaps(kind: TaskKind, groups: Sequence[_Rates]) -> dict[str, Measured | None]:
    if kind is TaskKind.REGRESSION:
        return {
            "mean_error_difference": _gap(groups, ("mean_error",), _difference),
            "mae_difference": _gap(groups, ("mae",), _difference),
        }
    if kind is TaskKind.MULTICLASS:
        return {"balanced_accuracy_difference": _gap(groups, ("balanced_accuracy",), _difference)}
    return {
        "parity_difference": _gap(groups, ("selection",), _difference),
        "parity_ratio": _gap(groups, ("selection",), _ratio),
        "odds_difference": _gap(groups, ("true_positive", "false_positive"), _difference),
    }


def _gap(
    groups: Sequence[_Rates], names: tuple[str, ...], between: Callable[[FloatArray], FloatArray]
) -> Measured | None:
    """Give the largest gap of the rates named; None unless two groups have each of them."""
    values, draws, rows = [], [], 0
    for name in names:
        known = [each for rates in groups if (each := rates[name]) is not None]
        if len(known) < 2:
            return None
        rows += sum(each.measured.rows for each in known)
        values.append(float(between(np.array([[each.measured.value for each in known]]))[0]))
        draws.append(between(np.stack([each.draws for each in known], axis=1)))
    if not np.isfinite(values).all():
        return None
    return _with_draws(max(values), np.max(draws, axis=0), rows)


def _difference(values: FloatArray) -> FloatArray:
    """Give largest less smallest of each row."""
    return np.asarray(values.max(axis=1) - values.min(axis=1))


def _ratio(values: FloatArray) -> FloatArray:
    """Give smallest over largest of each row; nan where all are zero."""
    largest = values.max(axis=1)
    shares = np.full(len(values), np.nan)
    np.divide(values.min(axis=1), largest, out=shares, where=largest > 0)
    return shares
