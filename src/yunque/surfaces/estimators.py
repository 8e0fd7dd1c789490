"""Estimators for scikit-learn's pipelines and searches: `YunqueClassifier` and `YunqueRegressor`."""

from collections.abc import Sequence
from dataclasses import replace
from time import monotonic
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import polars as pl
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from yunque.data.frame_door import adopt_frame
from yunque.data.infer import Wishes, infer_contract
from yunque.data.schema import Column, Kind, Role, Schema
from yunque.data.validate import check_table
from yunque.errors import YunqueError
from yunque.features.encode import encode
from yunque.kernel.form import FloatArray
from yunque.learning.answers import answer_positions
from yunque.learning.budget import Budget, parse_budget
from yunque.learning.leaderboard import Champion, Leaderboard
from yunque.learning.learn import LearnRequest, learn
from yunque.learning.memory_limit import DEFAULT_MEMORY
from yunque.learning.metrics import default_metric, metric
from yunque.learning.registry import algorithm
from yunque.learning.task import Task, TaskKind
from yunque.services.train_memory import memory_limit

TARGET, WEIGHT = "yunque target", "yunque weight"


class _Estimator(BaseEstimator):  # type: ignore[misc]
    """What both estimators do: a table in, the champion of a budget kept, its outputs out.

    Args:
        budget: "60s", "5m", small, medium, large, or seconds; a fit takes that long.
        metric: "auto" or the name of the metric that decides.
        algorithms: names to choose among; None for the default portfolio.
        seed: seeds every random choice.
        threads: fits that run side by side.
        ticks: None, or the seconds that pass whenever the clock is asked. A fit does not depend then on how
            fast the machine is: the same data, seed and versions then always give the same model.
        memory: what this process may hold: "75%" of what is free, "4GB", or bytes. Fits that would need more
            are not started.

    A numeric matrix is read as numbers. A pandas, polars or pyarrow frame is read as a table: categories,
    dates and texts are understood, and its columns must be there again when answers are asked for.
    """

    def __init__(  # noqa: PLR0913 - scikit-learn wants every option as an argument
        self,
        budget: str | float = "60s",
        *,
        metric: str = "auto",
        algorithms: Sequence[str] | None = None,
        seed: int = 7,
        threads: int = 2,
        ticks: float | None = None,
        memory: str | float = DEFAULT_MEMORY,
    ) -> None:
        self.budget = budget
        self.metric = metric
        self.algorithms = algorithms
        self.seed = seed
        self.threads = threads
        self.ticks = ticks
        self.memory = memory

    def __sklearn_tags__(self) -> Any:
        """Say what scikit-learn may expect: missing values are understood."""
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.non_deterministic = self.ticks is None
        return tags

    def _learn(self, frame: pl.DataFrame, schema: Schema, task: Task) -> Self:
        names = None if self.algorithms is None else tuple(algorithm(name).name for name in self.algorithms)
        clock = monotonic if self.ticks is None else _Ticks(self.ticks)
        request = LearnRequest(
            frame=frame,
            schema=schema,
            task=task,
            budget=Budget(seconds=parse_budget(self.budget), clock=clock),
            seed=self.seed,
            algorithms=names,
            threads=1 if self.ticks is not None else self.threads,
            memory_limit=memory_limit(self.memory),
            poll_seconds=0.05 if self.ticks is None else 60.0,
        )
        try:
            board: Leaderboard = learn(request)
        except YunqueError as error:
            raise ValueError(f"{error.message} {error.hint}".strip()) from error
        self.champion_: Champion = board.champion
        self.task_ = task
        self.schema_ = schema
        self.metrics_ = dict(board.champion_metrics)
        self.importance_ = dict(board.importance)
        return self

    def _table(self, X: Any, y: npt.NDArray[Any], weight: Any) -> tuple[pl.DataFrame, Schema]:
        """Give the typed table with target and weight, and its schema; remembers how X is read."""
        frame, columns = self._features(X)
        more = [Column(name=TARGET, kind=Kind.NUMBER, role=Role.TARGET)]
        frame = frame.with_columns(pl.Series(TARGET, y))
        if weight is not None:
            more.append(Column(name=WEIGHT, kind=Kind.NUMBER, role=Role.WEIGHT))
            frame = frame.with_columns(
                pl.Series(WEIGHT, _check_sample_weight(weight, y, dtype=np.float64, ensure_non_negative=True))
            )
        return frame, Schema(columns=(*columns, *more))

    def _features(self, X: Any) -> tuple[pl.DataFrame, tuple[Column, ...]]:
        if not self.reads_table_:
            return _numbers(X), tuple(Column(name=f"x{i}", kind=Kind.NUMBER) for i in range(X.shape[1]))
        frame = adopt_frame(X)
        assert frame is not None  # noqa: S101 - `reads_table_` says so
        contract, _ = infer_contract(frame, Wishes(), name="table")
        checked = check_table(contract, frame, need_target=False)
        self.contract_ = contract
        return checked.frame, tuple(replace(column, required=True) for column in contract.schema)

    def _outputs(self, X: Any) -> FloatArray:
        """Give the champion's outputs, (n, n_outputs)."""
        check_is_fitted(self, "champion_")
        table = adopt_frame(X) if self.reads_table_ else None
        if self.reads_table_ and table is None:
            raise ValueError("The model was fitted on a table; give a frame with the same columns.")
        given = self._checked(X, reset=False)
        if table is None:
            frame = _numbers(given)
        else:
            frame = check_table(self.contract_, table, need_target=False).frame
        champion = self.champion_
        return champion.blend.evaluate([encode(recipe, frame) for recipe in champion.recipes])

    def _checked(self, X: Any, *, reset: bool, y: Any = None) -> Any:
        """Let scikit-learn check a matrix, and the names and number of columns of a table."""
        options: dict[str, Any] = {"reset": reset, "ensure_all_finite": "allow-nan"}
        if reset:
            self.reads_table_ = adopt_frame(X) is not None and not _is_numeric(X)
        if self.reads_table_:
            options |= {"skip_check_array": True}
            return validate_data(self, X, **options)
        options |= {"dtype": np.float64, "ensure_min_samples": 2 if reset else 1}
        if y is None:
            return validate_data(self, X, **options)
        return validate_data(self, X, y, **options)


