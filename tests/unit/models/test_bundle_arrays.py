"""Arrays in one raw file: exact round trip, one layout only."""

from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from yunque.errors import BundleError
from yunque.models.bundle_arrays import ALIGNMENT, DTYPES, ArrayIndex, ArrayRecord, read_arrays, write_arrays

SHAPES = hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=5)
ARRAYS = st.lists(
    st.sampled_from(DTYPES).flatmap(lambda dtype: hnp.arrays(np.dtype(dtype), SHAPES)), max_size=6
)


@given(ARRAYS)
@settings(max_examples=100, deadline=None)
def test_arrays_read_back_to_the_bit(arrays: list[np.ndarray[Any, Any]]) -> None:
    named = {f"{i}/x": array for i, array in enumerate(arrays)}
    index, raw = write_arrays(named)
    found = read_arrays(index, memoryview(raw))
    assert list(found) == list(named)
    for name, array in named.items():
        assert found[name].dtype == array.dtype and found[name].shape == array.shape
        assert found[name].tobytes() == array.tobytes()
        assert not found[name].flags.writeable
    assert all(record.offset % ALIGNMENT == 0 for record in index.arrays)


def test_big_endian_and_strided_arrays_are_stored_plainly() -> None:
    array = np.arange(12, dtype=">f8").reshape(3, 4)[:, ::2]
    index, raw = write_arrays({"x": array})
    assert index.arrays[0].dtype == "<f8"
    assert np.array_equal(read_arrays(index, memoryview(raw))["x"], array)


@pytest.mark.parametrize(
    "array", [np.array(["a"]), np.array([True]), np.array([object()]), np.zeros((1, 1, 1, 1))]
)
def test_what_cannot_be_packed_is_refused(array: np.ndarray[Any, Any]) -> None:
    with pytest.raises(BundleError):
        write_arrays({"x": array})


def record(**changes: Any) -> ArrayRecord:
    return msgspec.structs.replace(ArrayRecord(name="x", dtype="<f8", shape=[2], offset=0), **changes)


@pytest.mark.parametrize(
    "records",
    [
        [record(offset=8)],
        [record(offset=-64)],
        [record(offset=2**62)],
        [record(shape=[3])],
        [record(shape=[1])],
        [record(shape=[-2])],
        [record(shape=[2**62, 2**62])],
        [record(shape=[-1, -2])],
        [record(shape=[1, 1, 1, 2])],
        [record(dtype="|O8")],
        [record(dtype="<U2")],
        [record(dtype="float64")],
        [record(dtype="")],
        [record(name="")],
        [record(name="../x")] * 2,
        [record(), record()],
        [record(), record(name="y")],
        [],
    ],
)
def test_any_other_layout_is_refused(records: list[ArrayRecord]) -> None:
    with pytest.raises(BundleError):
        read_arrays(ArrayIndex(format=1, arrays=records), memoryview(bytes(16)))


def test_an_unknown_format_is_refused() -> None:
    with pytest.raises(BundleError, match="format 2"):
        read_arrays(ArrayIndex(format=2, arrays=[]), memoryview(b""))
