"""A sample of the table that a model was made from, kept in its bundle: what later rows are held against.

The profile holds bins of every column by itself. Telling how far a number moved, or whether columns moved
together, needs rows; judging scores needs answers to rows that were not learnt from. Free text is kept as its
length only, ids are not kept at all.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
import numpy as np
import polars as pl

from yunque.data.schema import Column, Kind, Schema
from yunque.errors import BundleError
from yunque.kernel.form import FloatArray
from yunque.learning.leaderboard import Leaderboard
from yunque.models.bundle_json import one_line, read_json
from yunque.models.manifest import SAMPLE
from yunque.models.trusted_load import LoadedBundle

FORMAT = 1
MOST_ROWS, FEWEST_ROWS = 5_000, 500
CELLS = 200_000  # a wide table gives fewer rows, never fewer than FEWEST_ROWS where it has them
MOST_LEVELS = 5_000
SEED = 20_240_607
LEVELS = frozenset({Kind.CATEGORY, Kind.BOOLEAN})
_TIMES = frozenset({Kind.DATE, Kind.TIMESTAMP})


class KnownLevels(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The levels of a column in the whole table.

    Attributes:
        names: all of them.
        once, twice: how many stand in one row only, and in two: how often a level nobody knows is to be
            expected (Good, The population frequencies of species, Biometrika 40, 1953).
    """

    names: list[str]
    once: int
    twice: int


class _Document(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    format: int
    rows: int
    columns: dict[str, list[float | str | None]]
    levels: dict[str, KnownLevels]
    held_out: str
    outputs: list[list[float | None]]
    truth: list[float | None]


@dataclass(frozen=True, kw_only=True, eq=False)
class Sample:
    """Rows of the table that a model was made from.

    Attributes:
        frame: features as `measured` gives them, drawn from all rows.
        levels: of columns with at most 5,000 levels.
        held_out: "test", "out_of_fold", or "" without a target.
        outputs: (n, n_outputs) calibrated outputs for rows that were not learnt from.
        truth: (n,) their class positions or values.
    """

    frame: pl.DataFrame
    levels: dict[str, KnownLevels] = field(default_factory=dict)
    held_out: str = ""
    outputs: FloatArray = field(default_factory=lambda: np.empty((0, 0)))
    truth: FloatArray = field(default_factory=lambda: np.empty(0))


def measured(column: Column, series: pl.Series) -> pl.Series:
    """Give a typed column as drift measures it: numbers, seconds of moments, lengths of texts, levels."""
    if column.kind in LEVELS:
        return series.cast(pl.String)
    if column.kind is Kind.TEXT:
        return series.cast(pl.String).str.len_chars().cast(pl.Float64)
    if column.kind in _TIMES:
        return series.cast(pl.Datetime("us")).dt.epoch("us").cast(pl.Float64) / 1e6
    numbers = series.cast(pl.Float64)
    return numbers.set(~numbers.is_finite(), None)


def measured_frame(schema: Schema, frame: pl.DataFrame) -> pl.DataFrame:
    """Give the features of a typed table as drift measures them; those that it lacks are left out."""
    return pl.DataFrame([measured(c, frame[c.name]) for c in schema.features if c.name in frame.columns])


def draw_sample(schema: Schema, frame: pl.DataFrame) -> Sample:
    """Draw rows of a checked table, the same for the same table, without answers."""
    features = measured_frame(schema, frame)
    picked = _drawn(frame.height, _most_rows(features.width))
    return Sample(frame=features[picked], levels=_known_levels(features))


def write_sample(leaderboard: Leaderboard, schema: Schema, frame: pl.DataFrame) -> bytes:
    """Draw the sample and write it with the held-out answers.

    Args:
        leaderboard: whose held-out answers are kept.
        schema: of the contract.
        frame: the checked table.
    """
    sample, held = draw_sample(schema, frame), leaderboard.held_out
    has_answers = leaderboard.task.has_target and len(held.rows) > 0
    answered = _drawn(len(held.rows), MOST_ROWS) if has_answers else np.empty(0, np.int64)
    return one_line(
        {
            "format": FORMAT,
            "rows": frame.height,
            "columns": {series.name: series.to_list() for series in sample.frame.iter_columns()},
            "levels": sample.levels,
            "held_out": held.kind if has_answers else "",
            "outputs": held.predictions[answered].tolist() if has_answers else [],
            "truth": np.asarray(held.y, np.float64)[answered].tolist() if has_answers else [],
        }
    )


def read_sample(bundle: LoadedBundle) -> Sample | None:
    """Read the sample of a bundle; None where it was packed before there were samples.

    Raises:
        BundleError: the sample changed since it was packed, or is of a newer format.
    """
    if SAMPLE not in bundle.manifest.files:
        return None
    found = read_json(bundle.read(SAMPLE), _Document, file=SAMPLE)
    if found.format != FORMAT:
        raise BundleError(
            f"The sample of the bundle has format {found.format}, which this release cannot read.",
            hint="Use the release that made the bundle, or a newer one.",
        )
    columns = [
        pl.Series(
            c.name, found.columns[c.name], dtype=pl.String if c.kind in LEVELS else pl.Float64, strict=False
        )
        for c in bundle.contract.schema.features
        if c.name in found.columns
    ]
    return Sample(
        frame=pl.DataFrame(columns),
        levels=found.levels,
        held_out=found.held_out,
        outputs=_matrix(found.outputs),
        truth=np.array([np.nan if value is None else value for value in found.truth]),
    )


def _matrix(rows: Sequence[Sequence[float | None]]) -> FloatArray:
    plain = [[np.nan if value is None else value for value in row] for row in rows]
    return np.array(plain, dtype=np.float64).reshape(len(plain), -1)


def _most_rows(width: int) -> int:
    return min(MOST_ROWS, max(FEWEST_ROWS, CELLS // max(1, width)))


def _drawn(rows: int, most: int) -> Any:
    """Give at most `most` positions, ascending."""
    if rows <= most:
        return np.arange(rows)
    return np.sort(np.random.default_rng(SEED).choice(rows, size=most, replace=False))


def _known_levels(features: pl.DataFrame) -> dict[str, KnownLevels]:
    found = {}
    for series in features.iter_columns():
        if series.dtype != pl.String:
            continue
        counts = series.drop_nulls().alias("level").value_counts()
        if counts.height <= MOST_LEVELS:
            once, twice = (int((counts["count"] == times).sum()) for times in (1, 2))
            found[series.name] = KnownLevels(names=sorted(counts["level"].to_list()), once=once, twice=twice)
    return found
