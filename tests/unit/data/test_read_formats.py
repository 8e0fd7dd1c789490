"""Typed formats, lines of JSON, globs, compressed files and frames of other libraries are tables too."""

import datetime as dt
import gzip
import io
import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from yunque.data.table import read_table, scan_batches
from yunque.data.unpack import FREE, zstd_bound
from yunque.errors import LimitError, TableError

at = dt.datetime.fromisoformat

FRAME = pl.DataFrame(
    {
        "n": [1, 2, None],
        "x": [0.5, None, 2.5],
        "text": ["a", "ñ", None],
        "when": [dt.date(2024, 1, 1), None, dt.date(2024, 1, 3)],
    }
)


@pytest.fixture
def folder(tmp_path):
    FRAME.write_parquet(tmp_path / "t.parquet")
    FRAME.write_ipc(tmp_path / "t.arrow")
    FRAME.write_ipc_stream(tmp_path / "t.stream")
    return tmp_path


@pytest.mark.parametrize("name", ["t.parquet", "t.arrow", "t.stream"])
def test_typed_formats_keep_their_types(folder, name):
    assert read_table(folder / name).equals(FRAME)
    assert read_table(str(folder / name), limit=2).equals(FRAME.head(2))


def test_the_content_decides_the_format_not_the_suffix(folder):
    (folder / "t.csv").write_bytes((folder / "t.parquet").read_bytes())
    assert read_table(folder / "t.csv").equals(FRAME)


@pytest.mark.parametrize("name", ["t.parquet", "t.arrow"])
@pytest.mark.parametrize("share", [0.3, 0.7, 0.95])
def test_truncated_files_are_refused(folder, name, share):
    content = (folder / name).read_bytes()
    (folder / name).write_bytes(content[: int(len(content) * share)])
    with pytest.raises(TableError, match="damaged, incomplete") as error:
        read_table(folder / name)
    assert error.value.place == {"file": name}
    assert "again" in error.value.hint


def test_flipped_bytes_never_give_anything_but_a_table_error(folder):
    content = (folder / "t.parquet").read_bytes()
    for place in range(4, len(content), 7):
        damaged = bytearray(content)
        damaged[place] ^= 0xFF
        (folder / "d.parquet").write_bytes(bytes(damaged))
        try:
            read_table(folder / "d.parquet")
        except TableError as error:
            assert error.place["file"] == "d.parquet"


def test_a_parquet_file_without_rows_is_refused(tmp_path):
    FRAME.clear().write_parquet(tmp_path / "e.parquet")
    with pytest.raises(TableError, match="no rows"):
        read_table(tmp_path / "e.parquet")


def test_missing_files_are_near_something(folder):
    with pytest.raises(TableError, match="no such file") as error:
        read_table(folder / "t.parque")
    assert "t.parquet" in error.value.hint
    assert str(folder) not in str(error.value)
    with pytest.raises(TableError, match="pattern"):
        read_table(folder / "*.xyz")
    with pytest.raises(TableError, match="folder"):
        read_table(folder)
    with pytest.raises(TableError, match="int is not a table"):
        read_table(5)
    with pytest.raises(TableError, match="No file"):
        read_table([])


def test_globs_are_read_in_natural_order(tmp_path):
    for number in (10, 2, 1):
        pl.DataFrame({"a": [number], "b": ["x"]}).write_parquet(tmp_path / f"part-{number}.parquet")
    assert read_table(tmp_path / "part-*.parquet")["a"].to_list() == [1, 2, 10]
    assert read_table(tmp_path / "part-*.parquet", limit=2)["a"].to_list() == [1, 2]
    both = [tmp_path / "part-10.parquet", str(tmp_path / "part-1.parquet")]
    assert read_table(both)["a"].to_list() == [10, 1]


def test_globs_are_read_relative_to_here(tmp_path, monkeypatch):
    (tmp_path / "in").mkdir()
    FRAME.write_parquet(tmp_path / "in" / "x.parquet")
    monkeypatch.chdir(tmp_path)
    assert read_table("in/*.parquet").equals(FRAME)
    assert read_table("**/x.parquet").equals(FRAME)


