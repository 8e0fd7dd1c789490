"""How much memory one fit is expected to need at its peak, by algorithm: rows x columns x scores.

The numbers are measured by `benchmarks/fit_memory.py`, which prints every estimate beside what a fit of that
size really took. They are rounded up: an estimate that is too low costs the run, one that is too high a
candidate.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from yunque.learning.fit_size import FitSize

MIB = 2**20
ENCODED_CELL = 8  # bytes of one number of an encoded matrix
# Encoding holds the drawn rows of the table and a column or two beside the matrix it fills.
ENCODING_CELL = 14


@dataclass(frozen=True, kw_only=True)
class Need:
    """Bytes that a fit holds beyond the encoded rows.

    Attributes:
        cell: per row and column; copies of the matrix and binned tables.
        score: per row and raw score; gradients, predictions, leaves of deep trees.
        column: per column; histograms.
        fixed: whatever the size.
        most_rows: rows beyond these are not learnt from; 0 when all are.
    """

    cell: float
    score: float
    column: float = 0.0
    fixed: int = 30 * MIB
    most_rows: int = 0


NEEDS: Mapping[str, Need] = {
    "constant": Need(cell=0.0, score=16.0, fixed=1 * MIB),
    "lightgbm": Need(cell=9.0, score=40.0, column=300_000.0),
    "catboost": Need(cell=18.0, score=150.0, column=20_000.0),
    "xgboost": Need(cell=22.0, score=60.0, column=300_000.0),
    "extra_trees": Need(cell=14.0, score=600.0),
    "random_forest": Need(cell=14.0, score=600.0),
    "linear": Need(cell=40.0, score=60.0),
    "logistic_regression": Need(cell=40.0, score=100.0),
}
UNKNOWN = Need(cell=48.0, score=600.0, column=100_000.0, fixed=100 * MIB)


def fit_bytes(algorithm: str, size: FitSize) -> int:
    """Give the bytes that one fit of an algorithm needs at its peak, beyond the encoded rows of its fold."""
    need = NEEDS.get(algorithm, UNKNOWN)
    rows = min(size.rows, need.most_rows) if need.most_rows else size.rows
    cells = need.cell * rows * size.columns
    return round(need.fixed + cells + need.score * rows * size.scores + need.column * size.columns)


def encoding_bytes(cells: int) -> int:
    """Give the bytes that encoding so many cells takes at its peak, the matrix that stays included."""
    return ENCODING_CELL * cells
