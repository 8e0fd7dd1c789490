"""Doors for clients that were written for other servers, and bodies that are tables."""

import gzip
import io
import json
import tempfile
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

ROW = {"class": 33, "income €": 20000.5, "city 🏙": "Cali", "since": "2021-02-03", "member": True}
ROWS = [ROW, {**ROW, "class": None, "city 🏙": "Bogotá"}, {**ROW, "since": None, "income €": 7.25}]
FEW = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def expected(client: TestClient) -> list[dict[str, Any]]:
    answer = client.post("/api/v1/models/buys/predict/batch", json={"instances": ROWS})
    found: list[dict[str, Any]] = answer.json()["predictions"]
    return found


KINDS = {"class": "INT64", "income €": "FP64", "city 🏙": "BYTES", "since": "BYTES", "member": "BOOL"}


def tensors(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {"name": name, "shape": [len(rows)], "datatype": kind, "data": [row[name] for row in rows]}
        for name, kind in KINDS.items()
    ]


def outputs(answer: Any) -> dict[str, Any]:
    return {output["name"]: output for output in answer.json()["outputs"]}


def test_v2_says_what_it_is_and_what_models_take(client: TestClient) -> None:
    assert client.get("/v2").json()["name"] == "yunque"
    assert client.get("/v2/health/live").json() == {"live": True}
    assert client.get("/v2/health/ready").json() == {"ready": True}
    assert client.get("/v2/models/buys/ready").json() == {"name": "buys", "ready": True}
    described = client.get("/v2/models/buys").json()
    assert described["name"] == "buys" and described["versions"] == ["1"]
    assert {entry["name"]: entry["datatype"] for entry in described["inputs"]} == KINDS
    assert {entry["name"]: entry["shape"] for entry in described["outputs"]} == {
        "prediction": [-1], "confidence": [-1], "probabilities": [-1, 2],
    }  # fmt: skip
    assert client.get("/v2/models/buys/versions/1").json() == described
    assert client.get("/v2/models/nope").status_code == 404
    assert client.get("/v2/models/nope").json()["error"]


@pytest.mark.parametrize("path", ["/v2/models/buys/infer", "/v2/models/buys/versions/1/infer"])
def test_v2_takes_a_tensor_per_column(client: TestClient, expected: list[Any], path: str) -> None:
    answer = client.post(path, json={"id": "q7", "inputs": tensors(ROWS)})
    assert answer.status_code == 200, answer.text
    document = answer.json()
    assert (document["model_name"], document["model_version"], document["id"]) == ("buys", "1", "q7")
    made = outputs(answer)
    assert made["prediction"]["datatype"] == "BYTES" and made["prediction"]["shape"] == [3]
    assert made["prediction"]["data"] == [row["prediction"] for row in expected]
    assert made["confidence"]["data"] == [row["confidence"] for row in expected]
    shares = [share for row in expected for share in row["probabilities"].values()]
    assert made["probabilities"]["data"] == shares and made["probabilities"]["shape"] == [3, 2]


def test_v2_takes_one_tensor_of_rows_and_features(client: TestClient, expected: list[Any]) -> None:
    texts = [["" if value is None else str(value) for value in row.values()] for row in ROWS]
    for data in (texts, [cell for row in texts for cell in row]):
        body = {"inputs": [{"name": "x", "shape": [3, 5], "datatype": "BYTES", "data": data}]}
        answer = client.post("/v2/models/buys/infer", json=body)
        assert outputs(answer)["confidence"]["data"] == [row["confidence"] for row in expected]


def test_v2_gives_the_outputs_that_are_asked_for(client: TestClient) -> None:
    body = {"inputs": tensors(ROWS), "outputs": [{"name": "probabilities"}]}
    assert list(outputs(client.post("/v2/models/buys/infer", json=body))) == ["probabilities"]
    body["outputs"] = [{"name": "logits"}]
    answer = client.post("/v2/models/buys/infer", json=body)
    assert answer.status_code == 422 and "logits" in answer.json()["error"]
    made = outputs(client.post("/v2/models/spend/infer", json={"inputs": tensors(ROWS)}))
    assert made["prediction"]["datatype"] == "FP64" and made["interval"]["shape"] == [3, 2]


