"""The nearest rows answer by their mean (Cover and Hart 1967); at most two million numbers are stored."""

from dataclasses import dataclass

import numpy as np

from yunque.kernel.form import FloatArray, Form
from yunque.kernel.forms.neighbours import Neighbours
from yunque.learning.algorithm import Algorithm, FitRequest, Fitted
from yunque.learning.linear_columns import Columns, finite, usable_columns
from yunque.learning.params import library_params
from yunque.learning.target import target_of
from yunque.learning.task import SUPERVISED

MOST_NUMBERS = 2_000_000  # stored; a served row is compared with all of them, about 2 ms
SMOOTHING = 1.0  # rows of average classes that every answer counts besides the neighbours


@dataclass(frozen=True, kw_only=True, eq=False)
class _Stored:
    form: Neighbours
    columns: Columns


def _fit(request: FitRequest) -> Fitted:
    train = request.train
    columns, target = usable_columns(train.x), target_of(request)
    most = max(50, MOST_NUMBERS // max(1, train.x.shape[1]))
    kept = np.arange(train.y.size)
    if kept.size > most:
        kept = np.sort(np.random.default_rng(request.seed).choice(kept, most, replace=False))
    weight = np.ones(kept.size) if train.weight is None else train.weight[kept]
    given = library_params(request.params)
    count = int(min(given.get("n_neighbors", np.clip(np.sqrt(kept.size), 5, 50)), kept.size, 1_000))
    if request.task.is_classification:
        shares = np.eye(request.task.n_outputs)[train.y]
        average = np.average(shares, axis=0, weights=train.weight)
        answers = (shares[kept] * count + average * SMOOTHING) / (count + SMOOTHING)
    else:
        answers = target.learnt(train.y[kept])[:, None] * target.scale + target.centre
    weight = np.clip(weight / weight.mean(), 1e-20, 1e20)
    form = Neighbours(
        rows=np.ascontiguousarray(finite(train.x[kept])),
        scale=1.0 / columns.scale,
        answers=np.ascontiguousarray(answers),
        weight=weight,
        count=count,
        link="identity" if request.task.is_classification else target.link,
    )
    return Fitted(native=_Stored(form=form, columns=columns))


def _flatten(fitted: Fitted, request: FitRequest) -> Form:  # noqa: ARG001
    form: Neighbours = fitted.native.form
    return form


def _native_raw(fitted: Fitted, request: FitRequest, x: FloatArray) -> FloatArray:  # noqa: ARG001
    """Give the plain formula: all distances, a stable sort, a weighted mean."""
    form: Neighbours = fitted.native.form
    out = np.empty((x.shape[0], form.n_raw))
    for r, row in enumerate(finite(x)):
        away = np.zeros(form.rows.shape[0])
        for j in range(row.size):
            away += ((row[j] - form.rows[:, j]) * form.scale[j]) ** 2
        near = np.argsort(away, kind="stable")[: form.count]
        out[r] = (form.weight[near, None] * form.answers[near]).sum(axis=0) / form.weight[near].sum()
    return out


ALGORITHM = Algorithm(
    name="k_nearest",
    aliases=(
        "knn",
        "k_neighbors",
        "k_nearest_neighbors",
        "k_neighbors_classifier",
        "k_neighbors_regressor",
        "knn_classifier",
        "knn_regressor",
    ),
    family="k_nearest",
    tasks=SUPERVISED,
    view="linear",
    fit=_fit,
    flatten=_flatten,
    native_raw=_native_raw,
    stops=False,
    only_when_named=True,
    tolerance=1e-12,
    cost=lambda rows, columns, outputs: 0.05 + 1e-9 * rows * min(rows * columns, MOST_NUMBERS),  # noqa: ARG005
)
