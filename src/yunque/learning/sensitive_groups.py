"""Groups of rows by the values of a column: as they stand, or numbers cut into quartiles."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from yunque.errors import UsageError

MOST_GROUPS = 20
FEW_NUMBERS = 4  # a column of so few different numbers stands for groups already

BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Grouping:
    """Groups of rows.

    Attributes:
        column: whose values.
        cut: whether numbers were cut into quartiles.
        groups: label and (n,) mask; the label None are rows without a value, which come last.
        left_out: number of further groups, smaller than these.
    """

    column: str
    cut: bool
    groups: tuple[tuple[str | None, BoolArray], ...]
    left_out: int


def refuse_sensitive(frame: pl.DataFrame, columns: Sequence[str], target: str) -> None:
    """Refuse columns that make no groups, before a training begins.

    Raises:
        UsageError: a column is absent, named twice, the target, or holds dates; names the column.
    """
    for place, column in enumerate(columns):
        if column not in frame.columns:
            raise UsageError(
                f"There is no column {column!r} to compare groups by.",
                hint=f"The columns are {', '.join(frame.columns[:30])}.",
                place={"column": column},
            )
        if column == target:
            raise UsageError(
                f"The target {column!r} cannot be a sensitive column.",
                hint="Name a column that says whom a row is about.",
                place={"column": column},
            )
        if column in columns[:place]:
            raise UsageError(f"The sensitive column {column!r} is named twice.", place={"column": column})
        if frame[column].dtype.is_temporal():
            raise UsageError(
                f"The sensitive column {column!r} holds dates, which make no groups.",
                hint="Name a column with ages, years or names of groups.",
                place={"column": column},
            )


def grouping(frame: pl.DataFrame, column: str) -> Grouping:
    """Group rows by a column.

    Numbers of more than four different values are cut at the quartiles of these rows; equal numbers are never
    put apart, so there may be fewer than four groups. Of words the 20 most frequent are groups.
    """
    values = frame.get_column(column)
    if values.dtype.is_float():
        values = values.fill_nan(None)
    missing = values.is_null().to_numpy()
    cut = values.dtype.is_numeric() and values.drop_nulls().n_unique() > FEW_NUMBERS
    found = _quartiles(values) if cut else _levels(values)
    shown = found[:MOST_GROUPS]
    if missing.any():
        shown = [*shown, (None, missing)]
    return Grouping(
        column=column, cut=cut, groups=tuple(shown), left_out=len(found) - len(found[:MOST_GROUPS])
    )


def _levels(values: pl.Series) -> list[tuple[str | None, BoolArray]]:
    counts = values.drop_nulls().rename("value").value_counts().rows()
    numeric = values.dtype.is_numeric()
    order = sorted(counts, key=lambda row: row[0] if numeric else (-row[1], str(row[0])))
    return [(_text(value), (values == value).fill_null(False).to_numpy()) for value, _ in order]


def _text(value: object) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _quartiles(values: pl.Series) -> list[tuple[str | None, BoolArray]]:
    """Cut at the quartiles; a value on a cut belongs below it."""
    numbers = values.cast(pl.Float64).fill_null(float("nan")).to_numpy()
    known = numbers[np.isfinite(numbers)]
    cuts = np.unique(np.quantile(known, [0.25, 0.5, 0.75], method="inverted_cdf"))
    places = np.searchsorted(cuts, numbers, side="left")
    groups: list[tuple[str | None, BoolArray]] = []
    for place in range(len(cuts) + 1):
        mask = np.isfinite(numbers) & (places == place)
        if mask.any():
            low, high = numbers[mask].min(), numbers[mask].max()
            groups.append((f"{low:.6g} – {high:.6g}", mask))
    return groups
