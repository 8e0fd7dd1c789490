"""Strict reading of what an operation learnt, because a recipe may come from a stranger's file."""

import math
from base64 import b64decode, b64encode
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from yunque.errors import BundleError

MAX_TEXT = 100_000  # characters of one column name or level
MAX_LEVELS = 20_000


def is_text(value: object) -> bool:
    """Tell whether a value is text that every engine holds: of bounded size, without lone surrogates."""
    if not isinstance(value, str) or len(value) > MAX_TEXT:
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def pack(values: npt.NDArray[Any], dtype: str) -> str:
    """Give numbers as base64 of their little-endian bytes, row after row."""
    return b64encode(np.ascontiguousarray(values, dtype=dtype).tobytes()).decode()


class Learnt:
    """Reads the values of one operation and refuses whatever is absent, extra, or of another type.

    Every reader raises BundleError; `close` does so for keys that nobody read.
    """

    def __init__(self, step: str, values: Mapping[str, Any]) -> None:
        self._step = step
        self._rest = dict(values)

    def refuse(self, key: str, expected: str) -> BundleError:
        """Build the error for a bad value."""
        return BundleError(
            f"The recipe's step {self._step!r} has a bad value for {key!r}: expected {expected}.",
            hint="The bundle is damaged or was not made by Yunque; train or publish it again.",
        )

    def _take(self, key: str, expected: str) -> Any:
        if key not in self._rest:
            raise self.refuse(key, expected)
        return self._rest.pop(key)

    def number(self, key: str, *, low: float = -math.inf, high: float = math.inf) -> float:
        """Read a finite float within bounds."""
        expected = "a finite float" if low == -math.inf else f"a finite float from {low} to {high}"
        value = self._take(key, expected)
        if type(value) is not float or not math.isfinite(value) or not low <= value <= high:
            raise self.refuse(key, expected)
        return value

    def whole(self, key: str, *, low: int, high: int) -> int:
        """Read an integer within bounds."""
        expected = f"an integer from {low} to {high}"
        value = self._take(key, expected)
        if type(value) is not int or not low <= value <= high:
            raise self.refuse(key, expected)
        return value

    def flag(self, key: str) -> bool:
        """Read true or false."""
        value = self._take(key, "true or false")
        if type(value) is not bool:
            raise self.refuse(key, "true or false")
        return value

    def word(self, key: str, among: tuple[str, ...]) -> str:
        """Read one of a closed set of words."""
        expected = f"one of {', '.join(among)}"
        value = self._take(key, expected)
        if not isinstance(value, str) or value not in among:
            raise self.refuse(key, expected)
        return value

    def words(self, key: str, among: tuple[str, ...]) -> tuple[str, ...]:
        """Read at least one of a closed set of words, each at most once."""
        expected = f"some of {', '.join(among)}"
        values = self._list(key, expected, most=len(among))
        if not values or any(not isinstance(v, str) or v not in among for v in values):
            raise self.refuse(key, expected)
        return self._distinct(key, values)

    def levels(self, key: str, *, most: int = MAX_LEVELS) -> tuple[str, ...]:
        """Read distinct texts, possibly none."""
        values = self._list(key, f"at most {most} distinct texts", most=most)
        if not all(is_text(value) for value in values):
            raise self.refuse(key, f"at most {most} distinct texts")
        return self._distinct(key, values)

    def places(self, key: str, *, most: int) -> tuple[int, ...]:
        """Read at most `most` whole numbers from 0 on, ascending."""
        expected = f"at most {most} whole numbers, ascending"
        values = self._list(key, expected, most=most)
        if any(type(v) is not int or not 0 <= v < 1 << 31 for v in values):
            raise self.refuse(key, expected)
        if any(later <= earlier for earlier, later in pairwise(values)):
            raise self.refuse(key, expected)
        return tuple(values)

    def numbers(self, key: str, *, count: int, low: float, high: float) -> tuple[float, ...]:
        """Read exactly `count` finite floats within bounds."""
        expected = f"{count} floats from {low} to {high}"
        values = self._list(key, expected, most=count)
        bad = any(type(v) is not float or not low <= v <= high for v in values)  # NaN fails the comparison
        if len(values) != count or bad:
            raise self.refuse(key, expected)
        return tuple(values)

    def packed(self, key: str, dtype: str, *, most: int) -> npt.NDArray[Any]:
        """Read a list of at most `most` numbers of one type, which `pack` wrote as base64."""
        expected = f"at most {most} numbers of type {dtype} in base64"
        value = self._take(key, expected)
        size = np.dtype(dtype).itemsize
        if not isinstance(value, str) or len(value) > 4 * (most * size // 3 + 1):
            raise self.refuse(key, expected)
        try:
            raw = b64decode(value.encode("ascii"), validate=True)
        except (ValueError, UnicodeEncodeError):
            raise self.refuse(key, expected) from None
        if len(raw) % size or len(raw) > most * size or b64encode(raw).decode() != value:
            raise self.refuse(key, expected)
        found = np.frombuffer(raw, dtype)
        if found.dtype.kind == "f" and not np.isfinite(found).all():
            raise self.refuse(key, "finite numbers")
        return found

    def close(self) -> None:
        """Refuse keys that nobody read."""
        for key in self._rest:
            raise self.refuse(str(key)[:100], "no such key")

    def _list(self, key: str, expected: str, *, most: int) -> list[Any]:
        values = self._take(key, expected)
        if type(values) is not list or len(values) > most:
            raise self.refuse(key, expected)
        return values

    def _distinct(self, key: str, values: list[Any]) -> tuple[str, ...]:
        if len(set(values)) < len(values):
            raise self.refuse(key, "distinct texts")
        return tuple(values)
