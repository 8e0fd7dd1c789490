"""Support vector machine with a Gaussian kernel, calibrated; learns from 5,000 rows at most (Cortes 1995)."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from yunque.kernel.form import FloatArray, Form
from yunque.kernel.forms.radial import Radial
from yunque.learning.algorithm import Algorithm, FitRequest, Fitted, IntArray
from yunque.learning.algorithms.constant import constant_form, constant_prediction
from yunque.learning.linear_columns import Columns, finite, usable_columns
from yunque.learning.margin_classifier import of_task
from yunque.learning.params import library_params
from yunque.learning.quiet_fit import quiet_fit
from yunque.learning.score_calibration import Scaling, learn_scaling, out_of_fold_scores
from yunque.learning.target import Target, target_of
from yunque.learning.task import SUPERVISED

MOST_ROWS = 5_000  # a fit takes the square of the rows, a served row is compared with every stored one
MOST_CLASSES = 50


@dataclass(frozen=True, kw_only=True, eq=False)
class _Machine:
    """Stored rows with coefficients (M, K) and offsets (K,) of the scores, in the columns as they were."""

    models: tuple[Any, ...]
    columns: Columns
    gamma: float
    scaling: Scaling | None
    target: Target
    seen: IntArray


def _fit(request: FitRequest) -> Fitted:
    seen = np.unique(request.train.y) if request.task.is_classification else np.zeros(2, np.int64)
    if not 2 <= seen.size <= MOST_CLASSES or request.train.x.shape[1] == 0:
        return Fitted(native=None)
    kept = np.arange(request.train.y.size)
    if kept.size > MOST_ROWS:
        kept = np.sort(np.random.default_rng(request.seed).choice(kept, MOST_ROWS, replace=False))
    columns, target = usable_columns(request.train.x), target_of(request)
    x = columns.changed(request.train.x[kept])
    spread = float(x.var())
    gamma = float(library_params(request.params).get("gamma", 1.0 / (x.shape[1] * (spread or 1.0))))
    weight = None if request.train.weight is None else request.train.weight[kept]
    facts: dict[str, Any] = {"columns": columns, "gamma": gamma, "target": target}
    with quiet_fit():
        if not request.task.is_classification:
            made = _regression(request, x, target.learnt(request.train.y[kept]), weight, gamma)
            return Fitted(native=_Machine(models=(made,), scaling=None, seen=seen, **facts))
        seen, y = np.unique(request.train.y[kept], return_inverse=True)
        if seen.size < 2:
            return Fitted(native=None)

        def fitted(rows: IntArray) -> tuple[Any, ...]:
            given = None if weight is None else weight[rows]
            one_side = range(1, 2) if seen.size == 2 else range(seen.size)
            return tuple(_machine(request, x[rows], y[rows] == k, given, gamma) for k in one_side)

        def score(train: IntArray, valid: IntArray) -> FloatArray:
            return np.column_stack([model.decision_function(x[valid]) for model in fitted(train)])

        scaling = learn_scaling(out_of_fold_scores(y, score), y, weight)
        models = fitted(np.arange(y.size))
    return Fitted(native=_Machine(models=models, scaling=scaling, seen=seen, **facts))


def _params(request: FitRequest) -> dict[str, Any]:
    own = {name: value for name, value in library_params(request.params).items() if name != "gamma"}
    return {"C": 1.0, "cache_size": 100, "max_iter": 100_000} | own


def _machine(request: FitRequest, x: FloatArray, y: Any, weight: FloatArray | None, gamma: float) -> Any:
    from sklearn.svm import SVC

    return SVC(kernel="rbf", gamma=gamma, **_params(request)).fit(x, y, sample_weight=weight)


def _regression(request: FitRequest, x: FloatArray, y: Any, weight: FloatArray | None, gamma: float) -> Any:
    from sklearn.svm import SVR

    params = {"epsilon": 0.05} | _params(request)
    return SVR(kernel="rbf", gamma=gamma, **params).fit(x, y, sample_weight=weight)


def _flatten(fitted: Fitted, request: FitRequest) -> Form:
    native: _Machine | None = fitted.native
    if native is None:
        return constant_form(constant_prediction(request), request.train.x.shape[1])
    blocks = [np.asarray(model.dual_coef_).ravel() for model in native.models]
    ends = np.cumsum([0, *(block.size for block in blocks)])
    coefficients = np.zeros((ends[-1], len(blocks)))
    for k, block in enumerate(blocks):
        coefficients[ends[k] : ends[k + 1], k] = block
    offset = np.array([float(model.intercept_[0]) for model in native.models])
    stored = np.concatenate([model.support_vectors_ for model in native.models])
    rows = np.clip(stored * native.columns.scale + native.columns.centre, -1e15, 1e15)
    gamma = native.gamma / native.columns.scale**2
    if native.scaling is None:
        coefficients, offset = coefficients * native.target.scale, native.target.restored(offset)
        return Radial(
            rows=rows, gamma=gamma, coefficients=coefficients, offset=offset, link=native.target.link
        )
    scaling = native.scaling
    made = of_task(
        coefficients * scaling.slope, offset * scaling.slope + scaling.offset, native.seen, request
    )
    return Radial(rows=rows, gamma=gamma, coefficients=made[0], offset=made[1], link=made[2])


def _native_raw(fitted: Fitted, request: FitRequest, x: FloatArray) -> FloatArray:
    native: _Machine | None = fitted.native
    if native is None:
        return np.tile(constant_prediction(request), (x.shape[0], 1))
    read = native.columns.changed(finite(x))
    if native.scaling is None:
        return native.target.restored(native.models[0].predict(read).reshape(-1, 1))
    scores = np.column_stack([model.decision_function(read) for model in native.models])
    raw = scores * native.scaling.slope + native.scaling.offset
    none = np.zeros(raw.shape[1])
    return of_task(raw, none, native.seen, request)[0] + of_task(raw, none, native.seen, request)[1]


ALGORITHM = Algorithm(
    name="rbf_svm",
    aliases=("svm", "svc", "svr", "svm_classifier", "svm_regressor"),
    family="rbf_svm",
    tasks=SUPERVISED,
    view="linear",
    requires=("sklearn", "scipy"),
    fit=_fit,
    flatten=_flatten,
    native_raw=_native_raw,
    stops=False,
    only_when_named=True,
    tolerance=1e-9,
    cost=lambda rows, columns, outputs: (
        0.1 + 2e-8 * min(rows, MOST_ROWS) ** 2 * columns * max(1, outputs) + 1e-8 * rows * columns
    ),
)
