"""What is being served now against what was learnt from: counts per bin, column by column, while serving.

The bins are those of the bundle's profile, so that nothing of the training table is needed. The population
stability index (Siddiqi, Credit Risk Scorecards, 2006) sums (p - q) ln(p / q) over the bins; by custom below
0.1 is stable, above 0.25 has moved.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from yunque.data.contract import Contract
from yunque.data.parse import POLARS_TYPES, parse_series
from yunque.data.schema import Column, Kind

Counts = npt.NDArray[np.int64]

ANSWER = "(answer)"
SCORE = "(score)"
MOST_COLUMNS = 300
WINDOW_ROWS = 25_000  # counts hold the last one to two windows
SMALLEST_SHARE = 1e-4  # an empty bin counts as this


@dataclass(frozen=True, kw_only=True, eq=False)
class Reference:
    """How the values of a column fell into bins in the training table; the last bin is missing.

    Attributes:
        column: its name.
        source: the column of the answer that is counted; "" for a feature.
        edges: of numbers and dates; bin i holds edges[i-1] < value <= edges[i]. None for levels.
        levels: of categories and truth values; the bin after them is "any other". None for edges.
        counts: of the training table.
    """

    column: str
    edges: pl.Series | None
    levels: Mapping[str, int] | None
    counts: Counts
    source: str = ""

    def count(self, values: pl.Series) -> Counts:
        """Count values of the column, typed, into the bins."""
        missing = values.null_count()
        present = values.drop_nulls()
        bins = self.counts.size - 1
        if self.edges is not None:
            found = np.asarray(self.edges.search_sorted(present, side="left"), np.int64)
        else:
            known = self.levels or {}
            texts = present.cast(pl.String)
            found = texts.replace_strict(
                list(known), list(known.values()), default=len(known), return_dtype=pl.Int64
            ).to_numpy()
        return np.append(np.bincount(found, minlength=bins)[:bins], missing).astype(np.int64)


def references_of(contract: Contract, profile: Mapping[str, Any]) -> tuple[Reference, ...]:
    """Read the bins of a bundle's profile: of its features, of the target (`ANSWER`), of the score (`SCORE`).

    Columns of free text and those beyond the first 300 have none; nor has the score of a model that answers
    numbers, or was packed before scores were profiled.
    """
    target = contract.schema.target
    features = contract.schema.features[:MOST_COLUMNS]
    found = [_reference(c, profile["columns"].get(c.name, {}), c.name) for c in features]
    if target is not None:
        found.append(_reference(target, profile["columns"].get(target.name, {}), ANSWER))
    found.append(_score_reference(profile.get("scores")))
    return tuple(reference for reference in found if reference is not None)


def _reference(column: Column, facts: Mapping[str, Any], name: str) -> Reference | None:
    missing = int(facts.get("missing", 0))
    if facts.get("edges") is not None:
        edges = pl.Series(facts["edges"])
        if column.kind in (Kind.DATE, Kind.TIMESTAMP):
            edges, _ = parse_series(column, edges.cast(pl.String))
        edges = edges.cast(POLARS_TYPES[column.kind])
        counts = np.array([*facts["counts"], missing])
        return Reference(column=name, edges=edges, levels=None, counts=counts, source=_source(name))
    if facts.get("levels"):
        levels: dict[str, int] = facts["levels"]
        counts = np.array([*levels.values(), facts.get("other", 0), missing])
        positions = {level: position for position, level in enumerate(levels)}
        return Reference(column=name, edges=None, levels=positions, counts=counts, source=_source(name))
    return None


def _source(name: str) -> str:
    return "prediction" if name == ANSWER else ""


def _score_reference(facts: Mapping[str, Any] | None) -> Reference | None:
    if not facts:
        return None
    counts = np.array([*facts["counts"], 0])
    edges = pl.Series([number / (counts.size - 1) for number in range(1, counts.size - 1)], dtype=pl.Float64)
    return Reference(column=SCORE, edges=edges, levels=None, counts=counts, source=str(facts["column"]))


def stability(expected: Counts, seen: Counts) -> float:
    """Give the population stability index of two counts over the same bins; 0 when either is empty."""
    if not expected.sum() or not seen.sum():
        return 0.0
    p = np.maximum(expected / expected.sum(), SMALLEST_SHARE)
    q = np.maximum(seen / seen.sum(), SMALLEST_SHARE)
    return float(((q - p) * np.log(q / p)).sum())


class OnlineHistograms:
    """Counts of one version's rows over its references, the last 25,000 to 50,000 rows."""

    def __init__(self, references: Sequence[Reference]) -> None:
        self.references = tuple(references)
        self._now = [np.zeros_like(reference.counts) for reference in references]
        self._before = [np.zeros_like(reference.counts) for reference in references]
        self._rows = 0

    def add(self, frame: pl.DataFrame) -> None:
        """Count a table of the prediction log."""
        features, answers = frame["features"].struct, frame["answer"].struct
        known = set(features.fields)
        for position, reference in enumerate(self.references):
            if reference.source:
                self._now[position] += reference.count(answers.field(reference.source))
            elif reference.column in known:
                self._now[position] += reference.count(features.field(reference.column))
        self._rows += frame.height
        if self._rows >= WINDOW_ROWS:
            self._before, self._rows = self._now, 0
            self._now = [np.zeros_like(reference.counts) for reference in self.references]

    def counts(self) -> dict[str, list[int]]:
        """Give the counts of every column."""
        both = zip(self.references, self._now, self._before, strict=True)
        return {reference.column: (now + before).tolist() for reference, now, before in both}