def test_a_name_with_brackets_is_a_file_first(tmp_path):
    FRAME.write_parquet(tmp_path / "x[1].parquet")
    assert read_table(tmp_path / "x[1].parquet").equals(FRAME)


def test_files_of_one_table_may_order_columns_differently_but_not_lack_them(tmp_path):
    pl.DataFrame({"a": [1], "b": [2]}).write_parquet(tmp_path / "1.parquet")
    pl.DataFrame({"b": [4.5], "a": [3]}).write_parquet(tmp_path / "2.parquet")
    assert read_table(tmp_path / "*.parquet").rows() == [(1, 2.0), (3, 4.5)]
    pl.DataFrame({"a": [1], "c": [2]}).write_parquet(tmp_path / "3.parquet")
    with pytest.raises(TableError, match="lacks 'b' and adds 'c'"):
        read_table(tmp_path / "*.parquet")


def test_files_whose_types_clash_are_refused(tmp_path):
    pl.DataFrame({"a": [1]}).write_parquet(tmp_path / "1.parquet")
    pl.DataFrame({"a": [[1]]}).write_parquet(tmp_path / "2.parquet")
    with pytest.raises(TableError, match="do not fit together"):
        read_table(tmp_path / "*.parquet")


LINES = [{"a": 1, "b": "x"}, {"b": "ñ", "c": 1.5}, {"a": None, "c": 2}]


def ndjson(rows):
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


