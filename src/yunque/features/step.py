"""What a step is: one kind of operation in its four forms: fitted, checked, over many rows, over one row."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from yunque.data.schema import Column, Kind
from yunque.features.recipe import Operation, Output


@dataclass(frozen=True, kw_only=True)
class FitColumns:
    """What a step may see when it is fitted: the training rows of its columns, and nothing else.

    Attributes:
        columns: the contract's columns.
        series: their training values, typed by kind, in the same order and of the same length.
        options: what the plan asks of the step.
        y: class positions or values of the same rows, for steps that use the target.
        seed: seeds every random choice.
    """

    columns: tuple[Column, ...]
    series: tuple[pl.Series, ...]
    options: Mapping[str, Any] = field(default_factory=dict)
    y: npt.NDArray[Any] | None = None
    seed: int = 0

    def option(self, name: str, default: int) -> int:
        """Give a whole-number option of the plan."""
        return int(self.options.get(name, default))


class RowScope:
    """The names that one-row source may use: values, bound constants and locals; never text from a recipe."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables
        self._locals = 0
        self.constants: list[Any] = []

    def value(self, column: str) -> str:
        """Name the variable that holds a column's typed value, or None where it is missing."""
        return self._variables[column]

    def constant(self, value: Any) -> str:
        """Bind a constant by its position and give its name."""
        self.constants.append(value)
        return f"k{len(self.constants) - 1}"

    def local(self) -> str:
        """Give a fresh name for an intermediate value."""
        self._locals += 1
        return f"t{self._locals - 1}"


@dataclass(frozen=True, kw_only=True)
class RowSource:
    """Source of one operation on one row.

    Attributes:
        lines: statements, run in order.
        cells: expressions of its outputs, in order; one that starts with "*" unpacks several.
    """

    lines: tuple[str, ...] = ()
    cells: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Step:
    """One kind of operation; a file in `features/steps` ends with STEP = Step(...).

    The two compiled forms give equal bits on every value. So they use only what IEEE 754 rounds exactly
    (+, -, *, sqrt, comparisons), tables, counts of code points, and division of one column by another;
    never a logarithm, a sine, or a division by a constant, which polars turns into a multiplication.

    Attributes:
        name: as it stands in a recipe.
        kinds: kinds of column that it reads.
        fit: training rows -> what it learnt as plain JSON values, or None when there is nothing to do.
        outputs: (columns, learnt) -> the columns it makes; BundleError when `learnt` is not what it writes.
        expressions: (operation, one source expression per column) -> one Float64 expression per output.
        row_source: the same as straight-line Python.
    """

    name: str
    kinds: frozenset[Kind]
    fit: Callable[[FitColumns], Mapping[str, Any] | None]
    outputs: Callable[[tuple[str, ...], Mapping[str, Any]], tuple[Output, ...]]
    expressions: Callable[[Operation, tuple[pl.Expr, ...]], list[pl.Expr]]
    row_source: Callable[[Operation, RowScope], RowSource]


NAN = float("nan")


def single(frame: FitColumns) -> tuple[Column, pl.Series]:
    """Give the one column of a step that reads one."""
    return frame.columns[0], frame.series[0]


def matrix(series: pl.Series) -> npt.NDArray[np.float64]:
    """Give the finite values of a numeric series as a fresh array."""
    values = series.cast(pl.Float64).drop_nulls().to_numpy()
    return np.asarray(values[np.isfinite(values)], dtype=np.float64)
