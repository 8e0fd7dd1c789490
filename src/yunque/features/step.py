"""What a step is: one kind of operation in its four forms: fitted, checked, over many rows, over one row."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from yunque.data.schema import Column, Kind
from yunque.features.recipe import Operation, Output


@dataclass(frozen=True, kw_only=True)
class Answers:
    """The answers of training rows, for steps that learn from them.

    Attributes:
        y: (n,) class positions, or values.
        classes: number of classes; 0 for values.
        part: (n,) int64 inner parts, or None; what a row is told about answers comes from other parts.
        block: (n,) int64 blocks in time, or None; what a row is told comes from earlier blocks.
    """

    y: npt.NDArray[Any]
    classes: int
    part: npt.NDArray[np.int64] | None
    block: npt.NDArray[np.int64] | None = None

    def tellers(self) -> Iterator[tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]]:
        """Give (rows, mask of the rows that they may be told about), each row once."""
        nowhere = np.zeros(len(self.y), np.int64)
        part = nowhere if self.part is None else self.part
        block = nowhere if self.block is None else self.block
        for here, now in sorted(set(zip(part.tolist(), block.tolist(), strict=True))):
            others = np.ones(len(self.y), np.bool_)
            if self.part is not None:
                others &= part != here
            if self.block is not None:
                others &= block < now
            yield np.flatnonzero((part == here) & (block == now)), others


@dataclass(frozen=True, kw_only=True)
class FitColumns:
    """What a step may see when it is fitted: the training rows of its columns, and nothing else.

    Attributes:
        columns: the contract's columns.
        series: their training values, typed by kind, in the same order and of the same length.
        options: what the plan asks of the step.
        answers: of the same rows, for steps that use the target.
        seed: seeds every random choice.
    """

    columns: tuple[Column, ...]
    series: tuple[pl.Series, ...]
    options: Mapping[str, Any] = field(default_factory=dict)
    answers: Answers | None = None
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
    never a logarithm, a sine, or a division by a constant, which polars turns into a multiplication. A step
    whose work is no expression gives `block` instead: its own function, called by both forms.

    Attributes:
        name: as it stands in a recipe.
        kinds: kinds of its first column.
        fit: training rows -> what it learnt as plain JSON values, or None when there is nothing to do.
        outputs: (columns, learnt) -> the columns it makes; BundleError when `learnt` is not what it writes.
        expressions: (operation, one source expression per column) -> one Float64 expression per output.
        row_source: the same as straight-line Python.
        second: kinds of its second column; None for a step that reads one.
        block: in place of expressions: (operation, one series per column) -> (n, outputs).
        own_rows: (training rows, what was learnt) -> (n, outputs) for the very rows it learnt from, where
            these must not be told their own answers; None where `expressions` serve them as well.
        is_shared: whether every view learns the same of its columns, so that it is fitted once, and computed
            for a row once; its row source then gives names as cells.
        formula: (columns, learnt) -> one line per output that says how it is computed; None for a step whose
            outputs' names say it.
    """

    name: str
    kinds: frozenset[Kind]
    fit: Callable[[FitColumns], Mapping[str, Any] | None]
    outputs: Callable[[tuple[str, ...], Mapping[str, Any]], tuple[Output, ...]]
    expressions: Callable[[Operation, tuple[pl.Expr, ...]], list[pl.Expr]] | None = None
    row_source: Callable[[Operation, RowScope], RowSource]
    second: frozenset[Kind] | None = None
    block: Callable[[Operation, tuple[pl.Series, ...]], npt.NDArray[np.float64]] | None = None
    own_rows: Callable[[FitColumns, Mapping[str, Any]], npt.NDArray[np.float64]] | None = None
    is_shared: bool = False
    formula: Callable[[tuple[str, ...], Mapping[str, Any]], tuple[str, ...]] | None = None

    def reads(self, kinds: Sequence[Kind | None]) -> bool:
        """Tell whether it can read columns of these kinds."""
        wanted = (self.kinds,) if self.second is None else (self.kinds, self.second)
        return len(kinds) == len(wanted) and all(
            kind in able for kind, able in zip(kinds, wanted, strict=True)
        )


NAN = float("nan")


def single(frame: FitColumns) -> tuple[Column, pl.Series]:
    """Give the one column of a step that reads one."""
    return frame.columns[0], frame.series[0]


def matrix(series: pl.Series) -> npt.NDArray[np.float64]:
    """Give the finite values of a numeric series as a fresh array."""
    values = series.cast(pl.Float64).drop_nulls().to_numpy()
    return np.asarray(values[np.isfinite(values)], dtype=np.float64)
