"""Whether features were computed from the very outcomes that they are to foretell.

An honest feature shows none of these signs (docs/decisions/0005-leak-alarm.md gives the reasons):

- the means of keys lie closer to what it expects of them than chance allows;
- among the first, last or only rows of keys it is all but perfect, and elsewhere it is not;
- within keys it is the outcome turned upside down, as the mean of all other rows is;
- it says much more about the next row of its key than about its own row and the one before.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl

from yunque.data.bins import FloatArray, as_numbers, first_seen, is_ordered
from yunque.data.key_means import (
    Dispersion,
    KeyedTest,
    dispersion_of_keys,
    dispersion_of_values,
    ready_to_test,
)
from yunque.data.key_order import End, knows_the_next, mirrors_its_key, perfect_end
from yunque.data.keyed import MOST_PER_KEY, MOST_ROWS, Keyed, Outcomes, keyed_by, keyed_tables
from yunque.data.schema import Role, Schema
from yunque.data.together import expected_from

Sign = Literal["key_means", "own_values", "all_but_own", "next_rows"] | End

WORDS: Mapping[Sign, str] = {
    "key_means": "it knows the mean target of each {key} better than chance allows any column to",
    "own_values": "rows that share one of its values have exactly the mean target that it states",
    "first_rows": "in the first row of each {key} it is the target itself",
    "last_rows": "in the last row of each {key} it is the target itself",
    "only_rows": "where {key} has one row only, it is the target itself",
    "all_but_own": "within each {key} it is the mean target of all other rows, later ones too",
    "next_rows": "it says more about the next row of the same {key} than about its own",
}


@dataclass(frozen=True, kw_only=True)
class Suspect:
    """A feature that shows a sign of knowing its row's own outcome, or a later one.

    Attributes:
        feature: its name.
        key: the column whose rows it was put together from; "" when its own values serve as key.
        sign: what gave it away.
        evidence: the numbers.
    """

    feature: str
    key: str
    sign: Sign
    evidence: Mapping[str, float]

    @property
    def words(self) -> str:
        """The sign as half a sentence, about "it"."""
        return WORDS[self.sign].format(key=repr(self.key))


def _never() -> bool:
    return False


def suspects(
    frame: pl.DataFrame,
    schema: Schema,
    outcomes: Outcomes,
    features: Sequence[str],
    seed: int,
    out_of_time: Callable[[], bool] = _never,
) -> tuple[Suspect, ...]:
    """Look for features that know outcomes; each is named once, by its first sign.

    Args:
        frame: the whole typed table: the more of the rows that a feature was computed from are missing, the
            weaker the signs. Half of them still give it away.
        schema: roles and kinds; ids, groups and repeating features are tried as keys.
        outcomes: the target of all rows.
        features: columns to test, most useful first.
        seed: draws keys and folds.
        out_of_time: asked before each test; once True, no further test begins.
    """
    found: dict[str, Suspect] = {}
    settled: set[str] = set()
    table = _Table(frame=frame, schema=schema, outcomes=outcomes, seed=seed)
    for keyed in keyed_tables(frame, schema, outcomes, seed):
        test = ready_to_test(keyed, keyed.outcomes.columns, seed)
        for name in features:
            if out_of_time():
                return tuple(found.values())
            if name not in found and name != keyed.name:
                suspect = next(_by_key(table, test, name), None)
                if suspect is not None:
                    found[name] = suspect
                elif not _varies(frame.get_column(name), keyed):
                    settled.add(name)  # its key is in the table, and showed nothing
    for name in features:
        if out_of_time():
            break
        if name not in found and name not in settled and frame.schema[name].is_numeric():
            found |= {each.feature: each for each in _by_own_values(table, name)}
    return tuple(found.values())


@dataclass(frozen=True, kw_only=True)
class _Table:
    """What every test needs of the table."""

    frame: pl.DataFrame
    schema: Schema
    outcomes: Outcomes
    seed: int


def _by_key(table: _Table, test: KeyedTest, name: str) -> Iterator[Suspect]:
    keyed, seed = test.keyed, table.seed
    feature = table.frame.get_column(name)[keyed.rows]
    end = perfect_end(keyed, feature, seed)
    if end is not None:
        sign, there, elsewhere = end
        evidence = {"skill_there": round(there, 4), "skill_elsewhere": round(elsewhere, 4)}
        yield Suspect(feature=name, key=keyed.name, sign=sign, evidence=evidence)
    mirrored = mirrors_its_key(keyed, feature)
    if mirrored is not None:
        evidence = {"correlation_within_keys": round(mirrored, 5)}
        yield Suspect(feature=name, key=keyed.name, sign="all_but_own", evidence=evidence)
    apart = dispersion_of_keys(test, feature)
    if apart.is_closer_than_chance:
        left = _left_by_others(table, keyed, name)
        if dispersion_of_keys(ready_to_test(keyed, left, seed), feature).is_closer_than_chance:
            yield Suspect(feature=name, key=keyed.name, sign="key_means", evidence=_facts(apart))
    following = knows_the_next(keyed, feature, seed) if keyed.has_time else None
    if following is not None:
        names = ("skill_of_next", "skill_of_own", "skill_of_previous")
        evidence = {each: round(skill, 4) for each, skill in zip(names, following, strict=True)}
        yield Suspect(feature=name, key=keyed.name, sign="next_rows", evidence=evidence)


def _by_own_values(table: _Table, name: str) -> Iterator[Suspect]:
    feature = table.frame.get_column(name)
    apart = dispersion_of_values(feature, table.outcomes.columns, table.seed)
    if apart is None or not apart.is_closer_than_chance:
        return
    if feature.count() <= MOST_PER_KEY * apart.keys:
        keyed = keyed_by(
            table.frame, table.schema, name, table.outcomes, seed=table.seed, most_rows=MOST_ROWS
        )
        left = _left_by_others(table, keyed, name)
        again = dispersion_of_values(feature[keyed.rows], left, table.seed)
        if again is None or not again.is_closer_than_chance:
            return
    yield Suspect(feature=name, key="", sign="own_values", evidence=_facts(apart))


def _left_by_others(table: _Table, keyed: Keyed, name: str) -> FloatArray:
    """Take away from the outcomes what makes rows of one key differ: the other columns, and their order.

    A table with one row per key and month has the season in every key alike. That makes rows of a key differ
    without moving its mean, which then lies closer than such different rows let one expect, and no feature is
    to blame. The means themselves are left as they are. Where a value has thousands of rows, it is no such
    key, and this is left out.
    """
    others = [
        table.frame.get_column(column.name)
        for column in table.schema
        if column.role in (Role.FEATURE, Role.TIME)
        and column.name in table.frame.columns
        and column.name not in (name, keyed.name)
    ]
    varying = [_as_numbers(other[keyed.rows]) for other in others if _varies(other, keyed)]
    half = np.random.default_rng(table.seed + 1).integers(0, 2, len(keyed.sizes))[keyed.key]
    outcomes = keyed.outcomes.columns
    expected = expected_from([*varying, keyed.place], outcomes, half, table.seed)
    return outcomes - (expected - keyed.means(expected)[keyed.key])


def _varies(column: pl.Series, keyed: Keyed) -> bool:
    """Tell whether a column takes more than one value within any key."""
    codes = first_seen(column[keyed.rows])
    same = (np.diff(codes) == 0) | (np.diff(keyed.key) != 0)
    return not bool(same.all())


def _as_numbers(column: pl.Series) -> FloatArray:
    return as_numbers(column) if is_ordered(column.dtype) else first_seen(column).astype(np.float64)


def _facts(apart: Dispersion) -> dict[str, float]:
    return {
        "dispersion": round(apart.ratio, 4),
        "dispersion_without": round(apart.without, 4),
        "error": round(apart.error, 4),
        "keys": apart.keys,
    }
