"""Tables made to hurt: damaged Parquet and Arrow files, bombs, absurd claims. The server answers, and goes on."""

import io
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_models import client_of
from starlette.testclient import TestClient

from yunque.surfaces.http.serving import Serving
from yunque.surfaces.http.table_reader import TableReader

ROW = {"class": 33, "income €": 20000.5, "city 🏙": "Cali", "since": "2021-02-03", "member": True}
PATH = "/api/v1/predict/batch"
PARQUET = "application/vnd.apache.parquet"
FILE, STREAM = "application/vnd.apache.arrow.file", "application/vnd.apache.arrow.stream"
FEW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def written(frame: pl.DataFrame, kind: str) -> bytes:
    out = io.BytesIO()
    if kind == PARQUET:
        frame.write_parquet(out)
    elif kind == FILE:
        frame.write_ipc(out, compression="zstd")
    else:
        frame.write_ipc_stream(out, compression="zstd")
    return out.getvalue()


HONEST = {kind: written(pl.DataFrame([ROW] * 3), kind) for kind in (PARQUET, FILE, STREAM)}
INSERTED = st.binary(max_size=8) | st.sampled_from(
    [b"\xff" * 8, b"\x00" * 8, b"\xff\xff\xff\x7f", b"\xff" * 7 + b"\x7f"]
)


@pytest.fixture(scope="module")
def reader() -> Iterator[TableReader]:
    found = TableReader()
    yield found
    found.close()


@pytest.fixture
def server(serving: Serving, reader: TableReader) -> Iterator[TestClient]:
    with client_of(replace(serving, tables=reader)) as client:
        yield client


def send(client: TestClient, content: bytes, kind: str = PARQUET) -> Any:
    return client.post(PATH, content=content, headers={"content-type": kind, "accept": "application/json"})


@FEW
@given(
    kind=st.sampled_from([PARQUET, FILE, STREAM]),
    changes=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 8), INSERTED), min_size=1, max_size=3),
)
def test_a_damaged_table_is_answered_or_refused(server: TestClient, kind: str, changes: list[Any]) -> None:
    content = HONEST[kind]
    for place, dropped, inserted in changes:
        at = int(place * len(content))
        content = content[:at] + inserted + content[at + dropped :]
    answer = send(server, content, kind)
    assert answer.status_code in (200, 400, 413, 422), answer.text
    if answer.status_code != 200:
        assert answer.headers["content-type"] == "application/problem+json"
        assert tempfile.gettempdir() not in answer.text and "body.parquet" not in answer.text


def test_a_text_that_stands_in_every_row_is_counted_in_every_row(server: TestClient) -> None:
    """A dictionary of one text of a megabyte and a hundred rows in three columns: a file of a few kilobytes."""
    texts = pa.DictionaryArray.from_arrays(pa.array([0] * 250, pa.int8()), pa.array(["x" * 10**6]))
    out = io.BytesIO()
    pq.write_table(pa.table({"city 🏙": texts, "a": texts, "b": texts}), out, compression="zstd")
    assert len(out.getvalue()) < 10_000
    answer = send(server, out.getvalue())
    assert answer.status_code == 422 and answer.json()["code"] in ("limit", "table")


def test_many_columns_are_refused(server: TestClient) -> None:
    text = (",".join(f"c{i}" for i in range(10_001)) + "\n" + ",".join("1" * 10_001) + "\n").encode()
    answer = send(server, text, "text/csv")
    assert answer.status_code == 422 and "columns" in answer.json()["detail"]


@pytest.mark.parametrize("depth", [100, 60_000])
def test_values_nested_deeply_end_no_process(server: TestClient, depth: int) -> None:
    for text in ("[" * depth + "]" * depth, '{"a":' * depth + "1" + "}" * depth):
        answer = send(server, b'{"class": ' + text.encode() + b"}\n", "application/x-ndjson")
        assert answer.status_code in (413, 422)


def test_a_reader_that_dies_is_replaced(server: TestClient, reader: TableReader) -> None:
    assert send(server, HONEST[PARQUET]).status_code == 200
    for child in children():
        os.kill(child, signal.SIGKILL)
    answers = [send(server, HONEST[PARQUET]).status_code for _ in range(2)]
    assert answers == [200, 200]  # an honest body does not pay for a reader that died before it


def children() -> list[int]:
    """Processes that this one started to read tables."""
    listed = subprocess.run(
        ["ps", "-o", "pid=,args=", "--ppid", str(os.getpid())], capture_output=True, text=True, check=False
    ).stdout
    return [int(line.split()[0]) for line in listed.splitlines() if "table_child" in line]


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_a_reader_that_takes_too_long_is_ended_and_replaced(serving: Serving) -> None:
    slow = TableReader(seconds=3.0)
    with client_of(replace(serving, tables=slow)) as client:
        while send(client, HONEST[PARQUET]).status_code != 200:  # a busy machine starts it slowly
            time.sleep(0.1)
        for child in set(children()):
            os.kill(child, signal.SIGSTOP)
        answers = [send(client, HONEST[PARQUET]) for _ in range(1)]
        assert {answer.status_code for answer in answers} == {422}
        assert "more time or memory" in answers[0].json()["detail"]