def test_v2_speaks_binary_data_both_ways(client: TestClient, expected: list[Any]) -> None:
    numbers = np.array([np.nan if row["class"] is None else row["class"] for row in ROWS], "<f4").tobytes()
    cities = b"".join(
        len(c.encode()).to_bytes(4, "little") + c.encode() for c in (row["city 🏙"] for row in ROWS)
    )
    inputs = tensors(ROWS)
    inputs[0] = {
        "name": "class",
        "shape": [3, 1],
        "datatype": "FP32",
        "parameters": {"binary_data_size": len(numbers)},
    }
    inputs[2] = {
        "name": "city 🏙",
        "shape": [3],
        "datatype": "BYTES",
        "parameters": {"binary_data_size": len(cities)},
    }
    head = json.dumps({"inputs": inputs, "parameters": {"binary_data_output": True}}).encode()
    headers = {"inference-header-content-length": str(len(head)), "content-type": "application/octet-stream"}
    answer = client.post("/v2/models/buys/infer", content=head + numbers + cities, headers=headers)
    assert answer.status_code == 200, answer.text
    length = int(answer.headers["inference-header-content-length"])
    described, rest = json.loads(answer.content[:length]), answer.content[length:]
    assert sum(output["parameters"]["binary_data_size"] for output in described["outputs"]) == len(rest)
    size = described["outputs"][0]["parameters"]["binary_data_size"]
    assert np.frombuffer(rest[size : size + 24], "<f8").tolist() == [row["confidence"] for row in expected]
    cut = client.post("/v2/models/buys/infer", content=head + numbers, headers=headers)
    assert cut.status_code == 422 and cut.json()["errors"][0]["pointer"].startswith("/inputs/2")


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"name": "klass"}, "/inputs/0/name"),
        ({"datatype": "STRING"}, "/inputs/0/datatype"),
        ({"shape": [2]}, "/inputs/0/data"),
        ({"shape": [2], "data": [1, 2]}, "/inputs/1/shape"),
        ({"shape": [3, 1, 1]}, "/inputs/0/shape"),
        ({"data": [1, 2]}, "/inputs/0/data"),
        ({"data": None}, "/inputs/0/data"),
        ({"data": [1, "many", 3]}, "/inputs/0/data/1"),
        ({"parameters": {"binary_data_size": 12}}, "/inputs/0/parameters/binary_data_size"),
    ],
)
def test_v2_says_what_is_wrong_and_where(client: TestClient, change: dict[str, Any], pointer: str) -> None:
    inputs = tensors(ROWS)
    inputs[0] |= change
    answer = client.post("/v2/models/buys/infer", json={"inputs": inputs})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == pointer


