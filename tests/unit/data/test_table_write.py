"""A written table is complete, reads back, and starts no formula."""

import datetime as dt

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from yunque.data.table import read_table, write_table
from yunque.data.table_write import without_formulas
from yunque.errors import StorageError, TableError, UsageError

FRAME = pl.DataFrame({"n": [1, None], "x": [0.1, -2.5], "t": ["a", "ñ"], "d": [dt.date(2024, 1, 1), None]})


@pytest.mark.parametrize("suffix", ["parquet", "arrow", "feather"])
def test_typed_formats_round_trip(tmp_path, suffix):
    write_table(FRAME, tmp_path / f"t.{suffix}")
    assert read_table(tmp_path / f"t.{suffix}").equals(FRAME)


@pytest.mark.parametrize("suffix", ["ndjson", "jsonl"])
def test_lines_of_json_round_trip(tmp_path, suffix):
    write_table(FRAME, tmp_path / f"t.{suffix}")
    assert read_table(tmp_path / f"t.{suffix}").select("n", "x", "t").equals(FRAME.select("n", "x", "t"))


def test_csv_is_plain_text(tmp_path):
    write_table(FRAME, tmp_path / "t.csv")
    assert (tmp_path / "t.csv").read_text() == "n,x,t,d\n1,0.1,a,2024-01-01\n,-2.5,ñ,\n"


def test_nothing_but_the_file_is_left(tmp_path):
    write_table(FRAME, tmp_path / "t.csv")
    write_table(FRAME.head(1), tmp_path / "t.csv")
    assert [path.name for path in tmp_path.iterdir()] == ["t.csv"]
    assert read_table(tmp_path / "t.csv").height == 1


def test_a_failed_write_leaves_the_old_file(tmp_path):
    write_table(FRAME, tmp_path / "t.csv")
    with pytest.raises(TableError, match="cannot be written"):
        write_table(pl.DataFrame({"a": [[1, 2]]}), tmp_path / "t.csv")
    assert [path.name for path in tmp_path.iterdir()] == ["t.csv"]
    assert read_table(tmp_path / "t.csv").height == 2


def test_unknown_suffixes_and_folders_are_refused(tmp_path):
    with pytest.raises(UsageError, match=r"\.xlsx"):
        write_table(FRAME, tmp_path / "t.xlsx")
    with pytest.raises(StorageError):
        write_table(FRAME, tmp_path / "missing" / "t.csv")


def test_formulas_are_disarmed_in_csv_only(tmp_path):
    texts = [
        "=1+1",
        "+cmd|' /C calc'!A0",
        "-2+3",
        "@SUM(A1)",
        "\tx",
        "\r=1",
        "-5",
        "+1,5",
        "-",
        "12%",
        "plain",
        "a=b",
        None,
    ]
    frame = pl.DataFrame({"=name": texts, "n": range(len(texts))})
    write_table(frame, tmp_path / "t.csv")
    back = read_table(tmp_path / "t.csv")
    assert back.columns == ["'=name", "n"]
    assert back["'=name"].to_list() == [
        "'=1+1", "'+cmd|' /C calc'!A0", "'-2+3", "'@SUM(A1)", "'\tx", "'\r=1", "-5", "+1,5", "-", "12%", "plain", "a=b", None,
    ]  # fmt: skip
    write_table(frame, tmp_path / "t.parquet")
    assert read_table(tmp_path / "t.parquet").equals(frame)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.text(max_size=6), min_size=1, max_size=5))
def test_no_written_text_starts_a_formula_unless_it_is_a_number(texts):
    guarded = without_formulas(pl.DataFrame({"a": texts}))["a"].to_list()
    for text, written in zip(texts, guarded, strict=True):
        assert written in (text, f"'{text}")
        if written[:1] in ("=", "@", "\t", "\r"):
            pytest.fail(f"{written!r} would run")
        if written[:1] in ("+", "-"):
            assert set(written) <= set("+-0123456789.,eE%")
