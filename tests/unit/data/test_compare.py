"""Two versions of a table: what changed, and that chance is not called a change."""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from yunque.data.compare import compare_tables
from yunque.data.compare_words import lines


def table(rows: int = 2_000, seed: int = 1) -> pl.DataFrame:
    random = np.random.default_rng(seed)
    return pl.DataFrame(
        {
            "amount": random.normal(50.0, 10.0, rows),
            "city": random.choice(["Oslo", "Lima", "Cali"], rows, p=[0.6, 0.3, 0.1]),
            "day": [date(2024, 1, 1) + timedelta(days=int(d)) for d in random.integers(0, 300, rows)],
            "is new": random.random(rows) < 0.2,
        }
    )


def test_the_same_rows_in_another_order_are_the_same() -> None:
    before = table()
    after = before.sample(fraction=1.0, shuffle=True, seed=3).select("day", "is new", "city", "amount")
    change = compare_tables(before, after)
    assert change.is_same and change.rows_kept == 2_000
    assert lines(change, "es") == ["Las dos versiones tienen las mismas filas y columnas."]


def test_another_sample_of_the_same_is_no_change_of_spread() -> None:
    moved = [
        column.name
        for seed in range(20)
        for column in compare_tables(table(150, seed), table(90, 100 + seed)).columns
        if column.moved
    ]
    assert moved == []


def test_what_moved_comes_first_and_is_told_in_words() -> None:
    before = table()
    after = pl.concat([before, table(500, seed=2)]).with_columns(
        (pl.col("amount") * 1.4).round(2),
        pl.when(pl.col("city") == "Lima").then(pl.lit("Quito")).otherwise(pl.col("city")).alias("city"),
        pl.when(pl.col("is new")).then(None).otherwise(pl.col("is new")).alias("is new"),
    )
    change = compare_tables(before, after.drop("day").with_columns(extra=1))
    assert {change.columns[0].name, change.columns[1].name} == {"amount", "city"}
    assert (change.columns_added, change.columns_removed) == (("extra",), ("day",))
    told = "\n".join(lines(change, "en"))
    assert "amount: its values are spread otherwise" in told and "city: new values: Quito." in told
    assert "city: values that are gone: Lima." in told and "New columns: extra." in told
    assert "is new: 0.0% was missing" in told
    assert "Columnas que ya no están: day." in "\n".join(lines(change, "es"))
    document = change.to_dict()
    assert document["columns"][0]["moved"] and document["rows_after"] == 2_500


def test_rows_are_counted_by_content_repeats_included() -> None:
    before = pl.DataFrame({"a": [1, 1, 2, 3]})
    after = pl.DataFrame({"a": [1, 2, 2, 4]})
    change = compare_tables(before, after)
    assert (change.rows_kept, change.rows_added, change.rows_removed) == (2, 2, 2)


def test_a_column_of_another_type_is_named_and_rows_are_not_matched() -> None:
    change = compare_tables(pl.DataFrame({"a": [1, 2]}), pl.DataFrame({"a": ["1", "x"]}))
    assert change.kinds_changed == ("a",) and change.rows_kept is None
    assert lines(change, "en")[1] == "Rows cannot be matched: a changed type."
    assert "a: it was int64 and is string now." in lines(change, "en")


@pytest.mark.parametrize("column", [[None, None], [], [float("nan"), float("inf")]])
def test_empty_missing_and_strange_columns_are_compared(column: list[float | None]) -> None:
    strange = pl.DataFrame({"a": pl.Series(column, dtype=pl.Float64)})
    change = compare_tables(strange, pl.DataFrame({"a": [1.0, 2.0]}))
    assert lines(change, "es")
