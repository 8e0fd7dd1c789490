"""One fit of one candidate on one fold, judged through the form that would be served."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from yunque.kernel.form import FloatArray, Form
from yunque.kernel.link import apply_link
from yunque.learning.algorithm import FitRequest, Fitted
from yunque.learning.candidate import AS_NUMBERS, CATEGORIES, Candidate, fit_seed
from yunque.learning.fold_data import Encoded, sample
from yunque.learning.task import Task


class UnusableFitError(ValueError):
    """A fit that ended but gives no finite predictions."""


@dataclass(frozen=True, kw_only=True)
class FitJob:
    """One fit to make.

    Attributes:
        fold: position of the fold, or ALL_ROWS.
        rounds: repeat exactly this number of rounds without `valid` (0 where rounds mean nothing); None to
            stop early on `valid`.
        deadline: when it should have ended, on the run's clock.
        should_stop: asked between rounds.
        needs: bytes that the fit is expected to need at its peak.
        held: bytes that the process held when the fit began.
        is_outside: whether it runs in a process of its own.
    """

    candidate: Candidate
    fold: int
    task: Task
    seed: int
    rounds: int | None = None
    threads: int = 1
    deadline: float = float("inf")
    should_stop: Callable[[], bool] = lambda: False
    needs: int = 0
    held: int = 0
    is_outside: bool = False

    @property
    def name(self) -> str:
        """The candidate's name."""
        return self.candidate.name


@dataclass(frozen=True, kw_only=True)
class FoldResult:
    """What one fit gave.

    Attributes:
        predictions: (n_valid, n_outputs) on the fold's validation rows; empty for a refit.
        trained_rows: rows learnt from.
        fit_seconds: of the fit alone.
        seconds: from its start to the last prediction, encoding not included.
        microseconds_per_row: of one row alone, by the form.
        reference: the library's own model file (suffix, bytes) of a fit that was taken from memory.
    """

    name: str
    fold: int
    form: Form
    fitted: Fitted
    predictions: FloatArray
    trained_rows: int
    fit_seconds: float
    seconds: float
    microseconds_per_row: float
    reference: tuple[str, bytes] | None = None

    @property
    def rounds(self) -> int:
        """Rounds or trees kept."""
        return self.fitted.rounds


def run_fit(job: FitJob, encoded: Encoded, clock: Callable[[], float]) -> FoldResult:
    """Fit, flatten, and predict the validation rows.

    Raises:
        UnusableFitError: a prediction is not finite, or has the wrong shape.
    """
    started = clock()
    request = fit_request(job, encoded)
    fitted = job.candidate.algorithm.fit(request)
    fit_seconds = clock() - started
    form = job.candidate.algorithm.flatten(fitted, request)
    x = encoded.train.x[:1] if encoded.valid is None else encoded.valid.x
    predictions = predict(form, x)
    if predictions.shape != (len(x), job.task.n_outputs):
        raise UnusableFitError(f"predictions have shape {predictions.shape}")
    if not np.isfinite(predictions).all():
        raise UnusableFitError(f"{int((~np.isfinite(predictions)).sum())} predictions are not finite")
    seconds = clock() - started
    has_reference = job.candidate.algorithm.reference is not None
    return FoldResult(
        name=job.name,
        fold=job.fold,
        form=form,
        fitted=fitted if has_reference else replace(fitted, native=None),
        predictions=predictions if encoded.valid is not None else predictions[:0],
        trained_rows=len(request.train.y),
        fit_seconds=fit_seconds,
        seconds=seconds,
        microseconds_per_row=row_microseconds(form, x, clock),
    )


def fit_request(job: FitJob, encoded: Encoded) -> FitRequest:
    """Give the request for a job: all that the fit may see."""
    seed = fit_seed(job.seed, job.name, job.fold)
    params = dict(job.candidate.params)
    as_numbers = params.pop(CATEGORIES, "native") == AS_NUMBERS
    if job.rounds:
        params |= job.candidate.algorithm.refit_params(job.rounds)
    return FitRequest(
        task=job.task,
        train=sample(encoded.train, job.candidate.most_rows, seed),
        valid=encoded.valid if job.rounds is None else None,
        categorical=() if as_numbers else encoded.recipe.categorical,
        params=params,
        seed=seed,
        threads=job.threads,
        should_stop=job.should_stop,
    )


def predict(form: Form, x: FloatArray) -> FloatArray:
    """Give the predictions of a form: (n, C) probabilities or (n, 1) values."""
    return apply_link(form.link, form.raw(x))


def row_microseconds(form: Form, x: FloatArray, clock: Callable[[], float], repeats: int = 20) -> float:
    """Measure one row alone, in microseconds: the median of some calls after a first one.

    Each call gets another row, as in service: the same row again would find its branches in the cache.
    """
    rows = [np.ascontiguousarray(x[place : place + 1]) for place in range(min(len(x), repeats))]
    predict(form, rows[0])
    spent = []
    for call in range(repeats):
        began = clock()
        predict(form, rows[call % len(rows)])
        spent.append(clock() - began)
    return float(np.median(spent)) * 1e6