class YunqueClassifier(ClassifierMixin, _Estimator):  # type: ignore[misc]
    """The best classifier of a budget, with calibrated probabilities; `fit`, `predict`, `predict_proba`."""

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Learn within the budget: (n, F) or a frame, (n,) labels, (n,) weights.

        Raises:
            ValueError: the data cannot be used; the message says why.
        """
        checked = self._checked(X, reset=True, y=None if y is None else y)
        X, labels = checked if isinstance(checked, tuple) else (checked, np.asarray(y))
        if y is None:
            raise ValueError("requires y to be passed, but the target y is None")
        check_classification_targets(labels)
        self.classes_, positions = np.unique(labels, return_inverse=True)
        if self.classes_.size < 2:
            raise ValueError(f"A classifier needs two classes; y has 1 class: {self.classes_[0]!r}.")
        kind = TaskKind.BINARY if self.classes_.size == 2 else TaskKind.MULTICLASS
        name = default_metric(kind) if self.metric == "auto" else metric(self.metric, kind).name
        classes = tuple(range(self.classes_.size))
        frame, schema = self._table(X, positions.astype(np.int64), sample_weight)
        return self._learn(frame, schema, Task(kind=kind, target=TARGET, classes=classes, metric=name))

    def predict_proba(self, X: Any) -> FloatArray:
        """Give calibrated probabilities, (n, classes), in the order of `classes_`."""
        return self._outputs(X)

    def predict(self, X: Any) -> npt.NDArray[Any]:
        """Give the decided labels, (n,)."""
        outputs = self._outputs(X)
        positions = answer_positions(self.champion_.decision, outputs)
        found: npt.NDArray[Any] = self.classes_[positions]
        return found


class YunqueRegressor(RegressorMixin, _Estimator):  # type: ignore[misc]
    """The best regression of a budget; `fit`, `predict`, `predict_interval`."""

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Learn within the budget: (n, F) or a frame, (n,) values, (n,) weights.

        Raises:
            ValueError: the data cannot be used; the message says why.
        """
        if y is None:
            raise ValueError("requires y to be passed, but the target y is None")
        checked = self._checked(X, reset=True, y=y)
        X, values = checked if isinstance(checked, tuple) else (checked, np.asarray(y))
        name = default_metric(TaskKind.REGRESSION)
        if self.metric != "auto":
            name = metric(self.metric, TaskKind.REGRESSION).name
        frame, schema = self._table(X, np.asarray(values, np.float64).ravel(), sample_weight)
        return self._learn(frame, schema, Task(kind=TaskKind.REGRESSION, target=TARGET, metric=name))

    def predict(self, X: Any) -> FloatArray:
        """Give the predicted numbers, (n,)."""
        return self._outputs(X)[:, 0]

    def predict_interval(self, X: Any) -> FloatArray:
        """Give the interval around each number, (n, 2), at the coverage that the fit proved.

        Raises:
            ValueError: the fit found no interval.
        """
        decision = self.champion_.decision
        if decision.interval_low is None or decision.interval_high is None:
            raise ValueError("This fit has no interval: it kept too few rows back to prove one.")
        values = self.predict(X)
        return np.column_stack([values + decision.interval_low, values + decision.interval_high])


class _Ticks:
    """A clock that moves by the same step whenever it is asked."""

    def __init__(self, step: float) -> None:
        self._now, self._step = 0.0, step

    def __call__(self) -> float:
        self._now += self._step
        return self._now


def _numbers(X: npt.NDArray[Any]) -> pl.DataFrame:
    return pl.DataFrame({f"x{i}": np.ascontiguousarray(X[:, i], np.float64) for i in range(X.shape[1])})


def _is_numeric(X: Any) -> bool:
    """Say whether a frame holds numbers only: then it is a matrix, with names that are checked."""
    frame = adopt_frame(X)
    return frame is not None and all(dtype.is_numeric() for dtype in frame.dtypes)
