"""How a run judges predictions: one metric of one task, as a loss that is fast to ask often."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from yunque.kernel.form import FloatArray
from yunque.learning.metrics import default_metric, loss_of, metric
from yunque.learning.task import Task

LOWEST_PROBABILITY = 1e-15


@dataclass(frozen=True, kw_only=True)
class Judged:
    """Rows on which many mixtures of predictions are compared.

    Attributes:
        task: the question; its metric decides.
        y: (n,) answers.
        weight: (n,) weights, or None.
    """

    task: Task
    y: npt.NDArray[Any]
    weight: FloatArray | None = None

    def loss(self, predictions: FloatArray) -> float:
        """Give the loss of (n, n_outputs) predictions.

        Where the metric is undefined on these rows (ROC-AUC of one class), the default metric stands in, so
        that candidates can still be told apart.
        """
        for name in (self.task.metric, default_metric(self.task.kind)):
            found = metric(name, self.task.kind)
            value = loss_of(found, self.task, self.y, predictions, self.weight)
            if np.isfinite(value):
                return value
        return float("inf")

    def reduced(self) -> tuple[Callable[[FloatArray], FloatArray], Callable[[FloatArray], float]]:
        """Give a linear map of predictions and the loss of its mixtures.

        Log-loss needs only the probability of the true class and RMSE only the value, so comparing thousands
        of mixtures costs a vector each instead of a matrix.
        """
        rows, y, weight = np.arange(len(self.y)), self.y, self.weight
        if self.task.metric == "log_loss":
            return lambda p: p[rows, y], lambda mixed: _log_loss(mixed, weight)
        if self.task.metric == "rmse":
            return lambda p: p[:, 0], lambda mixed: float(
                np.sqrt(np.average((mixed - y) ** 2, weights=weight))
            )
        return lambda p: p, self.loss

    def take(self, rows: npt.NDArray[Any]) -> "Judged":
        """Give some of the rows."""
        weight = None if self.weight is None else self.weight[rows]
        return Judged(task=self.task, y=self.y[rows], weight=weight)


def _log_loss(given: FloatArray, weight: FloatArray | None) -> float:
    return -float(np.average(np.log(np.clip(given, LOWEST_PROBABILITY, 1.0)), weights=weight))


def _rmse(errors: FloatArray, weight: FloatArray | None) -> float:
    return float(np.sqrt(np.average(errors**2, weights=weight)))
