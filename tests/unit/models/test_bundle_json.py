"""JSON documents of a bundle: canonical out, strict in."""

import dataclasses
import math
from datetime import UTC, date, datetime
from enum import StrEnum

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from yunque.errors import BundleError
from yunque.models.bundle_json import plain, read_json, write_json


class Colour(StrEnum):
    RED = "red"


@dataclasses.dataclass(frozen=True)
class Point:
    x: float
    tags: tuple[str, ...]


def test_values_of_a_run_become_json() -> None:
    value = {
        "a": np.float64(0.1),
        "b": np.int64(3),
        "c": np.bool_(True),
        "d": Colour.RED,
        "e": Point(1.5, ("u", "v")),
        "f": date(2024, 2, 29),
        "g": datetime(2024, 2, 29, 1, tzinfo=UTC),
        "h": np.array([[1.0, math.nan]]),
        "i": {3: float("inf")},
        "j": {"z", "y"},
    }
    expected = {
        "a": 0.1,
        "b": 3,
        "c": True,
        "d": "red",
        "e": {"x": 1.5, "tags": ["u", "v"]},
        "f": "2024-02-29",
        "g": "2024-02-29T01:00:00+00:00",
        "h": [[1.0, None]],
        "i": {"3": None},
        "j": ["y", "z"],
    }
    assert plain(value) == expected
    with pytest.raises(TypeError, match="object"):
        plain(object())


def test_bytes_do_not_depend_on_the_order_of_keys() -> None:
    assert write_json({"b": 1, "a": {"d": 1, "c": 2}}) == write_json({"a": {"c": 2, "d": 1}, "b": 1})


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False)))
@settings(max_examples=100, deadline=None)
def test_floats_read_back_to_the_bit(numbers: list[float]) -> None:
    found = read_json(write_json(numbers), list[float], file="x.json")
    assert np.array(found).tobytes() == np.array(numbers, dtype=np.float64).tobytes()


class Strict(msgspec.Struct, forbid_unknown_fields=True):
    a: int


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b'{"a": "1"}',
        b'{"a": 1, "b": 2}',
        b'{"a": 1e999}',
        b'{"a": NaN}',
        b"\xff\xfe",
        b'{"a": "\xed\xa0\x80"}',
        b"[" * 100_000,
    ],
)
def test_a_malformed_document_is_refused_with_its_file(raw: bytes) -> None:
    with pytest.raises(BundleError) as caught:
        read_json(raw, Strict, file="blend.json")
    assert caught.value.place == {"file": "blend.json"}
