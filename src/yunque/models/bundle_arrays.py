"""Named arrays in one raw file, 64-byte aligned and little-endian, so that workers share it by memory map."""

import math
import re
from collections.abc import Mapping
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from yunque.errors import BundleError
from yunque.models.manifest import ARRAYS, INDEX

FORMAT = 1
ALIGNMENT = 64
DTYPES = ("<f8", "<f4", "<i8", "<i4", "<i2", "|i1", "<u8", "<u4", "<u2", "|u1")
MAX_DIMENSIONS = 3
NAME = re.compile(r"[A-Za-z0-9_./-]{1,128}")

Array = npt.NDArray[Any]


class ArrayRecord(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One array: element type as numpy writes it, shape, and its first byte in the file."""

    name: str
    dtype: str
    shape: list[int]
    offset: int


class ArrayIndex(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`arrays.json`: the arrays in the order in which they lie in `arrays.bin`."""

    format: int
    arrays: list[ArrayRecord]


def write_arrays(arrays: Mapping[str, Array]) -> tuple[ArrayIndex, bytes]:
    """Lay arrays out one after another, each at a multiple of 64 bytes, zero bytes between them."""
    records: list[ArrayRecord] = []
    parts: list[bytes] = []
    end = 0
    for name, array in arrays.items():
        flat = np.ascontiguousarray(array)
        flat = flat.astype(flat.dtype.newbyteorder("<"), copy=False).reshape(array.shape)
        if flat.dtype.str not in DTYPES or flat.ndim > MAX_DIMENSIONS or not NAME.fullmatch(name):
            raise BundleError(f"The array {name!r} of type {flat.dtype} cannot be packed.")
        offset = _aligned(end)
        parts += [bytes(offset - end), flat.tobytes()]
        records.append(ArrayRecord(name=name, dtype=flat.dtype.str, shape=list(flat.shape), offset=offset))
        end = offset + flat.nbytes
    return ArrayIndex(format=FORMAT, arrays=records), b"".join(parts)


def read_arrays(index: ArrayIndex, memory: memoryview) -> dict[str, Array]:
    """Give read-only views into `memory`, which is `arrays.bin` whole.

    Only the one layout that `write_arrays` makes is accepted, so nothing overlaps or lies outside.

    Raises:
        BundleError: unknown format or element type, repeated name, absurd shape, or an offset that differs.
    """
    if index.format != FORMAT:
        raise _refuse(INDEX, f"The array index has format {index.format}; this release reads {FORMAT}.")
    arrays: dict[str, Array] = {}
    end = 0
    for record in index.arrays:
        _check_record(record, taken=record.name in arrays)
        count = math.prod(record.shape)
        size = count * np.dtype(record.dtype).itemsize
        if record.offset != _aligned(end) or record.offset + size > len(memory):
            raise _refuse(INDEX, f"The array {record.name!r} does not lie where it should.")
        view = np.frombuffer(memory[record.offset : record.offset + size], dtype=record.dtype)
        view.flags.writeable = False
        arrays[record.name] = view.reshape(record.shape)
        end = record.offset + size
    if end != len(memory):
        raise _refuse(ARRAYS, f"{len(memory) - end} bytes belong to no array.")
    return arrays


def _check_record(record: ArrayRecord, *, taken: bool) -> None:
    if taken or not NAME.fullmatch(record.name):
        raise _refuse(
            INDEX, f"The array name {record.name[:40]!r} is repeated or has other signs than allowed."
        )
    if record.dtype not in DTYPES:
        raise _refuse(INDEX, f"The array {record.name!r} has the unknown element type {record.dtype[:20]!r}.")
    if len(record.shape) > MAX_DIMENSIONS or any(length < 0 for length in record.shape):
        raise _refuse(INDEX, f"The array {record.name!r} has an impossible shape.")


def _aligned(offset: int) -> int:
    return -(-offset // ALIGNMENT) * ALIGNMENT


def _refuse(file: str, message: str) -> BundleError:
    return BundleError(
        message, hint="The bundle is corrupt or was altered; fetch it again.", place={"file": file}
    )
