"""Take facts and arrays that came from a file only after their type, shape and range were checked."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, get_args

import numpy as np
import numpy.typing as npt

from yunque.errors import BundleError
from yunque.kernel.form import FloatArray, Link

MAX_FEATURES = 1_000_000
MAX_OUTPUTS = 100_000
LARGEST = 1e300  # room for sums and products of finite numbers to stay finite


def require(holds: bool | np.bool_, problem: str) -> None:
    """Refuse the bundle when something does not hold.

    Raises:
        BundleError: it does not hold.
    """
    if not holds:
        raise BundleError(
            f"The model's arrays are not usable: {problem}.",
            hint="Pack the model again from its training run.",
        )


def require_within(positions: npt.NDArray[Any], count: int, what: str) -> None:
    """Refuse numbers that are not whole, or not 0 to `count` - 1.

    Raises:
        BundleError: one points out of bounds.
    """
    inside = (positions >= 0) & (positions < count) & (positions == np.floor(positions))
    require(bool(inside.all()), f"{what} points out of bounds")


def require_columns(x: FloatArray, n_features: int) -> None:
    """Refuse a matrix of another width, which the compiled code would read out of bounds.

    Raises:
        ValueError: the matrix has more or fewer columns.
    """
    if x.shape[1] != n_features:
        raise ValueError(f"The model reads {n_features} columns, the matrix has {x.shape[1]}.")


@dataclass(frozen=True, kw_only=True)
class Unchecked:
    """Facts and arrays as a file gave them; every read checks."""

    facts: Mapping[str, Any]
    arrays: Mapping[str, npt.NDArray[Any]]

    def count(self, name: str, most: int, least: int = 1) -> int:
        """Read a whole number between `least` and `most`."""
        value = self.facts.get(name)
        require(type(value) is int and least <= value <= most, f"{name} must be {least} to {most}")
        return int(value)  # type: ignore[arg-type]

    def number(self, name: str) -> float:
        """Read a finite number."""
        value = self.facts.get(name)
        require(type(value) in (int, float), f"{name} must be a number")
        require(abs(value) < LARGEST, f"{name} must be finite")  # type: ignore[arg-type]
        return float(value)  # type: ignore[arg-type]

    def choice(self, name: str, among: tuple[str, ...]) -> str:
        """Read one of a closed set of words."""
        value = self.facts.get(name)
        require(isinstance(value, str) and value in among, f"{name} must be one of {', '.join(among)}")
        return str(value)

    def link(self, n_raw: int) -> Link:
        """Read a link that fits the number of raw scores."""
        link = self.choice("link", get_args(Link))
        single = link in ("sigmoid", "complement", "exp", "expm1")
        require(n_raw == 1 if single else True, f"link {link} needs one raw score, not {n_raw}")
        require(n_raw >= 2 if link == "softmax" else True, "link softmax needs two raw scores or more")
        return link  # type: ignore[return-value]

    def array(self, name: str, dtype: str, shape: tuple[int | None, ...]) -> npt.NDArray[Any]:
        """Read an array of that exact dtype and shape (None: any length), C-ordered and native."""
        array = self.arrays.get(name)
        require(isinstance(array, np.ndarray), f"array {name} is missing")
        assert array is not None  # noqa: S101 - for the type checker; `require` has raised already
        require(array.dtype == np.dtype(dtype), f"array {name} must hold {dtype}, not {array.dtype}")
        fits = array.ndim == len(shape) and all(
            wanted in (None, length) for wanted, length in zip(shape, array.shape, strict=True)
        )
        require(fits, f"array {name} has shape {array.shape}, expected {shape}")
        return np.ascontiguousarray(array)

    def numbers(self, name: str, shape: tuple[int | None, ...]) -> npt.NDArray[np.float64]:
        """Read float64 numbers that are finite and leave room for sums."""
        array = self.array(name, "<f8", shape)
        require(not array.size or float(np.abs(array).max()) < LARGEST, f"array {name} must be finite")
        return array

    def optional(self, name: str, dtype: str, length: int) -> npt.NDArray[Any]:
        """Read an array of finite numbers of that length; empty, or absent in old files: not known."""
        if name not in self.arrays:
            return np.zeros(0, dtype)
        array = self.array(name, dtype, (None,))
        require(array.size in (0, length), f"array {name} must have {length} entries or none")
        require(bool(np.isfinite(array).all()), f"array {name} must be finite")
        require(not array.size or float(np.abs(array).max()) < LARGEST, f"array {name} is too large")
        return array

    def cover(self, n_leaves: int) -> npt.NDArray[Any]:
        """Read `leaf_cover`: the weight of training rows in each leaf, or nothing where it is not known."""
        cover = self.optional("leaf_cover", "<f4", n_leaves)
        require(bool((cover >= 0.0).all()), "a leaf has a negative weight")
        return cover

    def offsets(self, name: str, n_parts: int | None, total: int) -> npt.NDArray[np.int64]:
        """Read where parts start: 0, never falling, ending at `total`."""
        array = self.array(name, "<i8", (None if n_parts is None else n_parts + 1,))
        require(
            array.size >= 1 and array[0] == 0 and array[-1] == total, f"{name} must run from 0 to {total}"
        )
        require(bool((array[1:] >= array[:-1]).all()), f"{name} must not fall")
        return array
