"""Dates that lie after the present, or after the moment that their own row describes."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

import polars as pl

from yunque.data.examined import Check, Examined
from yunque.data.finding import Finding
from yunque.data.schema import Column, Kind, Role

WORTH_A_WARNING = 0.01
USED = (Role.FEATURE, Role.TIME, Role.TARGET)


def _run(table: Examined, found: Sequence[Finding]) -> Iterable[Finding]:  # noqa: ARG001
    dates = [
        column
        for column in table.schema
        if column.kind in (Kind.DATE, Kind.TIMESTAMP) and column.role in USED and column.name in table.present
    ]
    for column in dates:
        yield from _after_the_present(table, column)
        yield from _after_its_own_row(table, column)


def _after_the_present(table: Examined, column: Column) -> Iterator[Finding]:
    if table.as_of is None:
        return
    moments = table.frame.get_column(column.name).cast(pl.Datetime("us"))
    late = moments.filter(moments > table.as_of)
    latest = late.max()
    if isinstance(latest, datetime):
        yield Finding(
            id=f"future_dates:{column.name}",
            severity="warning",
            columns=(column.name,),
            evidence={"rows": len(late), "latest": latest.isoformat(), "as_of": table.as_of.isoformat()},
            message=(
                f"{len(late):,} value(s) of {column.name!r} lie after the present "
                f"({table.as_of:%Y-%m-%d}); the latest is {latest:%Y-%m-%d}."
            ),
            suggested_action=(
                "Check how the date was read (day and month swapped?), or whether it is a plan "
                "rather than a fact."
            ),
        )


def _after_its_own_row(table: Examined, column: Column) -> Iterator[Finding]:
    time = table.schema.holder(Role.TIME)
    if time is None or column.role is not Role.FEATURE or time.name not in table.present:
        return
    ends = {"end": table.frame.get_column(column.name).cast(pl.Datetime("us"))}
    begins = {"begin": table.frame.get_column(time.name).cast(pl.Datetime("us"))}
    both = pl.DataFrame(ends | begins).drop_nulls()
    late = both.filter(pl.col("end") > pl.col("begin")).height
    if both.height and late >= WORTH_A_WARNING * both.height:
        yield Finding(
            id=f"known_later:{column.name}",
            severity="warning",
            columns=(column.name, time.name),
            evidence={"rows": late, "share": round(late / both.height, 4)},
            message=(
                f"In {late / both.height:.1%} of rows {column.name!r} lies after the row's own "
                f"time {time.name!r}; it may not be known when you predict."
            ),
            suggested_action=(
                f"Leave it out (--ignore {column.name!r}) unless it is a date agreed beforehand."
            ),
        )


CHECK = Check(name="dates", order=90, needs_target=False, run=_run)
