"""Each client's operations in the order of time, and windows of days or months that end just before a row."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from yunque.solutions.aml.law.exact import window_starts

Ints = npt.NDArray[np.int64]
Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class History:
    """Rows sorted by a group (a client, or a client and a rule) and then by time.

    Attributes:
        group, day, half_year: the group, the day as a number, and the same day six calendar months earlier.
        start, end: where each row's group begins and ends.
    """

    group: Ints
    day: Ints
    half_year: Ints
    start: Ints
    end: Ints

    @classmethod
    def of(cls, frame: pl.DataFrame, group: pl.Expr) -> "History":
        """Take the history of a frame sorted by `group` and time."""
        facts = frame.select(
            group=group.cast(pl.Int64),
            day=pl.col("fecha").to_physical().cast(pl.Int64),
            half=pl.col("fecha").dt.offset_by("-6mo").to_physical().cast(pl.Int64),
        )
        codes = facts["group"].to_numpy()
        return cls(
            group=codes,
            day=facts["day"].to_numpy(),
            half_year=facts["half"].to_numpy(),
            start=np.searchsorted(codes, codes, side="left").astype(np.int64),
            end=np.searchsorted(codes, codes, side="right").astype(np.int64),
        )

    @property
    def here(self) -> Ints:
        """The rows' own positions."""
        return np.arange(len(self.group), dtype=np.int64)

    def since(self, days: int) -> Ints:
        """Where the window of so many days begins: rows dated on or after the day that many days ago."""
        return window_starts(self.group, self.day, self.day - days)

    def since_half_year(self) -> Ints:
        """Where the window of six calendar months begins."""
        return window_starts(self.group, self.day, self.half_year)

    def before(self, values: Ints, first: Ints) -> Ints:
        """Sum integers over each window without the row itself; exact, whatever stands before the window."""
        sums = np.concatenate((np.zeros(1, dtype=np.int64), np.cumsum(values, dtype=np.int64)))
        found: Ints = sums[self.here] - sums[first]
        return found

    def upto(self, values: Ints, first: Ints) -> Ints:
        """Sum integers over each window with the row itself."""
        found: Ints = self.before(values, first) + values
        return found

    def sorted_within(self, amounts: Ints) -> Ints:
        """Give each group's amounts in ascending order, group after group."""
        found: Ints = amounts[np.lexsort((amounts, self.group))]
        return found