@pytest.mark.parametrize("name", ["t.ndjson", "t.jsonl", "t.txt"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_lines_of_json_are_a_table(tmp_path, name, pack):
    (tmp_path / name).write_bytes(pack(ndjson(LINES)))
    frame = read_table(tmp_path / name)
    assert frame.rows() == [(1, "x", None), (None, "ñ", 1.5), (None, None, 2.0)]


def test_broken_lines_of_json_are_numbered(tmp_path):
    (tmp_path / "t.ndjson").write_bytes(ndjson(LINES) + b'{"a": 1\n' + ndjson(LINES))
    with pytest.raises(TableError, match="Row 4 is not a JSON object") as error:
        read_table(tmp_path / "t.ndjson")
    assert error.value.place == {"file": "t.ndjson", "row": 4}


def test_a_json_list_is_refused_with_a_remedy(tmp_path):
    (tmp_path / "t.json").write_text(json.dumps(LINES))
    with pytest.raises(TableError, match="one JSON list") as error:
        read_table(tmp_path / "t.json")
    assert "NDJSON" in error.value.hint


def test_structures_are_read_and_left_to_the_contract(tmp_path):
    (tmp_path / "t.ndjson").write_bytes(ndjson([{"a": 1, "b": [1, 2]}, {"a": 2, "b": []}]))
    assert read_table(tmp_path / "t.ndjson").schema["b"] == pl.List(pl.Int64)


# Zstandard ----------------------------------------------------------------------------------------------------


def raw_zstd(content, *, block=100_000):
    """Wrap bytes in a Zstandard frame of raw blocks, as RFC 8878 has it; nothing is compressed."""
    parts = [content[start : start + block] for start in range(0, len(content), block)] or [b""]
    frame = b"\x28\xb5\x2f\xfd\x00\x58"  # no content size; window of 2 MiB
    for number, part in enumerate(parts):
        frame += ((len(part) << 3) | (number == len(parts) - 1)).to_bytes(3, "little") + part
    return frame


def zstd_bomb(blocks):
    """A frame of run-length blocks: each of its 4 bytes claims 128 KiB."""
    size = 128 * 1024
    frame = b"\x28\xb5\x2f\xfd\x00\x58"
    for number in range(blocks):
        frame += ((size << 3) | (1 << 1) | (number == blocks - 1)).to_bytes(3, "little") + b"a"
    return frame


def test_zstandard_is_told_by_content(tmp_path):
    content = "a,b\n" + "1,ñ\n" * 100_000
    (tmp_path / "t.csv.zst").write_bytes(raw_zstd(content.encode()))
    frame = read_table(tmp_path / "t.csv.zst")
    assert frame.shape == (100_000, 2)
    assert frame["b"].unique().to_list() == ["ñ"]
    (tmp_path / "t.ndjson.zst").write_bytes(raw_zstd(ndjson(LINES)))
    assert read_table(tmp_path / "t.ndjson.zst").height == 3


def test_damaged_zstandard_is_refused(tmp_path):
    content = raw_zstd(b"a,b\n" + b"1,2\n" * 10_000)
    (tmp_path / "t.csv.zst").write_bytes(content[:1000])
    with pytest.raises(TableError, match="cannot be decompressed"):
        read_table(tmp_path / "t.csv.zst")


def test_the_bound_of_a_zstandard_file_is_what_its_blocks_say():
    assert zstd_bound(io.BytesIO(raw_zstd(b"x" * 250_000))) == 250_000
    assert zstd_bound(io.BytesIO(zstd_bomb(3))) == 3 * 128 * 1024
    skippable = b"\x50\x2a\x4d\x18\x02\x00\x00\x00zz"
    assert zstd_bound(io.BytesIO(skippable + raw_zstd(b"x" * 10) * 2)) == 20
    with pytest.raises(EOFError):
        zstd_bound(io.BytesIO(raw_zstd(b"x" * 10)[:8]))


def test_decompression_bombs_are_refused_before_they_go_off(tmp_path, monkeypatch):
    (tmp_path / "bomb.csv.zst").write_bytes(zstd_bomb(FREE // (128 * 1024) + 1))
    with pytest.raises(LimitError, match="200 times"):
        read_table(tmp_path / "bomb.csv.zst")
    monkeypatch.setattr("yunque.data.unpack.FREE", 2**20)
    path = tmp_path / "bomb.csv.gz"
    path.write_bytes(gzip.compress(b"a,b\n" + b"1,2\n" * 5_000_000))
    with pytest.raises(LimitError, match="decompresses to over"):
        for _ in scan_batches(path, batch_rows=1_000_000):
            pass


# Batches ------------------------------------------------------------------------------------------------------

LONG = pl.DataFrame({"n": range(25_000), "text": ["x\ny", "ñ", "z", "w", "a,b"] * 5_000})


@pytest.mark.parametrize("name", ["t.csv", "t.csv.gz", "t.parquet", "t.ndjson", "t.arrow", "two-*.parquet"])
def test_batches_are_the_table_in_order(tmp_path, name):
    writers = {
        "t.csv": LONG.write_csv,
        "t.csv.gz": lambda path: path.write_bytes(gzip.compress(LONG.write_csv().encode())),
        "t.parquet": lambda path: LONG.write_parquet(path, row_group_size=3_000),
        "t.ndjson": LONG.write_ndjson,
        "t.arrow": LONG.write_ipc,
    }
    if name in writers:
        writers[name](tmp_path / name)
    else:
        LONG.head(11_000).write_parquet(tmp_path / "two-1.parquet")
        LONG.slice(11_000).write_parquet(tmp_path / "two-2.parquet")
    batches = list(scan_batches(tmp_path / name, batch_rows=4_000))
    assert [batch.height for batch in batches] == [4_000] * 6 + [1_000]
    assert pl.concat(batches).with_columns(pl.col("n").cast(pl.Int64)).equals(LONG)


def test_batches_of_a_frame(tmp_path):
    assert [batch.height for batch in scan_batches(LONG, batch_rows=10_000)] == [10_000, 10_000, 5_000]


def test_batches_of_json_know_keys_that_appear_late(tmp_path, monkeypatch):
    monkeypatch.setattr("yunque.data.table._BATCH_PIECE", 1_000)
    rows = [{"a": number} for number in range(500)] + [{"a": 1, "late": "x"}]
    (tmp_path / "t.ndjson").write_bytes(ndjson(rows))
    batches = list(scan_batches(tmp_path / "t.ndjson", batch_rows=100))
    assert all(batch.columns == ["a", "late"] for batch in batches)
    assert sum(batch.height for batch in batches) == 501


def test_batches_raise_where_the_table_breaks(tmp_path):
    (tmp_path / "t.csv").write_text("a,b\n" + "1,2\n" * 10 + "3\n")
    with pytest.raises(TableError) as error:
        list(scan_batches(tmp_path / "t.csv", batch_rows=5))
    assert error.value.place["row"] == 11


# Frames of other libraries ------------------------------------------------------------------------------------


def test_polars_frames_pass():
    assert read_table(FRAME) is FRAME
    assert read_table(FRAME.lazy(), limit=1).equals(FRAME.head(1))
    with pytest.raises(TableError, match="no rows"):
        read_table(FRAME.clear())
    with pytest.raises(TableError, match="no columns"):
        read_table(pl.DataFrame())


def test_arrow_tables_are_adopted():
    pyarrow = pytest.importorskip("pyarrow")
    assert read_table(pyarrow.table({"a": [1, None], "b": ["x", "ñ"]})).rows() == [(1, "x"), (None, "ñ")]
    twice = pyarrow.Table.from_arrays([pyarrow.array([1]), pyarrow.array([2])], names=["a", "a"])
    with pytest.raises(TableError, match="more than once: 'a'"):
        read_table(twice)


def test_pandas_tables_are_adopted():
    pandas = pytest.importorskip("pandas")
    moments = pandas.to_datetime(["2024-01-01 10:00", None])
    table = pandas.DataFrame(
        {
            "int": np.array([1, 2], dtype="int32"),
            "float": [0.5, np.nan],
            "half": np.array([0.5, 1.5], dtype="float16"),
            "bool": [True, False],
            "text": ["a", None],
            "nullable": pandas.array([1, None], dtype="Int64"),
            "string": pandas.array(["x", None], dtype="string"),
            "category": pandas.Categorical(["u", None]),
            "numbers": pandas.Categorical([3, 4]),
            "moment": moments,
            "zoned": moments.tz_localize("Europe/Madrid"),
            "dates": [dt.date(2024, 1, 1), None],
            "mixed": [1, "x"],
            "span": pandas.to_timedelta(["1h", None]),
            "empty": [None, None],
            7: [1.5, 2],
        },
        index=["p", "q"],
    )
    frame = read_table(table)
    assert frame.columns == [str(name) for name in table.columns]
    assert frame["int"].to_list() == [1, 2]
    assert frame["half"].to_list() == [0.5, 1.5]
    assert frame["bool"].dtype == pl.Boolean
    assert frame["text"].to_list() == ["a", None]
    assert frame["nullable"].to_list() == [1, None]
    assert frame["string"].to_list() == ["x", None]
    assert frame["category"].to_list() == ["u", None]
    assert frame["numbers"].to_list() == [3, 4]
    assert frame["moment"].to_list() == [at("2024-01-01T10:00:00"), None]
    assert frame["zoned"].dt.convert_time_zone("UTC").to_list()[0].hour == 9
    assert frame["dates"].to_list() == [dt.date(2024, 1, 1), None]
    assert frame["mixed"].to_list() == ["1", "x"]
    assert frame["span"].dtype == pl.Duration
    assert frame["empty"].null_count() == 2
    assert frame["7"].to_list() == [1.5, 2.0]


def test_pandas_tables_with_trouble_are_refused():
    pandas = pytest.importorskip("pandas")
    with pytest.raises(TableError, match="'a'"):
        read_table(pandas.DataFrame([[1, 2]], columns=["a", "a"]))
    with pytest.raises(TableError, match="structures"):
        read_table(pandas.DataFrame({"a": [{"x": 1}, "y"]}))


def test_reading_imports_neither_pandas_nor_arrow():
    import subprocess
    import sys

    code = (
        "import sys, polars as pl; from yunque.data.table import read_table;"
        "read_table(pl.DataFrame({'a': [1]}));"
        "print([m for m in ('pandas', 'pyarrow', 'sklearn') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_path_that_cannot_be_opened_is_refused(folder):
    path = Path(folder / "t.parquet")
    path.chmod(0)
    try:
        path.read_bytes()
        pytest.skip("this user reads everything")
    except PermissionError:
        pass
    with pytest.raises(TableError, match="cannot be read"):
        read_table(path)
