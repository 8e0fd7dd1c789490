"""The immutable outcome of a run: candidates with scores and reasons, baselines, champion."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from yunque.features.recipe import Recipe
from yunque.kernel.blend import Blend
from yunque.kernel.form import FloatArray
from yunque.learning.ranks import Ranks
from yunque.learning.task import Task

State = Literal["done", "failed", "dropped", "skipped"]


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One line of the leaderboard.

    Attributes:
        name: unique within the run ("lightgbm-xt").
        algorithm, family: canonical names.
        params: hyper-parameters used.
        state: done; failed (it raised, or gave NaN), dropped (lost the race), skipped (no time or memory).
        reason: why it is not done, in words; "" when done.
        loss: the deciding metric on out-of-fold rows, as a loss (lower is better); None when not done.
        loss_error: standard error of that loss.
        metrics: every metric of the task on the same rows, by name.
        fold_losses: one per finished fold.
        weight: share in the champion; 0 when not part of it.
        fit_seconds: total over folds and refit.
        microseconds_per_row: measured by the kernel on one row.
        rounds: boosting rounds or trees kept.
    """

    name: str
    algorithm: str
    family: str
    params: Mapping[str, Any]
    state: State
    reason: str = ""
    loss: float | None = None
    loss_error: float | None = None
    metrics: Mapping[str, float] = field(default_factory=dict)
    fold_losses: tuple[float, ...] = ()
    weight: float = 0.0
    fit_seconds: float = 0.0
    microseconds_per_row: float | None = None
    rounds: int = 0


@dataclass(frozen=True, kw_only=True)
class Baseline:
    """What a model must beat.

    The constant and the best single column; without a target the same clusters of shuffled columns, or a
    ranking by chance.
    """

    name: Literal["constant", "single_column", "permuted_columns", "chance"]
    column: str | None
    loss: float
    loss_error: float
    metrics: Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class Alarm:
    """A sign that the score is too good to be honest; it stops promotion until a person overrides it."""

    id: str
    message: str
    evidence: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Decision:
    """How probabilities become an answer, and how sure it is.

    `learning.answers` answers by it and `learning.conformal` makes its intervals and sets. A coverage is
    measured on untouched rows; without any, on each fold by what the other folds' rows lead to.

    Attributes:
        threshold: binary: the positive class is answered at this probability or above; None elsewhere.
        factors: many classes: the answer is the largest of factor times probability, one factor per class;
            None answers the most probable.
        costs: many classes: what it costs to answer class j where i is true, costs[i][j]; the answer costs
            least to be expected. None with `factors`, and where nobody named costs.
        interval_level: share of intervals that should hold the truth (0.9), regression only.
        interval_low, interval_high: added to the value give the interval; None in classification.
        ranks: where a score of an anomaly stands among those of the training rows; None elsewhere.
        interval_coverage: measured; None when there were too few rows.
        set_level: share of sets that should hold the true class (0.9), classification only.
        set_threshold: a class is in the set from this probability on; the most probable one always is.
        set_coverage, set_size: measured share of sets that hold the truth, and mean number of classes in one.
    """

    threshold: float | None = None
    factors: tuple[float, ...] | None = None
    costs: tuple[tuple[float, ...], ...] | None = None
    interval_level: float | None = None
    interval_low: float | None = None
    interval_high: float | None = None
    interval_coverage: float | None = None
    ranks: Ranks | None = None
    set_level: float | None = None
    set_threshold: float | None = None
    set_coverage: float | None = None
    set_size: float | None = None


@dataclass(frozen=True, kw_only=True)
class HeldOut:
    """Predictions on rows that no part of the run learnt from; the rows the report and the gates speak of.

    Attributes:
        kind: "test" (an untouched part of the table) or "out_of_fold" (rows of the folds, mildly optimistic
            because weights and calibration were chosen on them).
        rows: positions in the training table.
        y: class positions or values.
        predictions: (n, n_outputs) by the champion, calibrated.
        uncalibrated: the same before calibration.
    """

    kind: Literal["test", "out_of_fold"]
    rows: npt.NDArray[np.int64]
    y: npt.NDArray[Any]
    predictions: FloatArray
    uncalibrated: FloatArray


@dataclass(frozen=True, kw_only=True)
class Champion:
    """What is shipped.

    Attributes:
        blend: members and calibration.
        recipes: fitted recipes; members name theirs by position.
        decision: threshold or interval.
        references: the libraries' own model files by name, for audit; never loaded to serve.
    """

    blend: Blend
    recipes: tuple[Recipe, ...]
    decision: Decision
    references: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Leaderboard:
    """Everything a run found.

    Attributes:
        entries: best first; done before dropped before failed before skipped.
        baselines: the constant, then the best single column; on the same rows as `champion_metrics`.
        champion_metrics: every metric of the champion on `held_out`.
        champion_loss, champion_loss_error: the deciding metric there as a loss, with its standard error.
        importance: permutation importance per contract column on held-out rows, as loss increase.
        alarms: leak alarms; empty when there is none.
        split: facts of the split, JSON-able (kind, folds, rows, cut times, gap, seed).
        plan: the clock-free record of what was run, JSON-able, enough to run it again.
        timings: seconds per stage.
    """

    task: Task
    entries: tuple[Entry, ...]
    baselines: tuple[Baseline, ...]
    champion: Champion
    champion_metrics: Mapping[str, float]
    champion_loss: float
    champion_loss_error: float
    held_out: HeldOut
    importance: Mapping[str, float]
    alarms: tuple[Alarm, ...]
    split: Mapping[str, Any]
    plan: Mapping[str, Any]
    timings: Mapping[str, float]
    seed: int
