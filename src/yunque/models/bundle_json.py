"""JSON documents of a bundle: canonical bytes out, strict and bounded values in."""

import dataclasses
import datetime
import enum
import math
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import msgspec
import numpy as np

from yunque.errors import BundleError

T = TypeVar("T")


def plain(value: Any) -> Any:
    """Give `value` as what JSON can hold: numpy scalars, records, enums, dates and tuples are converted.

    A float that is not finite becomes None: JSON has no word for it.
    """
    if isinstance(value, enum.Enum):
        return plain(value.value)
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float | np.floating):
        number = float(value)
        return number if math.isfinite(number) else None
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, datetime.date):
        return value.isoformat()
    return _plain_container(value)


def _plain_container(value: Any) -> Any:
    if isinstance(value, msgspec.Struct):
        return {name: plain(getattr(value, name)) for name in value.__struct_fields__}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(plain(key)): plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, Sequence | set | frozenset):
        items = sorted(value, key=str) if isinstance(value, set | frozenset) else value
        return [plain(item) for item in items]
    raise TypeError(f"A bundle cannot hold a value of type {type(value).__name__}.")


def write_json(value: Any) -> bytes:
    """Give canonical, readable bytes: keys of mappings sorted, shortest floats that read back exactly.

    A float that is not finite becomes null.
    """
    return msgspec.json.format(one_line(value), indent=1) + b"\n"


def one_line(value: Any) -> bytes:
    """Give the same document on one line."""
    return msgspec.json.encode(value, enc_hook=plain, order="deterministic")


def read_json(raw: bytes, shape: type[T], *, file: str) -> T:
    """Read a document of a known shape.

    Raises:
        BundleError: it is not JSON, nests too deep, or has other fields or types than `shape`.
    """
    try:
        return msgspec.json.decode(raw, type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, OverflowError) as error:
        raise BundleError(
            "A document of the bundle is malformed.",
            hint="The bundle is corrupt or was altered; pack or fetch it again.",
            place={"file": file},
            details={"reason": str(error)[:300]},
        ) from error
