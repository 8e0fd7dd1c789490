"""One candidate tried: fitted on the training rows and on halves of them, and its answers to the judges."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from yunque.errors import TrainingError, YunqueError
from yunque.kernel.form import FloatArray, Form
from yunque.kernel.link import apply_link
from yunque.learning.algorithm import FitRequest, Fitted, Matrix
from yunque.learning.candidate import Candidate, fit_seed
from yunque.learning.fold_fit import row_microseconds
from yunque.learning.leaderboard import State
from yunque.learning.task import Task

HALVES = 3  # refits, each on a random half of the rows and from another seed
FEWEST_OF_HALF = 4
FINAL = -1  # the "fold" of the fit on all rows
TROUBLES = (YunqueError, ValueError, TypeError, ArithmeticError, MemoryError, RuntimeError)


@dataclass(frozen=True, kw_only=True)
class Trial:
    """A candidate and what came of it.

    Attributes:
        candidate: what was fitted.
        state, reason: as on the leaderboard.
        form: the fit on the training rows; None when it failed.
        outputs: (m, n_outputs) of that fit on the judging rows.
        halves: the same of each refit on half of the rows.
        fit_seconds: of all fits.
        microseconds: one row.
        rounds: trees, where it has any.
    """

    candidate: Candidate
    state: State = "done"
    reason: str = ""
    form: Form | None = None
    outputs: FloatArray = field(default_factory=lambda: np.empty((0, 1)))
    halves: tuple[FloatArray, ...] = ()
    fit_seconds: float = 0.0
    microseconds: float | None = None
    rounds: int = 0

    @property
    def name(self) -> str:
        """Name of the candidate."""
        return self.candidate.name


def fit(candidate: Candidate, task: Task, train: Matrix, seed: int, fold: int) -> tuple[Fitted, Form]:
    """Fit a candidate once.

    Raises:
        TrainingError: it gives numbers that are none.
    """
    request = FitRequest(
        task=task, train=train, params=candidate.params, seed=fit_seed(seed, candidate.name, fold)
    )
    fitted = candidate.algorithm.fit(request)
    return fitted, candidate.algorithm.flatten(fitted, request)


def answers(form: Form, x: FloatArray) -> FloatArray:
    """Give a form's answers.

    Raises:
        TrainingError: some are not finite.
    """
    found = apply_link(form.link, form.raw(x))
    if not np.isfinite(found).all():
        raise TrainingError(f"{int((~np.isfinite(found)).sum())} answers are not finite.")
    return found


def attempt(
    candidate: Candidate, task: Task, rows: tuple[Matrix, FloatArray], seed: int, clock: Callable[[], float]
) -> Trial:
    """Fit a candidate on all training rows and on halves of them; what it raises becomes its reason.

    Args:
        candidate: what to fit.
        task: the question.
        rows: the training rows, and the judging rows as a matrix.
        seed: of the run.
        clock: monotonic seconds.
    """
    train, judging = rows
    started = clock()
    try:
        fitted, form = fit(candidate, task, train, seed, 0)
        outputs = answers(form, judging)
        halves = tuple(
            answers(fit(candidate, task, half, seed, number)[1], judging)
            for number, half in enumerate(_halves(train, seed), start=1)
        )
    except TROUBLES as error:
        reason = getattr(error, "message", None) or f"{type(error).__name__}: {error}"
        return Trial(candidate=candidate, state="failed", reason=reason, fit_seconds=clock() - started)
    return Trial(
        candidate=candidate,
        form=form,
        outputs=outputs,
        halves=halves,
        fit_seconds=clock() - started,
        microseconds=row_microseconds(form, judging, clock),
        rounds=fitted.rounds,
    )


def _halves(train: Matrix, seed: int) -> list[Matrix]:
    """Draw halves of the rows; none where a half would be too small to say anything."""
    rows = train.x.shape[0]
    if rows < 2 * FEWEST_OF_HALF:
        return []
    rng = np.random.default_rng(seed)
    return [_part(train, np.sort(rng.choice(rows, rows // 2, replace=False))) for _ in range(HALVES)]


def _part(train: Matrix, rows: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Matrix:
    weight = None if train.weight is None else train.weight[rows]
    return Matrix(x=np.ascontiguousarray(train.x[rows]), y=train.y[rows], weight=weight)
