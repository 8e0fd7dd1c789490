"""Which rows are learnt from, which judge, and which nobody may touch before the end."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import polars as pl

from yunque.data.schema import Role, Schema
from yunque.errors import UsageError

IntArray = npt.NDArray[np.int64]
SplitKind = Literal["auto", "random", "time", "group", "group_time"]


@dataclass(frozen=True, kw_only=True)
class SplitWish:
    """What the caller wants of the split.

    Attributes:
        kind: auto takes time when the schema has a time column, groups when it has a group column, both
            when it has both, else random. Asking for "random" on such a table is the caller's explicit word.
        holdout: untouched rows for the final judgement: None or 0 for none, a share of the rows (the last
            ones in time), or the first moment that is held out.
        folds: number of folds; None lets rows and budget decide.
        gap: rows this close before a validated block (in time) are not learnt from: a duration, or a number
            in the unit of a numeric time column.
    """

    kind: SplitKind = "auto"
    holdout: float | datetime | date | None = None
    folds: int | None = None
    gap: timedelta | float = 0.0

    def __post_init__(self) -> None:
        """Refuse shares outside [0, 1) and fewer than one fold."""
        if isinstance(self.holdout, int | float) and not 0 <= self.holdout < 1:
            raise UsageError(
                f"A holdout of {self.holdout} is not a share of the rows.", hint="Give 0 to 0.9, or a moment."
            )
        if self.folds is not None and not 1 <= self.folds <= 50:
            raise UsageError(f"{self.folds} folds cannot be used.", hint="Give 1 to 50.")


@dataclass(frozen=True, kw_only=True)
class Fold:
    """Positions of rows in the table, ascending: learnt from, and judged on."""

    train: IntArray
    valid: IntArray


@dataclass(frozen=True, kw_only=True)
class Split:
    """All positions are rows of the table given; a row is never in two parts of one fold.

    Attributes:
        kind: random, time, group or group_time.
        training: rows that may be learnt from.
        holdout: untouched rows; empty when there are none.
        folds: at least one; validation parts do not overlap, except where the whole is repeated.
        facts: the same in words and numbers, JSON-able, for plan, manifest and report.
    """

    kind: str
    training: IntArray
    holdout: IntArray
    folds: tuple[Fold, ...]
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def refits(self) -> bool:
        """Whether the models of the folds saw too little to be shipped: one fold, or blocks in time."""
        return len(self.folds) == 1 or "time" in self.kind


def resolve_kind(wish: SplitWish, schema: Schema) -> tuple[str, str]:
    """Give the kind of split and the reason for it.

    Raises:
        UsageError: the wish needs a time or group column that the schema does not have.
    """
    time, group = schema.holder(Role.TIME), schema.holder(Role.GROUP)
    needs_time = "time" in wish.kind or isinstance(wish.holdout, date)
    if needs_time and time is None:
        raise UsageError("A split by time needs a time column.", hint="Name it (--time-column).")
    if "group" in wish.kind and group is None:
        raise UsageError("A split by group needs a group column.", hint="Name it (--group-column).")
    if wish.kind == "random" and isinstance(wish.holdout, date):
        raise UsageError("A random split cannot start at a moment.", hint="Give a share, or split by time.")
    if wish.kind != "auto":
        return wish.kind, "asked for"
    if time is not None and group is not None:
        return "group_time", f"rows are ordered by {time.name!r} and grouped by {group.name!r}"
    if time is not None:
        return "time", f"rows are ordered in time by {time.name!r}"
    if group is not None:
        return "group", f"rows of one {group.name!r} belong together"
    return "random", "the contract names neither a time nor a group column"


def column_of(frame: pl.DataFrame, schema: Schema, role: Role) -> pl.Series:
    """Give the values of the one column with that role."""
    holder = schema.holder(role)
    if holder is None:
        raise UsageError(f"The contract names no {role} column.")
    return frame.get_column(holder.name)
