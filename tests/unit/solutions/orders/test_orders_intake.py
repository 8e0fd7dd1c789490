"""Files of orders as they come: each fault ends in a warning that names it, or an error with file, column, row."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

from yunque.errors import DataError, TableError
from yunque.solutions.orders.columns import AMOUNTS, CLIENT, STARS, TARGET, TIME
from yunque.solutions.orders.generator import FIRST_DAY, generate
from yunque.solutions.orders.intake import Intake, take_in
from yunque.solutions.orders.notice import words

AS_OF = FIRST_DAY + timedelta(days=2_000)
Change = Callable[[pl.DataFrame], pl.DataFrame]


def folder(place: Path, rows: int = 6_000, files: int = 3, **changes: Change) -> Path:
    """Write orders in files part_0 …; a change by the name of its file is made before it is written."""
    for number, part in enumerate(generate(rows, 3).iter_slices(-(-rows // files))):
        name = f"part_{number}"
        changes.get(name, lambda frame: frame)(part).write_parquet(place / f"{name}.parquet")
    return place


def codes(found: Intake) -> set[str]:
    return {notice.code for notice in found.notices}


def at(row: int, column: str, value: object) -> Change:
    """Put a value into one cell."""

    def change(frame: pl.DataFrame) -> pl.DataFrame:
        cell = pl.lit(value).cast(frame.schema[column])
        return frame.with_columns(
            pl.when(pl.int_range(pl.len()) == row).then(cell).otherwise(column).alias(column)
        )

    return change


def test_clean_files_are_one_table_by_client_and_in_time(tmp_path: Path) -> None:
    found = take_in(folder(tmp_path), AS_OF)
    assert found.orders.height == found.rows == 6_000 and found.rejected.is_empty()
    assert found.files == ("part_0.parquet", "part_1.parquet", "part_2.parquet")
    assert codes(found) <= {"seen_once", "same_instant"}
    blocks = found.orders[CLIENT].rle_id().n_unique()
    assert blocks == found.orders[CLIENT].n_unique()  # each client's orders stand together
    for client in found.orders[CLIENT].unique().head(5).cast(pl.String):
        assert found.orders.filter(pl.col(CLIENT).cast(pl.String) == client)[TIME].is_sorted()


def test_a_truncated_file_is_named_and_nothing_is_read_in_part(tmp_path: Path) -> None:
    place = folder(tmp_path)
    whole = (place / "part_1.parquet").read_bytes()
    (place / "part_1.parquet").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(TableError) as told:
        take_in(place, AS_OF)
    assert told.value.place == {"file": "part_1.parquet"}


def test_a_missing_file_is_named_by_the_gap_it_leaves(tmp_path: Path) -> None:
    place = folder(tmp_path)
    (place / "part_1.parquet").unlink()
    found = take_in(place, AS_OF)
    (notice,) = [notice for notice in found.notices if notice.code == "missing_files"]
    assert "part_1" in notice.text("es") and found.orders.height == 4_000


def test_a_missing_day_is_named_by_date(tmp_path: Path) -> None:
    day = FIRST_DAY + timedelta(days=100)
    changes = {f"part_{n}": lambda frame: frame.filter(pl.col(TIME) != day) for n in range(3)}
    found = take_in(folder(tmp_path, 12_000, **changes), AS_OF)
    (notice,) = [notice for notice in found.notices if notice.code == "missing_days"]
    assert day.date().isoformat() in notice.text("en") and notice.facts["count"] == 1


def test_a_missing_days_file_is_named_where_files_are_named_by_day(tmp_path: Path) -> None:
    table = generate(3_000, 3)
    for number in (1, 2, 4, 5):
        name = f"pedidos-2024-03-{number:02d}.parquet"
        table.slice(number * 500, 500).write_parquet(tmp_path / name)
    found = take_in(tmp_path, AS_OF)
    assert "2024-03-03" in next(n for n in found.notices if n.code == "missing_files").text("es")


def test_a_new_country_is_learnt_from_and_told(tmp_path: Path) -> None:
    found = take_in(folder(tmp_path, part_2=at(7, "pais_cd", "CO")), AS_OF)
    notice = next(n for n in found.notices if n.code == "new_level")
    assert (notice.facts["file"], notice.facts["column"], notice.facts["value"]) == (
        "part_2.parquet",
        "pais_cd",
        "CO",
    )
    assert found.orders.height == 6_000


def test_a_new_channel_is_a_class_when_there_are_enough_and_set_apart_when_not(tmp_path: Path) -> None:
    def many(frame: pl.DataFrame) -> pl.DataFrame:
        return frame.with_columns(
            pl.when(pl.int_range(pl.len()) < 500).then(pl.lit("WHATSAPP")).otherwise(TARGET).alias(TARGET)
        )

    found = take_in(folder(tmp_path, part_0=many, part_1=at(3, TARGET, "FAX")), AS_OF)
    assert {"new_channel", "rare_channel"} <= codes(found)
    known = set(found.orders[TARGET].cast(pl.String))
    assert "WHATSAPP" in known and "FAX" not in known
    assert found.rejected.filter(pl.col("reason") == "rare_channel")["file"].to_list() == ["part_1.parquet"]


def test_an_order_of_the_future_is_set_apart_with_its_place(tmp_path: Path) -> None:
    found = take_in(folder(tmp_path, part_1=at(11, TIME, AS_OF + timedelta(days=1))), AS_OF)
    assert found.rejected.row(0, named=True) | {"value": ""} == {
        "file": "part_1.parquet", "row": 12, "column": TIME, "value": "", "reason": "future",
    }  # fmt: skip
    assert "rejected_future" in codes(found) and found.orders.height == 5_999


def test_clients_seen_once_and_orders_at_one_instant_are_counted(tmp_path: Path) -> None:
    def twins(frame: pl.DataFrame) -> pl.DataFrame:
        first = frame.head(1).with_columns(pl.lit(999.99).alias(AMOUNTS[0]))
        return pl.concat([frame, first])

    found = take_in(folder(tmp_path, part_0=twins), AS_OF)
    facts = {notice.code: notice.facts for notice in found.notices}
    assert facts["same_instant"]["count"] >= 1 and facts["seen_once"]["count"] >= 1


def test_a_row_told_twice_counts_once(tmp_path: Path) -> None:
    place = folder(tmp_path)
    first = pl.read_parquet(place / "part_0.parquet").head(40)
    pl.concat([pl.read_parquet(place / "part_2.parquet"), first]).write_parquet(place / "part_2.parquet")
    found = take_in(place, AS_OF)
    assert found.repeated == 40 and found.orders.height == 6_000 and "repeated" in codes(found)


@pytest.mark.parametrize("column", [STARS, "region_comercial_txt", AMOUNTS[0]])
def test_an_empty_column_is_told_and_not_fatal(tmp_path: Path, column: str) -> None:
    found = take_in(
        folder(tmp_path, part_1=lambda frame: frame.with_columns(pl.lit(None).alias(column))), AS_OF
    )
    notice = next(n for n in found.notices if n.code == "empty_column")
    assert (notice.facts["file"], notice.facts["column"]) == ("part_1.parquet", column)
    assert found.orders.height == 6_000 and found.orders[column].null_count() == 2_000


@pytest.mark.parametrize("column", [CLIENT, TIME, TARGET])
def test_a_needed_column_that_is_empty_or_absent_is_an_error_with_its_place(
    tmp_path: Path, column: str
) -> None:
    place = folder(tmp_path, part_1=lambda frame: frame.with_columns(pl.lit(None).alias(column)))
    with pytest.raises(DataError) as told:
        take_in(place, AS_OF)
    assert told.value.place == {"file": "part_1.parquet", "column": column, "row": 1}
    folder(place, part_1=lambda frame: frame.drop(column))
    with pytest.raises(TableError) as told:
        take_in(place, AS_OF)
    assert told.value.place == {"file": "part_1.parquet", "column": column}


def test_a_column_of_another_type_in_one_file_is_read_and_told(tmp_path: Path) -> None:
    def otherwise(frame: pl.DataFrame) -> pl.DataFrame:
        return frame.with_columns(
            pl.col(STARS).cast(pl.Int32),
            pl.col(TIME).dt.to_string("%Y-%m-%d"),
            pl.col(AMOUNTS[0]).cast(pl.String),
        )

    plain = take_in(folder(tmp_path), AS_OF)
    found = take_in(folder(tmp_path, part_1=otherwise), AS_OF)
    told = {(n.facts["file"], n.facts["column"]) for n in found.notices if n.code == "changed_type"}
    assert told == {("part_1.parquet", name) for name in (STARS, TIME, AMOUNTS[0])}
    assert found.orders.equals(plain.orders, null_equal=True)


def test_a_column_that_holds_something_else_is_an_error_with_file_column_and_row(tmp_path: Path) -> None:
    def words_in_amounts(frame: pl.DataFrame) -> pl.DataFrame:
        return frame.with_columns(pl.lit("mucho").alias(AMOUNTS[0]))

    with pytest.raises(DataError) as told:
        take_in(folder(tmp_path, part_2=words_in_amounts), AS_OF)
    assert told.value.place == {"file": "part_2.parquet", "column": AMOUNTS[0], "row": 1}
    assert "mucho" in told.value.message


def test_a_few_unreadable_cells_come_back_with_file_row_column_value_and_reason(tmp_path: Path) -> None:
    def one_word(frame: pl.DataFrame) -> pl.DataFrame:
        return at(4, AMOUNTS[0], "ciento")(frame.with_columns(pl.col(AMOUNTS[0]).cast(pl.String)))

    found = take_in(folder(tmp_path, part_0=one_word), AS_OF)
    assert found.rejected.row(0) == ("part_0.parquet", 5, AMOUNTS[0], "ciento", "unreadable")
    assert found.orders.height == 5_999


def test_an_empty_folder_and_a_folder_that_is_not_there_are_told(tmp_path: Path) -> None:
    for place in (tmp_path, tmp_path / "none"):
        with pytest.raises(TableError) as told:
            take_in(place, AS_OF)
        assert told.value.place == {"folder": place.name}


def test_one_channel_only_cannot_be_learnt(tmp_path: Path) -> None:
    changes = {
        f"part_{n}": lambda frame: frame.with_columns(pl.lit("DIGITAL").alias(TARGET)) for n in range(3)
    }
    with pytest.raises(DataError, match="too few"):
        take_in(folder(tmp_path, **changes), AS_OF)


def test_every_notice_speaks_both_languages() -> None:
    english, spanish = words("en"), words("es")
    assert set(english._texts) == set(spanish._texts)
