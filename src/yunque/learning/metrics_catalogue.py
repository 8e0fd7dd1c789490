"""What a metric is, and the list of all metrics by name and alias."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from yunque.learning.scores import labels, probabilities, ranking, values
from yunque.learning.task import Task, TaskKind

FloatArray = npt.NDArray[np.float64]
Needs = Literal["labels", "probabilities", "values", "structure"]
Value = Callable[[Task, npt.NDArray[Any], FloatArray, FloatArray | None], float]
RowLosses = Callable[[npt.NDArray[Any], FloatArray], FloatArray]

BINARY = frozenset({TaskKind.BINARY})
CLASSIFICATION = frozenset({TaskKind.BINARY, TaskKind.MULTICLASS})
REGRESSION = frozenset({TaskKind.REGRESSION})


@dataclass(frozen=True, kw_only=True)
class Metric:
    """One way to judge predictions.

    Attributes:
        name: canonical name.
        meaning: what it is, in one line a person reads.
        tasks: task kinds it is defined for.
        higher_is_better: direction of `value`.
        best: the value of a perfect prediction; None when it depends on the data (lift).
        needs: answered classes, probabilities, or values; "structure" is measured by `learning.unlabelled`.
        value: (task, y, predictions, weight or None) -> value; nan where it is undefined. `y` is (n,) class
            positions as int64, or float64 values; `predictions` is (n, C) probabilities in the order of
            `task.classes`, or (n, 1) values.
        row_losses: (y, predictions) -> (n,) losses whose mean is the loss; None when it is not a mean.
        needs_order: the value means something only when rows stand in the order of time.
    """

    name: str
    meaning: str
    tasks: frozenset[TaskKind]
    higher_is_better: bool
    best: float | None
    needs: Needs
    value: Value
    row_losses: RowLosses | None = None
    needs_order: bool = False


def _from_confusion(score: Callable[[FloatArray, Task], float]) -> Value:
    def value(task: Task, y: npt.NDArray[Any], predictions: FloatArray, weight: FloatArray | None) -> float:
        answers = labels.predicted_positions(predictions)
        return score(labels.confusion(y, answers, len(task.classes), weight), task)

    return value


def _from_probabilities(score: Callable[..., float]) -> Value:
    return lambda task, y, predictions, weight: score(y, predictions, weight)  # noqa: ARG005


def _from_values(score: Callable[..., float]) -> Value:
    return lambda task, y, predictions, weight: score(y, predictions[:, 0], weight)  # noqa: ARG005


def _mean_of(row_losses: RowLosses) -> Value:
    return lambda task, y, predictions, weight: values.mean(row_losses(y, predictions), weight)  # noqa: ARG005


def _wrong_answers(y: npt.NDArray[Any], predictions: FloatArray) -> FloatArray:
    return np.asarray(labels.predicted_positions(predictions) != y, dtype=np.float64)


def _on_value(row_losses: Callable[[FloatArray, FloatArray], FloatArray]) -> RowLosses:
    return lambda y, predictions: row_losses(y, predictions[:, 0])


def _plain_average(by_class: Callable[[FloatArray], FloatArray]) -> Callable[[FloatArray, Task], float]:
    def score(matrix: FloatArray, task: Task) -> float:
        if task.kind is TaskKind.BINARY:
            return float(by_class(matrix)[1])
        return labels.averaged(by_class(matrix), matrix, "macro")

    return score


def _average(
    by_class: Callable[[FloatArray], FloatArray], average: labels.Average
) -> Callable[[FloatArray, Task], float]:
    return lambda matrix, task: labels.averaged(by_class(matrix), matrix, average)  # noqa: ARG005


def _label_metrics() -> list[Metric]:
    found = [
        Metric(
            name="accuracy",
            meaning="share of right answers",
            tasks=CLASSIFICATION,
            higher_is_better=True,
            best=1.0,
            needs="labels",
            value=_from_confusion(lambda matrix, task: labels.accuracy(matrix)),  # noqa: ARG005
            row_losses=_wrong_answers,
        ),
        _label("balanced_accuracy", "mean recall of the classes", lambda m, _: labels.balanced_accuracy(m)),
        _label("mcc", "Matthews correlation coefficient", lambda m, _: labels.mcc(m)),
    ]
    parts = {
        "precision": (labels.precision_by_class, "right answers among the answers of a class"),
        "recall": (labels.recall_by_class, "right answers among the rows of a class"),
        "f1": (labels.f1_by_class, "harmonic mean of precision and recall"),
    }
    for name, (by_class, meaning) in parts.items():
        found.append(
            _label(name, f"{meaning}: the positive class of two, else the mean", _plain_average(by_class))
        )
        found.append(_label(f"{name}_macro", f"{meaning}: mean of the classes", _average(by_class, "macro")))
        found.append(
            _label(f"{name}_weighted", f"{meaning}: weighted by rows", _average(by_class, "weighted"))
        )
    return found


def _label(name: str, meaning: str, score: Callable[[FloatArray, Task], float]) -> Metric:
    return Metric(
        name=name,
        meaning=meaning,
        tasks=CLASSIFICATION,
        higher_is_better=True,
        best=1.0,
        needs="labels",
        value=_from_confusion(score),
    )


def _probability_metrics() -> list[Metric]:
    def made(name: str, meaning: str, value: Value, row_losses: RowLosses | None, best: float) -> Metric:
        return Metric(
            name=name,
            meaning=meaning,
            tasks=CLASSIFICATION,
            higher_is_better=best == 1.0,
            best=best,
            needs="probabilities",
            value=value,
            row_losses=row_losses,
        )

    log_losses, brier = probabilities.log_losses, probabilities.brier_losses
    ece = _from_probabilities(probabilities.ece)
    roc_auc, pr_auc = _from_probabilities(probabilities.roc_auc), _from_probabilities(probabilities.pr_auc)
    log_loss_means = "minus the mean logarithm of the probability of the true class"
    return [
        made("log_loss", log_loss_means, _mean_of(log_losses), log_losses, 0.0),
        made("brier", "mean squared distance of probabilities to the truth", _mean_of(brier), brier, 0.0),
        made("ece", "calibration error, 15 bins of equal mass", ece, None, 0.0),
        made("roc_auc", "area under the ROC curve; one-vs-rest mean for many classes", roc_auc, None, 1.0),
        made("pr_auc", "average precision; one-vs-rest mean for many classes", pr_auc, None, 1.0),
    ]


def _value_metrics() -> list[Metric]:
    def made(
        name: str, meaning: str, value: Value, row_losses: RowLosses | None = None, best: float = 0.0
    ) -> Metric:
        return Metric(
            name=name,
            meaning=meaning,
            tasks=REGRESSION,
            higher_is_better=best == 1.0,
            best=best,
            needs="values",
            value=value,
            row_losses=row_losses,
            needs_order=name == "directional_accuracy",
        )

    absolute, squared = _on_value(values.absolute_errors), _on_value(values.squared_errors)
    symmetric, mse = _on_value(values.symmetric_errors), _mean_of(squared)
    return [
        made("rmse", "root of the mean squared error", lambda *given: float(np.sqrt(mse(*given)))),
        made("mae", "mean absolute error", _mean_of(absolute), absolute),
        made("mse", "mean squared error", mse, squared),
        made("r2", "share of the variance explained", _from_values(values.r2), best=1.0),
        made("mape", "mean error as a share of the truth; zeros left out", _from_values(values.mape)),
        made("wape", "sum of errors as a share of the sum of truths", _from_values(values.wape)),
        made("smape", "symmetric mean percentage error as a share, 0 to 2", _mean_of(symmetric), symmetric),
        made("median_absolute_error", "median absolute error", _from_values(values.median_absolute_error)),
        made(
            "directional_accuracy",
            "share of steps in time whose direction is foretold",
            _from_values(values.directional_accuracy),
            best=1.0,
        ),
    ]


def _structure_metrics() -> list[Metric]:
    anomaly, clusters = frozenset({TaskKind.ANOMALY}), frozenset({TaskKind.CLUSTERS})
    given = (
        ("silhouette", "how much nearer rows are to their own cluster than to the next", clusters),
        ("stability", "likeness of the answers of refits on halves of the rows", anomaly | clusters),
        ("agreement", "rank correlation with the scores of the other learners", anomaly),
        ("flag_stability", "share of the flagged rows that refits flag again", anomaly),
        ("label_roc_auc", "area under the ROC curve by a label nothing learnt from", anomaly),
        ("label_pr_auc", "average precision by a label nothing learnt from", anomaly),
        ("label_rand", "adjusted Rand index with a label nothing learnt from", clusters),
    )
    return [
        Metric(
            name=name, meaning=meaning, tasks=tasks, higher_is_better=True, best=1.0, needs="structure",
            value=lambda task, y, predictions, weight: float("nan"),  # noqa: ARG005
        )
        for name, meaning, tasks in given
    ]  # fmt: skip


RANKINGS: Mapping[str, tuple[ranking.RankingScore, str]] = {
    "precision": (ranking.precision_at, "share of positives among the first {}"),
    "lift": (ranking.lift_at, "precision among the first {} over the share of positives"),
    "ndcg": (ranking.ndcg_at, "normalised discounted gain of the first {}"),
    "map": (ranking.map_at, "average precision of the first {}"),
    "recall": (ranking.recall_at, "share of all positives that stand among the first {}"),
}
IN_EVERY_RUN = ("precision", "lift", "ndcg", "map")  # recall there is lift times what is taken


def ranking_metric(kind: str, k: int, *, percent: bool) -> Metric:
    """Build the metric of the first k rows, or first k % of the rows, ranked by the positive class.

    Args:
        kind: "precision", "recall", "lift", "ndcg" or "map".
        k: rows, or per cent of the rows (rounded up, at least one row).
        percent: whether k is in per cent.
    """
    score, meaning = RANKINGS[kind]

    def value(task: Task, y: npt.NDArray[Any], predictions: FloatArray, weight: FloatArray | None) -> float:  # noqa: ARG001
        rows = max(1, -(-k * len(y) // 100)) if percent else k
        return score((y == 1).astype(np.float64), predictions[:, 1], rows)

    return Metric(
        name=f"{kind}_at_{k}{'pct' if percent else ''}",
        meaning=meaning.format(f"{k} % of rows" if percent else f"{k} rows") + "; weights are not used",
        tasks=BINARY,
        higher_is_better=True,
        best=None if kind == "lift" else 1.0,
        needs="probabilities",
        value=value,
    )


CATALOGUE: Mapping[str, Metric] = {
    found.name: found
    for found in (
        *_probability_metrics(),
        *_label_metrics(),
        *(ranking_metric(kind, 10, percent=True) for kind in IN_EVERY_RUN),
        *_value_metrics(),
        *_structure_metrics(),
    )
}

ALIASES: Mapping[str, str] = {
    "logloss": "log_loss",
    "cross_entropy": "log_loss",
    "auc": "roc_auc",
    "auc_roc": "roc_auc",
    "rocauc": "roc_auc",
    "roc_auc_ovr": "roc_auc",
    "roc_auc_score": "roc_auc",
    "auc_pr": "pr_auc",
    "aucpr": "pr_auc",
    "prauc": "pr_auc",
    "average_precision": "pr_auc",
    "average_precision_score": "pr_auc",
    "brier_score": "brier",
    "brier_score_loss": "brier",
    "expected_calibration_error": "ece",
    "acc": "accuracy",
    "accuracy_score": "accuracy",
    "balanced_accuracy_score": "balanced_accuracy",
    "f1_score": "f1",
    "precision_score": "precision",
    "recall_score": "recall",
    "sensitivity": "recall",
    **dict.fromkeys(("matthews_corrcoef", "matthews"), "mcc"),
    "root_mean_squared_error": "rmse",
    "mean_absolute_error": "mae",
    "mean_squared_error": "mse",
    **dict.fromkeys(("r2_score", "r_squared"), "r2"),
    "mean_absolute_percentage_error": "mape",
    "wmape": "wape",
    **dict.fromkeys(("medae", "median_ae"), "median_absolute_error"),
    "hit_rate_direction": "directional_accuracy",
    **{f"{kind}_at_k": f"{kind}_at_10pct" for kind in IN_EVERY_RUN},
}
