"""The sample of a table: the same for the same table, without ids or texts; test_bundle reads it back."""

from datetime import date

import polars as pl

from yunque.data.schema import Column, Kind, Schema
from yunque.models.bundle_reference import draw_sample, measured_frame

SCHEMA = Schema(
    columns=(
        Column(name="amount", kind=Kind.NUMBER),
        Column(name="day", kind=Kind.DATE),
        Column(name="note", kind=Kind.TEXT),
        Column(name="city", kind=Kind.CATEGORY),
        Column(name="member", kind=Kind.BOOLEAN),
    )
)


def table(rows: int) -> pl.DataFrame:
    day = date(1970, 1, 2)
    return pl.DataFrame(
        {
            "amount": [float("inf"), *map(float, range(1, rows))],
            "day": [day, None, *[day] * (rows - 2)],
            "note": ["secret words"] * rows,
            "city": ["a", "b", "b"] + ["c"] * (rows - 3),
            "member": [True] * rows,
        }
    )


def test_cells_are_kept_as_they_are_measured() -> None:
    found = measured_frame(SCHEMA, table(5))
    assert found["amount"].to_list() == [None, 1.0, 2.0, 3.0, 4.0]
    assert found["day"].to_list() == [86_400.0, None, 86_400.0, 86_400.0, 86_400.0]
    assert found["note"].to_list() == [12.0] * 5
    assert found["member"].to_list() == ["true"] * 5


def test_a_long_table_gives_some_rows_and_all_its_levels() -> None:
    long = table(20_000)
    found, again = draw_sample(SCHEMA, long), draw_sample(SCHEMA, long)
    assert found.frame.height == 5_000 and found.frame.equals(again.frame)
    city = found.levels["city"]
    assert (city.names, city.once, city.twice) == (["a", "b", "c"], 1, 1)
