"""Which columns are learnt from: R5's rules raise a doubt, and the signal decides."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import polars as pl

from yunque.solutions.orders.association import Codes, Signal, codes_of, cramers_v, pearson, signal
from yunque.solutions.orders.columns import CLIENT, TARGET, TIME
from yunque.solutions.orders.notice import Language, words

Rule = Literal["empty", "constant", "id", "cramers_v", "pearson"]
QUASI_CONSTANT = 0.95  # R5: a level that so many rows have
TOO_CLOSE = 0.80  # R5: of Cramér's V and of Pearson's correlation
CHANCE = 1e-3  # a column is kept when chance would give as much less often than this
MOST_ROWS = 200_000


@dataclass(frozen=True, kw_only=True)
class Doubt:
    """A column that a rule would drop.

    Attributes:
        column: which; rule: that doubts it.
        other: the column that says the same, "" where there is none.
        strength: share of the commonest level, or association with `other`.
        levels: how many it has.
        signal: what it tells of the channel, beyond `other` where there is one.
        kept: it tells something, so it is learnt from in spite of the rule.
    """

    column: str
    rule: Rule
    other: str = ""
    strength: float = 0.0
    levels: int = 0
    signal: Signal
    kept: bool

    def to_dict(self) -> dict[str, Any]:
        """Give it as JSON values."""
        return asdict(self)

    def text(self, language: Language = "en") -> str:
        """Say why it is dropped, or why it is not."""
        said = words(language)
        why = said(f"reason.{self.rule}", strength=self.strength, levels=self.levels, other=repr(self.other))
        if self.rule == "empty":
            return why
        beyond = said("reason.beyond", other=repr(self.other)) if self.other else ""
        key = "reason.kept" if self.kept else "reason.dropped"
        return said(key, why=why, nats=self.signal.nats, beyond=beyond, p=self.signal.p)


def doubts(table: pl.DataFrame, features: Sequence[str], seed: int) -> tuple[Doubt, ...]:
    """Hold every column against the rules, on the last order of each client.

    Args:
        table: training rows only.
        features: columns that may be learnt from.
        seed: draws the clients where there are more than 200,000.
    """
    rows = one_row_a_client(table, seed)
    answers = codes_of(rows[TARGET])
    known = {name: rows[name] for name in features if rows[name].null_count() < rows.height}
    coded = {name: codes_of(series, 20) for name, series in known.items()}
    found = [
        Doubt(column=name, rule="empty", signal=Signal(nats=0.0, p=1.0), kept=False)
        for name in features
        if name not in known
    ]
    found += _alone(known, coded, answers)
    out = {doubt.column for doubt in found if not doubt.kept}
    left = {name: series for name, series in known.items() if name not in out}
    found += _pairs(left, coded, answers)
    return tuple(found)


def one_row_a_client(table: pl.DataFrame, seed: int) -> pl.DataFrame:
    """Give the last row of each client, so that rows are as independent as clients are."""
    last = table.sort(TIME, maintain_order=True).unique(CLIENT, keep="last", maintain_order=True)
    return last if last.height <= MOST_ROWS else last.sample(MOST_ROWS, seed=seed)


def dropped(found: Sequence[Doubt]) -> dict[str, str]:
    """Give the columns that are not learnt from, with the reason of each."""
    return {doubt.column: doubt.text() for doubt in found if not doubt.kept}


def _alone(known: dict[str, pl.Series], coded: dict[str, Codes], answers: Codes) -> Iterator[Doubt]:
    for name, series in known.items():
        counts = np.bincount(coded[name])
        share = float(counts.max() / counts.sum())
        is_id = name.endswith("_id")
        if share < QUASI_CONSTANT and not is_id:
            continue
        told = signal(coded[name], answers)
        yield Doubt(
            column=name,
            rule="id" if is_id else "constant",
            strength=share,
            levels=series.n_unique(),
            signal=told,
            kept=told.p < CHANCE,
        )


def _pairs(left: dict[str, pl.Series], coded: dict[str, Codes], answers: Codes) -> Iterator[Doubt]:
    """Doubt one column of each pair that says the same: the one that tells less of the channel alone."""
    alone = {name: signal(coded[name], answers) for name in left}
    gone: set[str] = set()
    names = sorted(left, key=lambda name: (alone[name].p, -alone[name].nats, list(left).index(name)))
    for place, name in enumerate(names):
        for other in names[:place]:
            if other in gone or name in gone:
                continue
            rule, strength = _strength(left, coded, name, other)
            if abs(strength) <= TOO_CLOSE:
                continue
            told = signal(coded[name], answers, within=coded[other])
            doubt = Doubt(
                column=name,
                rule=rule,
                other=other,
                strength=strength,
                levels=left[name].n_unique(),
                signal=told,
                kept=told.p < CHANCE,
            )
            if not doubt.kept:
                gone.add(name)
            yield doubt


def _strength(
    left: dict[str, pl.Series], coded: dict[str, Codes], name: str, other: str
) -> tuple[Rule, float]:
    numeric = [left[each].dtype.is_numeric() for each in (name, other)]
    if all(numeric):
        return "pearson", pearson(left[name], left[other])
    return ("pearson", 0.0) if any(numeric) else ("cramers_v", cramers_v(coded[name], coded[other]))
