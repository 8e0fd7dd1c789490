"""Answers worked out beforehand: what a run of questions leaves over in all trees of a forest, as a line.

Of a column's questions by rising threshold, those answered "right" are a run from the first on. Every 64th or
so has a line that holds what the run so far leaves over, so that a row needs one vector "and" and the rest of
the run. A code of a column of categories has a line of its own, and so has a missing value. See
`forest_masks`, where rows are scored; "and" has no order, so the bits are those of asking one by one.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from yunque.kernel.small_trees import SmallTrees

MOST_BYTES = 1 << 24  # of all lines
SHORTEST_RUN, LONGEST_RUN = 6, 12  # questions between two lines, as powers of two
FIRST, RUN, MISSING, CODES, FIRST_CODE = range(5)  # what is known of each column, in `Lines.columns`

Masks = npt.NDArray[Any]


@njit(inline="always")
def strike_line(lines, number, left) -> None:  # type: ignore[no-untyped-def]
    """Strike out in all trees what a line does not leave over; the line 0 leaves everything."""
    if number:
        at = (number - np.uint64(1)) * np.uint64(left.size)
        for t in range(np.uint64(left.size)):
            left[t] &= lines[at + t]


@dataclass(frozen=True, kw_only=True, eq=False)
class Lines:
    """The lines of a forest.

    Attributes:
        columns: (5, F) the line of the first run; how long a run is, as a power of two; the line of a missing
            value; codes it knows; the line of the first code, after the last known stand one for a code
            in no set and one for missing. A line is its number, 0 is none.
        lines: (L, T) masks, one after another.
    """

    columns: npt.NDArray[np.uint64]
    lines: Masks


class _Writer:
    """Collects lines of T masks."""

    def __init__(self, trees: SmallTrees, kept: Masks) -> None:
        self._trees = trees
        self._kept = kept
        self._n_trees = trees.leaf_start.size - 1
        self.parts: list[Masks] = []
        self.count = 0

    def fits(self, more: int) -> bool:
        """Whether further lines are allowed."""
        return (self.count + more) * self._n_trees * self._kept.itemsize <= MOST_BYTES

    def runs(self, entries: npt.NDArray[np.int64], length: int) -> int:
        """Write a line after each whole run; give the number of the first."""
        line = np.full(self._n_trees, ~self._kept.dtype.type(0))
        rows = []
        for start in range(0, entries.size - length + 1, length):
            run = entries[start : start + length]
            np.bitwise_and.at(line, self._trees.tree[run], self._kept[run])
            rows.append(line.copy())
        return self._add(rows)

    def codes(self, entries: npt.NDArray[np.int64], right: npt.NDArray[np.bool_]) -> int:
        """Write a line for each code; give the number of the first."""
        rows = np.full((right.shape[0], self._n_trees), ~self._kept.dtype.type(0))
        for line, of_code in zip(rows, right, strict=True):
            answered = entries[of_code]
            np.bitwise_and.at(line, self._trees.tree[answered], self._kept[answered])
        return self._add(list(rows))

    def _add(self, rows: list[Masks]) -> int:
        first = self.count + 1 if rows else 0
        self.parts += rows
        self.count += len(rows)
        return first


def build_lines(trees: SmallTrees, kept: Masks, n_features: int, most_codes: int) -> Lines | None:
    """Work out the lines of a forest; None when there is no room for those of missing values.

    Args:
        trees: its nodes.
        kept: of each inner node the leaves that it leaves over, in the type of the lines.
        n_features: columns.
        most_codes: columns that know more codes have no lines of codes.
    """
    writer = _Writer(trees, kept)
    columns = np.zeros((5, n_features), np.int64)
    run = int(np.clip(np.log2(max(trees.leaf_start.size / 5, 1)), SHORTEST_RUN, LONGEST_RUN))
    columns[RUN] = run
    order = np.lexsort((trees.threshold, trees.feature))
    for feature in np.unique(trees.feature):
        of_column = order[trees.feature[order] == feature]
        numeric = of_column[~trees.categorical[of_column]]
        if writer.fits(numeric.size >> run):
            columns[FIRST, feature] = writer.runs(numeric, 1 << run)
        else:
            columns[RUN, feature] = 63  # no run is that long
        missing = numeric[~trees.default_left[numeric]]
        if missing.size:
            if not writer.fits(1):
                return None
            columns[MISSING, feature] = writer.runs(missing, missing.size)
        nodes = np.sort(of_column[trees.categorical[of_column]])
        if nodes.size:
            right = trees.right_by_code(nodes)
            if right.shape[0] - 2 <= most_codes and writer.fits(right.shape[0]):
                columns[CODES, feature] = right.shape[0] - 2
                columns[FIRST_CODE, feature] = writer.codes(nodes, right)
    lines = np.concatenate(writer.parts) if writer.parts else np.zeros(0, kept.dtype)
    return Lines(columns=columns.astype(np.uint64), lines=lines)
