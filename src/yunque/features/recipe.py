"""A fitted recipe: the operations that turn a checked row into numbers, as data."""

from dataclasses import dataclass
from typing import Any

FORMAT = 2  # 1: every step reads one column; 2: some read two, and there are steps for texts and answers
READABLE = (1, 2)


@dataclass(frozen=True, kw_only=True)
class Output:
    """One column of the matrix that a recipe makes.

    Attributes:
        name: unique within the recipe, readable ("age", "date.month", "city=Oslo").
        sources: contract columns it is computed from.
        levels: for codes 0..levels-1 of a category (0 is rare or unseen, NaN missing); 0 for a number.
    """

    name: str
    sources: tuple[str, ...]
    levels: int = 0


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One fitted operation: the step's name, its input columns, and what it learnt as plain JSON values."""

    step: str
    columns: tuple[str, ...]
    learnt: dict[str, Any]
    outputs: tuple[Output, ...]


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Fitted operations in order; their outputs side by side are the matrix."""

    view: str
    operations: tuple[Operation, ...]

    @property
    def outputs(self) -> tuple[Output, ...]:
        """The columns of the matrix, in order."""
        return tuple(output for operation in self.operations for output in operation.outputs)

    @property
    def categorical(self) -> tuple[int, ...]:
        """Positions in the matrix that hold codes of categories."""
        return tuple(i for i, output in enumerate(self.outputs) if output.levels)
