"""Parts in the order of time: what is validated always lies after what was learnt from."""

from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from yunque.errors import UsageError

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
FIRST_BLOCK = 0.4  # share of the rows, in order, that is only ever learnt from
SECONDS_PER_DAY = 86_400.0


def moments(values: pl.Series) -> FloatArray:
    """Give the times as numbers (seconds since 1970, or the numbers themselves); NaN where missing."""
    if values.dtype == pl.Date or values.dtype == pl.Datetime:
        whole = values.cast(pl.Datetime("us")).cast(pl.Int64).cast(pl.Float64)
        return (whole / 1e6).fill_null(float("nan")).to_numpy().astype(np.float64)
    return values.cast(pl.Float64).fill_null(float("nan")).to_numpy().astype(np.float64)


def moment_text(moment: float, dtype: Any) -> str:
    """Write a moment as the person who asked would: ISO for dates and times, else the number."""
    if dtype == pl.Date or dtype == pl.Datetime:
        text = (datetime(1970, 1, 1) + timedelta(seconds=moment)).isoformat()  # noqa: DTZ001 - naive UTC
        return text.removesuffix("T00:00:00") if dtype == pl.Date else text
    return f"{moment:g}"


def cut_moment(cut: datetime | date | float) -> float:
    """Give a wished cut as a moment; a datetime with a zone is taken to UTC."""
    if isinstance(cut, datetime):
        naive = cut if cut.tzinfo is None else cut.replace(tzinfo=None) - (cut.utcoffset() or timedelta())
        return (naive - datetime(1970, 1, 1)).total_seconds()  # noqa: DTZ001 - naive UTC
    if isinstance(cut, date):
        return float((cut - date(1970, 1, 1)).days) * SECONDS_PER_DAY
    return float(cut)


def gap_length(gap: timedelta | float) -> float:
    """Give a gap in the unit of `moments`: seconds for a duration, else the number itself.

    Raises:
        UsageError: it is negative.
    """
    length = gap.total_seconds() if isinstance(gap, timedelta) else float(gap)
    if length < 0:
        raise UsageError(f"A gap of {gap} is negative.", hint="Give zero or more.")
    return length


def share_cut(times: FloatArray, share: float) -> float:
    """Give the moment from which about the last `share` of the rows lie; equal moments stay together.

    Raises:
        UsageError: all moments are equal.
    """
    distinct = np.unique(times)
    if len(distinct) < 2:
        raise UsageError(
            "All rows have the same time; they cannot be split in time.",
            hint="Use a random or grouped split.",
        )
    ordered = np.sort(times)
    wanted = float(ordered[min(len(ordered) - 1, max(0, round((1 - share) * len(ordered))))])
    return max(wanted, float(distinct[1]))


def chain(times: FloatArray, folds: int, gap: float, share: float) -> list[tuple[IntArray, IntArray, float]]:
    """Give forward-chaining folds as (train positions, validation positions, cut).

    One fold validates on the last `share` of the rows. Several cut the last 60 % into as many blocks; each
    is validated by what lies before it, less the gap. Blocks that a tie in time would leave empty are merged.
    """
    shares = [share] if folds == 1 else [(1 - FIRST_BLOCK) * (folds - k) / folds for k in range(folds)]
    cuts = sorted({share_cut(times, part) for part in shares})
    ends = [*cuts[1:], np.inf]
    result = []
    for start, end in zip(cuts, ends, strict=True):
        train = np.flatnonzero(times < start - gap) if gap else np.flatnonzero(times < start)
        valid = np.flatnonzero((times >= start) & (times < end))
        if len(train) and len(valid):
            result.append((train, valid, start))
    return result
