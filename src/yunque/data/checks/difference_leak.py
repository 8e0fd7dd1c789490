"""Two columns whose difference says far more than either: often a plan and what really happened."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from yunque.data.bins import as_numbers
from yunque.data.examined import Check, Examined
from yunque.data.finding import Finding

ALIKE = 0.7
MOST_COLUMNS = 200
MOST_PAIRS = 60
STRONG = 0.40
STANDS_OUT = 2.5
FEWEST_ROWS = 50


@dataclass(frozen=True, kw_only=True)
class _Pair:
    """Two columns, what their difference foretells, and what the better of them foretells alone."""

    first: str
    second: str
    skill: float
    alone: float


def _run(table: Examined, found: Sequence[Finding]) -> Iterable[Finding]:
    if table.frame.height < FEWEST_ROWS:
        return
    leaks = {
        name for finding in found if "leak" in finding.id or "copy" in finding.id for name in finding.columns
    }
    skills = {each.name: each.skill for each in table.strengths}
    judged = [_judge(table, pair, skills) for pair in _alike_pairs(table, leaks)]
    told: set[str] = set()
    for pair in sorted(judged, key=lambda each: -each.skill):
        strong = pair.skill >= STRONG and pair.skill >= STANDS_OUT * pair.alone
        if strong and not told & {pair.first, pair.second}:
            told |= {pair.first, pair.second}
            yield _finding(pair, table.sample.height)


def _judge(table: Examined, names: tuple[str, str], skills: dict[str, float]) -> _Pair:
    first, second = names
    difference = table.sample.get_column(first) - table.sample.get_column(second)
    return _Pair(
        first=first,
        second=second,
        skill=table.measure(difference).skill,
        alone=max(skills[first], skills[second], 0.0),
    )


def _finding(pair: _Pair, rows: int) -> Finding:
    return Finding(
        id=f"difference_leak:{pair.first}-{pair.second}",
        severity="warning",
        columns=(pair.first, pair.second),
        evidence={"skill": round(pair.skill, 4), "skill_of_better_alone": round(pair.alone, 4), "rows": rows},
        message=(
            f"The difference {pair.first!r} - {pair.second!r} explains {pair.skill:.0%} of the target; "
            f"the better of the two alone explains {pair.alone:.0%}."
        ),
        suggested_action=(
            "If one is a plan and the other what really happened, the latter is known too late: "
            "leave it out (--ignore)."
        ),
    )


def _alike_pairs(table: Examined, leaks: set[str]) -> list[tuple[str, str]]:
    """Give pairs of numeric columns on a like scale, most alike first."""
    names = [
        column.name
        for column in table.features
        if table.sample.get_column(column.name).dtype.is_numeric() and column.name not in leaks
    ]
    if not 2 <= len(names) <= MOST_COLUMNS:
        return []
    x = np.column_stack([_filled(table.sample.get_column(name)) for name in names])
    spread = x.std(axis=0)
    varying = np.flatnonzero(spread > 0)
    if len(varying) < 2:
        return []
    likeness = np.abs(np.corrcoef(x[:, varying], rowvar=False))
    ratio = spread[varying][:, None] / spread[varying][None, :]
    likeness[(ratio < 0.5) | (ratio > 2.0) | (likeness > 1.0 - 1e-9)] = 0.0
    left, right = np.triu_indices(len(varying), k=1)
    order = np.argsort(-likeness[left, right], kind="stable")[:MOST_PAIRS]
    chosen = [pair for pair in order if likeness[left[pair], right[pair]] >= ALIKE]
    return [(names[varying[left[pair]]], names[varying[right[pair]]]) for pair in chosen]


def _filled(series: pl.Series) -> np.ndarray:
    numbers = as_numbers(series)
    known = numbers[~np.isnan(numbers)]
    return np.where(np.isnan(numbers), known.mean() if len(known) else 0.0, numbers)


CHECK = Check(name="difference_leak", order=40, run=_run)
