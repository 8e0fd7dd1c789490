"""Whether a fit may start, as far as memory goes: what runs already and what it needs must fit together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from yunque.learning.algorithm import View
from yunque.learning.candidate import Candidate
from yunque.learning.fit_memory import encoding_bytes, fit_bytes
from yunque.learning.fit_size import FitSize
from yunque.learning.fold_data import ALL_ROWS, MOST_CELLS, MOST_CELLS_KEPT, FoldData
from yunque.learning.fold_fit import FitJob
from yunque.learning.memory_limit import MemoryLimit, in_words
from yunque.learning.splits import Split

OUTSIDE_SHARE = 0.4  # a fit that needs more of what is left runs in a process of its own
HALTED_AT = 1.05  # times the limit, at which the largest running fit is stopped
# Shares of what is left that one encoded matrix, and all that are kept, may take.
MATRIX_SHARES: Mapping[View, float] = {"tree": 0.25, "linear": 0.08}
KEPT_SHARE = 0.35
CELL_BYTES = 8


@dataclass(frozen=True, kw_only=True)
class Cells:
    """How many numbers matrices may hold: one of each view, and all that are kept."""

    most: Mapping[View, int]
    kept: int


def cells_within(limit: MemoryLimit | None) -> Cells:
    """Give the sizes of matrices that a limit allows; the usual ones without a limit."""
    if limit is None:
        return Cells(most=MOST_CELLS, kept=MOST_CELLS_KEPT)
    left = max(0, limit.left()) / CELL_BYTES
    return Cells(
        most={view: min(most, int(MATRIX_SHARES[view] * left)) for view, most in MOST_CELLS.items()},
        kept=min(MOST_CELLS_KEPT, int(KEPT_SHARE * left)),
    )


def bytes_needed(candidate: Candidate, fold: int, split: Split, data: FoldData, scores: int) -> int:
    """Give the bytes that one fit should take at its peak, its encoding included unless it is there.

    Args:
        candidate: what is fitted.
        fold: on which fold, or ALL_ROWS.
        split: the rows.
        data: the matrices.
        scores: raw scores per row.
    """
    view = candidate.algorithm.view
    train = len(split.training) if fold == ALL_ROWS else len(split.folds[fold].train)
    valid = 0 if fold == ALL_ROWS else len(split.folds[fold].valid)
    rows, columns = min(train, data.most_rows(view)), data.columns(view)
    learnt = min(rows, candidate.most_rows) if candidate.most_rows else rows
    needed = fit_bytes(candidate.algorithm.name, FitSize(rows=learnt, columns=columns, scores=scores))
    return needed if data.holds(view, fold) else needed + encoding_bytes((rows + valid) * columns)


def committed(limit: MemoryLimit, running: Sequence[FitJob]) -> int:
    """Give the bytes that are held, or will be when the running fits have come to their peaks."""
    used = limit.used()
    if not running:
        return used
    outside = sum(job.needs for job in running if job.is_outside)
    return max(used + outside, min(job.held for job in running) + sum(job.needs for job in running))


def too_large(limit: MemoryLimit, needed: int) -> str:
    """Say why a fit is not started."""
    left = max(0, limit.left())
    return (
        f"it would need about {in_words(needed)} of memory; {in_words(left)} of "
        f"{in_words(limit.limit_bytes)} are left"
    )


def over_limit(limit: MemoryLimit | None, running: Sequence[FitJob]) -> FitJob | None:
    """Give the running fit to stop because the process holds too much; None when it does not."""
    inside = [job for job in running if not job.is_outside]
    if limit is None or not inside or limit.used() <= HALTED_AT * limit.limit_bytes:
        return None
    return max(inside, key=lambda job: (job.needs, job.name))