@pytest.mark.parametrize(
    "body",
    [
        {
            "dataframe_split": {
                "columns": list(ROW),
                "data": [list(row.values()) for row in ROWS],
                "index": [5, 6, 7],
            }
        },
        {"dataframe_split": {"data": [list(row.values()) for row in ROWS]}},
        {"dataframe_records": ROWS},
        {"instances": ROWS},
        {"instances": [list(row.values()) for row in ROWS], "params": {"x": 1}},
        {"inputs": {name: [row[name] for row in ROWS] for name in ROW}},
        {"inputs": {name: [[row[name]] for row in ROWS] for name in ROW}},
        {"inputs": ROWS},
    ],
)
def test_mlflows_bodies_are_answered_as_its_server_does(
    client: TestClient, expected: list[Any], body: Any
) -> None:
    answer = client.post("/invocations", json=body)
    assert answer.status_code == 200, answer.text
    assert answer.json() == {"predictions": [row["prediction"] for row in expected]}


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, ""),
        ({"instances": ROWS, "inputs": ROWS}, ""),
        ({"instances": ROWS, "junk": 1}, ""),
        ({"dataframe_split": {"columns": ["class"], "data": [[1, 2]]}}, "/dataframe_split/data/0"),
        (
            {"dataframe_split": {"columns": list(ROW), "data": [["x", *list(ROW.values())[1:]]]}},
            "/dataframe_split/data/0/0",
        ),
        ({"dataframe_records": [{**ROW, "income €": "x"}]}, "/dataframe_records/0/income €"),
        ({"instances": [ROW, [1]]}, "/instances/1"),
        ({"inputs": {"class": [1, 2], "member": [True]}}, "/inputs"),
        ({"instances": "x"}, "/instances"),
    ],
)
def test_mlflows_bodies_that_are_wrong_are_told_where(client: TestClient, body: Any, pointer: str) -> None:
    answer = client.post("/invocations", json=body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == pointer


def test_mlflows_csv_and_probes(client: TestClient, expected: list[Any]) -> None:
    text = pl.DataFrame(ROWS).write_csv()
    answer = client.post(
        "/invocations", content=text.encode(), headers={"content-type": "text/csv; charset=utf-8"}
    )
    assert answer.json() == {"predictions": [row["prediction"] for row in expected]}
    assert client.get("/ping").status_code == 200 and client.get("/version").status_code == 200


def written(kind: str) -> bytes:
    frame, out = pl.DataFrame(ROWS), io.BytesIO()
    {
        "ndjson": frame.write_ndjson, "csv": frame.write_csv, "parquet": frame.write_parquet,
        "arrow.file": frame.write_ipc, "arrow.stream": frame.write_ipc_stream,
    }[kind](out)  # fmt: skip
    return out.getvalue()


def read(content: bytes, kind: str) -> pl.DataFrame:
    readers: dict[str, Any] = {
        "ndjson": pl.read_ndjson, "csv": pl.read_csv, "parquet": pl.read_parquet,
        "arrow.file": pl.read_ipc, "arrow.stream": pl.read_ipc_stream,
    }  # fmt: skip
    found: pl.DataFrame = readers[kind](content)
    return found


MEDIA = {
    "ndjson": "application/x-ndjson", "csv": "text/csv", "parquet": "application/vnd.apache.parquet",
    "arrow.file": "application/vnd.apache.arrow.file", "arrow.stream": "application/vnd.apache.arrow.stream",
}  # fmt: skip


@pytest.mark.parametrize("kind", MEDIA)
def test_tables_are_answered_in_their_own_format_or_as_json(
    client: TestClient, expected: list[Any], kind: str
) -> None:
    path, headers = "/api/v1/models/buys/predict/batch", {"content-type": MEDIA[kind]}
    answer = client.post(path, content=written(kind), headers=headers)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith(MEDIA[kind])
    found = read(answer.content, kind)
    assert found["prediction"].to_list() == [row["prediction"] for row in expected]
    assert found["confidence"].to_list() == [row["confidence"] for row in expected]
    answer = client.post(path, content=written(kind), headers={**headers, "accept": "application/json"})
    assert answer.json() == {"predictions": expected, "total_instances": 3}


def test_a_table_with_wrong_cells_is_told_rows_and_columns(client: TestClient) -> None:
    text = (
        pl.DataFrame(ROWS).with_columns(pl.lit("x").alias("income €"), pl.lit(1).alias("extra €")).write_csv()
    )
    path, headers = "/api/v1/predict/batch", {"content-type": "text/csv"}
    answer = client.post(path, content=text.encode(), headers=headers)
    assert answer.status_code == 422
    assert {error["pointer"] for error in answer.json()["errors"]} == {f"/{i}/income €" for i in range(3)}
    good = pl.DataFrame(ROWS).with_columns(pl.lit(1).alias("extra €")).write_csv()
    answer = client.post(path, content=good.encode(), headers=headers)
    assert answer.status_code == 200 and answer.headers["x-unused-columns"] == "extra %E2%82%AC"
    absent = pl.DataFrame(ROWS).drop("class").write_csv()
    assert "class" in client.post(path, content=absent.encode(), headers=headers).text


@pytest.mark.parametrize("kind", MEDIA)
def test_what_is_no_table_of_its_type_is_refused(client: TestClient, kind: str) -> None:
    for content in (b"", b"\x00\xff\x13" * 50, written(kind)[:40] if kind != "csv" else b"\xff\xfe\x00"):
        answer = client.post("/api/v1/predict/batch", content=content, headers={"content-type": MEDIA[kind]})
        assert answer.status_code in (400, 422), answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        assert tempfile.gettempdir() not in answer.text


def test_too_many_rows_of_a_table_are_refused(client: TestClient) -> None:
    content = pl.DataFrame([ROW] * 501).write_csv().encode()
    assert (
        client.post(
            "/api/v1/predict/batch", content=content, headers={"content-type": "text/csv"}
        ).status_code
        == 413
    )


@pytest.mark.parametrize(
    "path", ["/api/v1/predict", "/api/v1/predict/batch", "/invocations", "/v2/models/buys/infer"]
)
def test_gzip_is_undone_up_to_the_limit(client: TestClient, path: str) -> None:
    bodies = {"/api/v1/predict": ROW, "/v2/models/buys/infer": {"inputs": tensors(ROWS)}}
    body = json.dumps(bodies.get(path, {"instances": ROWS})).encode()
    headers = {"content-type": "application/json", "content-encoding": "gzip"}
    packed = gzip.compress(body)
    plain = client.post(path, content=body, headers={"content-type": "application/json"})
    assert client.post(path, content=packed, headers=headers).json() == plain.json()
    half = len(body) // 2
    pieces = gzip.compress(body[:half]) + gzip.compress(body[half:])
    assert client.post(path, content=pieces, headers=headers).json() == plain.json()
    bomb = gzip.compress(b" " * 5_000_000)
    assert len(bomb) < 10_000 and client.post(path, content=bomb, headers=headers).status_code == 413
    for broken in (packed[:-9], b"", b"x", packed[:20] + b"\x00" + packed[21:]):
        assert client.post(path, content=broken, headers=headers).status_code in (400, 422)
    assert client.post(path, content=body, headers={**headers, "content-encoding": "br"}).status_code == 415


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
anything = st.recursive(
    scalars,
    lambda x: st.lists(x, max_size=4) | st.dictionaries(st.text(max_size=5), x, max_size=4),
    max_leaves=15,
)
tensor = st.fixed_dictionaries(
    {"name": st.sampled_from([*ROW, "x"]), "shape": st.lists(st.integers(-1, 6), max_size=3) | st.lists(st.integers(), max_size=2),
     "datatype": st.sampled_from(["FP32", "INT64", "BYTES", "BOOL", "?"])},
    optional={"data": st.lists(scalars, max_size=6) | anything, "parameters": st.dictionaries(st.sampled_from(["binary_data_size"]), st.integers(-3, 60))},
)  # fmt: skip
requests = st.one_of(
    anything,
    st.fixed_dictionaries(
        {"inputs": st.lists(tensor, max_size=6)}, optional={"outputs": anything, "id": anything}
    ),
    st.dictionaries(
        st.sampled_from(["dataframe_split", "dataframe_records", "instances", "inputs"]), anything, max_size=2
    ),
)


@FEW
@given(
    path=st.sampled_from(["/v2/models/buys/infer", "/invocations"]),
    body=requests,
    tail=st.binary(max_size=40),
    cut=st.none() | st.integers(0, 60),
)
def test_any_body_is_answered_or_refused(
    client: TestClient, path: str, body: Any, tail: bytes, cut: int | None
) -> None:
    raw = json.dumps(body).encode()
    headers = {"content-type": "application/json"}
    if cut is not None:
        headers["inference-header-content-length"] = str(cut if cut % 2 else len(raw))
        raw += tail
    answer = client.post(path, content=raw, headers=headers)
    assert answer.status_code < 500, (raw, answer.text)
    if answer.status_code >= 400:
        assert answer.json()["status"] == answer.status_code


@FEW
@given(kind=st.sampled_from(sorted(MEDIA)), content=st.binary(max_size=200))
def test_any_bytes_as_a_table_are_refused(client: TestClient, kind: str, content: bytes) -> None:
    answer = client.post("/api/v1/predict/batch", content=content, headers={"content-type": MEDIA[kind]})
    assert 400 <= answer.status_code < 500, (content, answer.text)
