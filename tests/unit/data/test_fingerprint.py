"""The fingerprint follows rows and columns, not the file format they came in."""

import datetime as dt

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from yunque.data.fingerprint import fingerprint
from yunque.data.infer import infer_contract
from yunque.data.table import read_table, write_table
from yunque.data.validate import check_table

FRAME = pl.DataFrame(
    {
        "n": [1, None, 3],
        "x": [0.5, -0.0, None],
        "t": ["a", "", None],
        "b": [True, None, False],
        "d": [dt.date(2024, 1, 1), None, dt.date(1960, 1, 1)],
        "s": [dt.datetime.fromisoformat("2024-01-01T10:00:00.000001"), None, None],
    }
)


def test_it_is_a_sha256():
    assert fingerprint(FRAME).startswith("sha256:")
    assert len(fingerprint(FRAME)) == 7 + 64


def test_it_is_a_published_constant():
    """Manifests hold fingerprints: a change of this value needs a new format number."""
    frame = pl.DataFrame({"n": [1, None], "x": [0.5, None], "t": ["ñ", None], "b": [True, None]})
    assert fingerprint(frame) == "sha256:281d750ac2839cfda6e19f1ce347c96fd8773198c5f198e030cd203433791a6b"


def test_columns_may_stand_in_any_order_rows_may_not():
    assert fingerprint(FRAME.select(reversed(FRAME.columns))) == fingerprint(FRAME)
    assert fingerprint(FRAME.reverse()) != fingerprint(FRAME)


def test_chunks_do_not_matter():
    pieces = pl.concat([FRAME.head(1), FRAME.slice(1)], rechunk=False)
    assert fingerprint(pieces) == fingerprint(FRAME)
    assert fingerprint(pl.concat([FRAME] * 50_000)) == fingerprint(pl.concat([FRAME] * 50_000, rechunk=True))


@pytest.mark.parametrize(
    "change",
    [
        pl.col("n").fill_null(0),
        pl.col("x").fill_null(0.0),
        pl.col("t").fill_null(""),
        pl.col("b").fill_null(value=False),
        pl.col("n").cast(pl.Float64),
        pl.col("x") + 1e-16,
        pl.col("s") + pl.duration(microseconds=1),
        pl.col("t").alias("u"),
    ],
)
def test_any_change_shows(change):
    assert fingerprint(FRAME.with_columns(change)) != fingerprint(FRAME)


def test_zeros_of_both_signs_are_equal():
    assert fingerprint(pl.DataFrame({"x": [0.0]})) == fingerprint(pl.DataFrame({"x": [-0.0]}))


def test_texts_do_not_run_into_one_another():
    assert fingerprint(pl.DataFrame({"t": ["ab", "c"]})) != fingerprint(pl.DataFrame({"t": ["a", "bc"]}))


CELLS = st.fixed_dictionaries(
    {
        "n": st.none() | st.integers(-(10**6), 10**6),
        "x": st.none() | st.floats(allow_nan=False, allow_infinity=False),
        "t": st.none() | st.sampled_from(["a", "b c", "ñ, \n x", '"q"', "=z"]),
        "d": st.none() | st.dates(dt.date(1900, 1, 1)),
    }
)


@settings(max_examples=40, deadline=None)
@given(st.lists(CELLS, min_size=1, max_size=8))
def test_every_file_format_gives_the_same_fingerprint(tmp_path_factory, rows):
    folder = tmp_path_factory.mktemp("formats")
    frame = pl.DataFrame(rows, schema={"n": pl.Int64, "x": pl.Float64, "t": pl.String, "d": pl.Date})
    frame = frame.with_columns(pl.lit(1).alias("always"))  # a row of nothing but nulls is a blank line in CSV
    contract, _ = infer_contract(frame)
    found = set()
    for suffix in ("parquet", "arrow", "ndjson", "csv"):
        if suffix == "csv" and frame["t"].str.starts_with("=").any():
            continue  # disarmed on purpose
        write_table(frame, folder / f"t.{suffix}")
        checked = check_table(contract, read_table(folder / f"t.{suffix}"), need_target=False)
        found.add(fingerprint(checked.frame))
    assert found == {fingerprint(check_table(contract, frame, need_target=False).frame)}
