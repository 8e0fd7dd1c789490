"""Bodies of predict requests: R4's list, named fields, and the place of what is wrong."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from yunque.surfaces.http.body import Instance, check_media_type, decode, read_many, read_one
from yunque.surfaces.http.problem import Problem, ProblemError

FIELDS = ("age", "a/b~c", "city")


def problem(call: Any, *arguments: Any) -> Problem:
    with pytest.raises(ProblemError) as caught:
        call(*arguments)
    return caught.value.problem


def test_the_list_of_r4_is_read_in_the_order_of_the_contract() -> None:
    row = read_one({"features": [1, 2, "x"]}, FIELDS)
    assert row.record == {"age": 1, "a/b~c": 2, "city": "x"}
    assert row.locate(FIELDS, "city") == "/features/2"


def test_named_fields_may_stand_at_the_top_or_under_features() -> None:
    record = {"age": 1, "a/b~c": 2, "city": "x"}
    assert read_one(record, FIELDS) == Instance(record=record, pointer="", positional=False)
    assert read_one({"features": record}, FIELDS).locate(FIELDS, "a/b~c") == "/features/a~1b~0c"


def test_a_field_that_is_called_features_is_a_field() -> None:
    assert read_one({"features": 3.5, "age": 1}, ("features", "age")).record == {"features": 3.5, "age": 1}


def test_a_list_of_another_length_names_the_fields() -> None:
    found = problem(read_one, {"features": [1]}, FIELDS)
    assert found.status == 422 and found.errors[0].pointer == "/features"
    assert "3 features: age" in found.detail


def test_what_stands_beside_features_is_refused() -> None:
    assert problem(read_one, {"features": [1, 2, 3], "age": 1}, FIELDS).errors[0].pointer == "/age"


def test_a_batch_mixes_lists_and_names_and_reports_every_wrong_row() -> None:
    rows = read_many({"instances": [[1, 2, "x"], {"age": 1}, {"features": [1, 2, "y"]}]}, FIELDS, 10)
    assert [row.pointer for row in rows] == ["/instances/0", "/instances/1", "/instances/2/features"]
    found = problem(read_many, {"instances": [[1], 5, {"age": 1}]}, FIELDS, 10)
    assert [(error.pointer, error.row) for error in found.errors] == [
        ("/instances/0", 0),
        ("/instances/1", 1),
    ]


@pytest.mark.parametrize(
    ("body", "status"),
    [({}, 422), ({"instances": {}}, 422), ({"instances": []}, 422), ({"instances": [[]] * 11}, 413)],
)
def test_a_batch_that_is_none_is_refused(body: dict[str, Any], status: int) -> None:
    assert problem(read_many, body, FIELDS, 10).status == status


@pytest.mark.parametrize("body", [b"", b"{", b'{"a": NaN}', b'{"a": 1} x', b"\xff\xfe", b'"\xc3\x28"'])
def test_bytes_that_are_no_json_are_malformed(body: bytes) -> None:
    assert problem(decode, body).status == 400


def test_json_that_nests_deeply_is_refused_and_not_crashed_on() -> None:
    for text in (b"[" * 200_000, b'{"a":' * 200_000):
        assert problem(decode, text).status == 400


@pytest.mark.parametrize("body", [b"[]", b"3", b"null", b'"x"'])
def test_json_that_is_no_object_is_refused(body: bytes) -> None:
    assert problem(decode, body).status == 422


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_give_an_object_or_a_problem(body: bytes) -> None:
    try:
        assert isinstance(decode(body), dict)
    except ProblemError as error:
        assert error.problem.status in (400, 422)


@pytest.mark.parametrize(
    "kind",
    [
        "",
        "application/json",
        "application/json; charset=utf-8",
        "Application/JSON;charset=UTF8",
        "application/x+json",
    ],
)
def test_json_in_utf8_is_taken(kind: str) -> None:
    check_media_type(kind)


@pytest.mark.parametrize(
    "kind",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/json; charset=latin-1",
        "application/jsonx",
    ],
)
def test_other_media_types_are_415(kind: str) -> None:
    assert problem(check_media_type, kind).status == 415
