"""What an algorithm is: a way to fit, and a way to give the fit to the kernel."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from yunque.kernel.form import FloatArray, Form
from yunque.learning.task import Task, TaskKind

IntArray = npt.NDArray[np.int64]
# The wider views hold the columns of "tree" and more, see `feature_kinds`.
View = Literal["tree", "linear", "tree+target", "tree+generated", "tree+target+generated"]


@dataclass(frozen=True, kw_only=True)
class Matrix:
    """Rows ready for an algorithm.

    Attributes:
        x: (n, F) float64, C-ordered; NaN is missing.
        y: (n,) class positions as int64, or float64 values in regression.
        weight: (n,) positive float64, or None for equal weights.
    """

    x: FloatArray
    y: npt.NDArray[Any]
    weight: FloatArray | None = None

    def take(self, chosen: IntArray) -> "Matrix":
        """Give some of the rows, in the order in which they stand here."""
        rows = np.sort(chosen)
        weight = None if self.weight is None else self.weight[rows]
        return Matrix(x=np.ascontiguousarray(self.x[rows]), y=self.y[rows], weight=weight)


@dataclass(frozen=True, kw_only=True)
class FitRequest:
    """All that a fit may see: no clock, no file, no global.

    Attributes:
        task: the question.
        train: rows to learn from.
        valid: rows to stop early on, never learnt from; None in a refit with a known number of rounds.
        categorical: positions of columns that hold codes of categories (0 = rare or unseen).
        params: hyper-parameters in the algorithm's own names; missing ones take its defaults.
        seed: seeds every random choice.
        threads: threads the fit may use.
        should_stop: asked between rounds; True means keep what is there and return at once.
    """

    task: Task
    train: Matrix
    valid: Matrix | None = None
    categorical: tuple[int, ...] = ()
    params: Mapping[str, Any] = field(default_factory=dict)
    seed: int
    threads: int = 1
    should_stop: Callable[[], bool] = lambda: False


@dataclass(frozen=True, kw_only=True)
class Fitted:
    """A fit as its library gives it.

    Attributes:
        native: the library's own object; it never leaves the process.
        rounds: boosting rounds, trees or iterations kept; a refit repeats this number; 0 if meaningless.
        stopped_early: the deadline cut it.
    """

    native: Any
    rounds: int = 0
    stopped_early: bool = False


@dataclass(frozen=True, kw_only=True)
class Algorithm:
    """One algorithm; a file in `learning/algorithms` ends with ALGORITHM = Algorithm(...).

    Attributes:
        name: canonical name, snake case.
        aliases: further names it answers to (upstream names of R3 among them).
        family: candidates of one family are never all dropped early ("linear", "lightgbm", "catboost", …).
        tasks: kinds of task it can answer.
        view: which recipe it reads: "tree" (codes, missing as NaN) or "linear" (imputed, scaled, one-hot).
        requires: import names of libraries it needs; absent ones make it "not installed".
        fit: FitRequest -> Fitted.
        flatten: the fit as a kernel form.
        native_raw: raw scores (n, K) by the library itself, for the parity test: equal bits with the form.
        reference: the library's own model file for audit, as (file suffix, bytes), or None.
        refit_params: params that make a refit without `valid` repeat the given number of rounds.
        cost: rough seconds of one fit on one core from (rows, columns, outputs); corrected by measurement.
        only_when_named: it takes part only in runs that name it; the default portfolio earned its places.
        tolerance: largest difference between form and library, relative to the largest score; 0: equal bits.
        prepare: work on the rows that candidates share, done before the time of a fit begins; or None.
        stops: whether a fit asks `should_stop` often and then returns a usable model at once.
    """

    name: str
    aliases: tuple[str, ...] = ()
    family: str
    tasks: frozenset[TaskKind]
    view: View
    requires: tuple[str, ...] = ()
    fit: Callable[[FitRequest], Fitted]
    flatten: Callable[[Fitted, FitRequest], Form]
    native_raw: Callable[[Fitted, FitRequest, FloatArray], FloatArray] | None = None
    reference: Callable[[Fitted], tuple[str, bytes]] | None = None
    refit_params: Callable[[int], Mapping[str, Any]] = lambda rounds: {}  # noqa: ARG005
    cost: Callable[[int, int, int], float] = lambda rows, columns, outputs: 1e-7 * rows * columns * outputs
    prepare: Callable[[FitRequest], None] | None = None
    stops: bool = True
    only_when_named: bool = False
    tolerance: float = 0.0
