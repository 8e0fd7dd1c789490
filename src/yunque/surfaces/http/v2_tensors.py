"""Tensors of the Open Inference Protocol: their types, and their data as JSON or as bytes after the JSON."""

import math
from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np

from yunque.surfaces.http.problem import FieldError, Problem, ProblemError

# https://github.com/kserve/open-inference-protocol, "Tensor Data Types".
TYPES: dict[str, str] = {
    "BOOL": "|b1", "UINT8": "|u1", "UINT16": "<u2", "UINT32": "<u4", "UINT64": "<u8",
    "INT8": "|i1", "INT16": "<i2", "INT32": "<i4", "INT64": "<i8",
    "FP16": "<f2", "FP32": "<f4", "FP64": "<f8",
}  # fmt: skip
BYTES = "BYTES"


class Tensor(msgspec.Struct, kw_only=True):
    """One input as a request holds it."""

    name: str
    shape: list[int]
    datatype: str
    parameters: dict[str, Any] = {}
    data: Any = None


def values_of(tensor: Tensor, position: int, raw: memoryview | None) -> list[Any]:
    """Give the tensor's values in row-major order.

    Args:
        tensor: as the request holds it.
        position: its place among the inputs, for errors.
        raw: its bytes, when it was sent in binary.

    Raises:
        ProblemError: type, shape and data do not go together.
    """
    if tensor.datatype not in TYPES and tensor.datatype != BYTES:
        known = ", ".join([*TYPES, BYTES])
        raise wrong(position, "datatype", f"The datatype {tensor.datatype[:20]!r} is none of {known}.")
    if not 1 <= len(tensor.shape) <= 2 or any(size < 0 for size in tensor.shape):
        raise wrong(position, "shape", "A tensor has one or two dimensions here: rows, or rows and columns.")
    size = math.prod(tensor.shape)
    if raw is None:
        values = _flat(tensor.data) if isinstance(tensor.data, list) else []
    else:
        values = _texts(raw, position) if tensor.datatype == BYTES else _numbers(tensor, raw, size, position)
    if len(values) != size:
        raise wrong(position, "data", f"The shape asks for {size} values; {len(values)} were sent.")
    return values


def _flat(data: list[Any]) -> list[Any]:
    """Undo nesting by rows, one level deep."""
    if data and isinstance(data[0], list):
        return [value for row in data for value in (row if isinstance(row, list) else [row])]
    return data


def _numbers(tensor: Tensor, raw: memoryview, size: int, position: int) -> list[Any]:
    kind = np.dtype(TYPES[tensor.datatype])
    if len(raw) != size * kind.itemsize:
        raise wrong(position, "data", f"The shape asks for {size * kind.itemsize} bytes; {len(raw)} came.")
    values: list[Any] = np.frombuffer(raw, kind).tolist()
    return values


def _texts(raw: memoryview, position: int) -> list[str]:
    """Read texts that each follow their length, four bytes with the lowest first."""
    texts, at = [], 0
    while at + 4 <= len(raw):
        end = at + 4 + int.from_bytes(raw[at : at + 4], "little")
        if end > len(raw):
            break
        try:
            texts.append(bytes(raw[at + 4 : end]).decode("utf-8"))
        except UnicodeDecodeError as error:
            raise wrong(position, "data", "A text is not UTF-8.") from error
        at = end
    if at != len(raw):
        raise wrong(position, "data", "The texts do not end where their lengths say.")
    return texts


def write_json(values: np.ndarray[Any, Any] | Sequence[Any]) -> list[Any]:
    """Give an output's data in row-major order."""
    return values.ravel().tolist() if isinstance(values, np.ndarray) else list(values)


def write_binary(values: np.ndarray[Any, Any] | Sequence[Any], datatype: str) -> bytes:
    """Give an output's data as bytes."""
    if datatype == BYTES:
        texts = [str(value).encode() for value in values]
        return b"".join(len(text).to_bytes(4, "little") + text for text in texts)
    return np.ascontiguousarray(values, TYPES[datatype]).tobytes()


def wrong(position: int, part: str, detail: str) -> ProblemError:
    """Build the refusal of an input."""
    error = FieldError(pointer=f"/inputs/{position}/{part}", code="tensor", detail=detail)
    return ProblemError(Problem(status=422, code="contract", detail=detail, errors=(error,)))
