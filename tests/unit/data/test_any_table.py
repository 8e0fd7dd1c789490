"""Whatever bytes or columns come, the answer is a table or an error of ours."""

import datetime as dt

import polars as pl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from yunque.data.contract import Contract
from yunque.data.fingerprint import fingerprint
from yunque.data.infer import infer_contract
from yunque.data.profile import profile
from yunque.data.table import read_table, scan_batches
from yunque.data.validate import check_table
from yunque.errors import TableError

PIECES = [
    b",", b";", b"\t", b'"', b'""', b"\n", b"\r\n", b"\r", b"a", b"1", b"1.5", b"1,5", b"\xff", b"\xc3\xb1", b" ", b"\x00",
    b"2024-01-02", b"03/04/2024", b"yes", b"no", b"NA", b"-", b"\xef\xbb\xbf", b'{"a":1}', b"[", b"=", b"$5", b"5%",
]  # fmt: skip


def walk_through(frame):
    """Take a table through the whole stage."""
    contract, _ = infer_contract(frame)
    checked = check_table(contract, frame, need_target=False)
    assert checked.frame.height == frame.height
    assert all(0 <= row < frame.height for row in checked.bad_rows)
    profile(contract, checked.frame)
    fingerprint(checked.frame)
    assert Contract.from_yaml(contract.to_yaml()) == contract


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(PIECES), max_size=30).map(b"".join) | st.binary(max_size=60))
def test_any_bytes_are_a_table_or_a_table_error(tmp_path, content):
    path = tmp_path / "any.csv"
    path.write_bytes(content)
    try:
        frame = read_table(path)
    except TableError as error:
        assert error.place["file"] == "any.csv"
        return
    assert sum(batch.height for batch in scan_batches(path, batch_rows=2)) == frame.height
    walk_through(frame)


COLUMNS = {
    pl.Float64: st.floats(),
    pl.Int8: st.integers(-128, 127),
    pl.UInt64: st.integers(0, 2**64 - 1),
    pl.Boolean: st.booleans(),
    pl.String: st.text(st.characters(exclude_categories=["Cs"]), max_size=5),
    pl.Date: st.dates(),
    pl.Datetime("ns"): st.datetimes(
        dt.datetime.fromisoformat("1700-01-01"), dt.datetime.fromisoformat("2200-01-01")
    ),
    pl.Datetime("ms", "UTC"): st.datetimes(timezones=st.just(dt.UTC)).map(
        lambda moment: moment.replace(microsecond=0)
    ),
    pl.Time: st.times(),
    pl.Duration("us"): st.timedeltas(dt.timedelta(-9), dt.timedelta(9)),
    pl.Decimal(10, 2): st.decimals(-9999, 9999, places=2),
    pl.Categorical: st.sampled_from(["u", "v", "none"]),
    pl.Enum(["x", "y"]): st.sampled_from("xy"),
    pl.List(pl.Int64): st.lists(st.integers(0, 9), max_size=2),
    pl.Struct({"k": pl.Int64}): st.fixed_dictionaries({"k": st.integers(0, 9)}),
    pl.Binary: st.binary(max_size=3),
    pl.Null: st.none(),
}


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_any_typed_table_walks_through_the_stage(data):
    rows = data.draw(st.integers(1, 6))
    types = data.draw(st.lists(st.sampled_from(list(COLUMNS)), min_size=1, max_size=4))
    frame = pl.DataFrame(
        [
            pl.Series(
                str(place),
                data.draw(st.lists(st.none() | COLUMNS[dtype], min_size=rows, max_size=rows)),
                dtype=dtype,
            )
            for place, dtype in enumerate(types)
        ]
    )
    walk_through(frame)
