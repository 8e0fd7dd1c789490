"""Columns that repeat another one, value by value or under other names of the same values."""

from collections.abc import Iterable, Sequence

import polars as pl

from yunque.data.bins import first_seen
from yunque.data.examined import Check, Examined
from yunque.data.finding import Finding, listed

FIRST_LOOK = 2_000


def _run(table: Examined, found: Sequence[Finding]) -> Iterable[Finding]:  # noqa: ARG001
    if table.frame.height < 2:
        return
    names = [column.name for column in table.features]
    rows = table.sample_rows[:: max(1, len(table.sample_rows) // FIRST_LOOK)]
    for group in _grouped(table.frame[rows], names):
        for same in _grouped(table.frame, group):
            yield _finding(table, same)


def _finding(table: Examined, same: list[str]) -> Finding:
    values = [table.frame.get_column(name) for name in same]
    equal = all(_equal(values[0], other) for other in values[1:])
    how = (
        "are equal in every row" if equal else "say the same: each value of one stands for one of the others"
    )
    return Finding(
        id=f"duplicate_columns:{same[0]}",
        severity="warning" if equal else "info",
        columns=tuple(same),
        evidence={"equal_values": equal, "rows": table.frame.height},
        message=f"The columns {listed(same)} {how}.",
        suggested_action=f"Keep one of them (--ignore {' --ignore '.join(map(repr, same[1:]))}).",
    )


def _grouped(frame: pl.DataFrame, names: Sequence[str]) -> list[list[str]]:
    """Group columns that part the rows alike; columns with one value everywhere are left out.

    Columns whose values are all different part the rows alike in any case, so only their values can tell.
    """
    groups: dict[bytes, list[str]] = {}
    for name in names:
        series = frame.get_column(name)
        codes = first_seen(series)
        distinct = int(codes.max()) + 1
        if distinct > 1:
            key = codes.tobytes() if distinct < len(codes) else series.hash().to_numpy().tobytes()
            groups.setdefault(key, []).append(name)
    return [group for group in groups.values() if len(group) > 1]


def _equal(left: pl.Series, right: pl.Series) -> bool:
    same_kind = left.dtype == right.dtype or (left.dtype.is_numeric() and right.dtype.is_numeric())
    return same_kind and bool(left.eq_missing(right).all())


CHECK = Check(name="duplicate_columns", order=70, needs_target=False, run=_run)
