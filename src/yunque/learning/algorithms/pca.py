"""What a few directions cannot make again is unusual: reconstruction error of principal components."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from yunque.errors import UsageError
from yunque.kernel.form import FloatArray, Form
from yunque.kernel.forms.subspace import Subspace
from yunque.learning.algorithm import Algorithm, FitRequest, Fitted
from yunque.learning.linear_columns import finite
from yunque.learning.params import library_params
from yunque.learning.task import TaskKind

SHARE_KEPT = 0.9  # of the variance; at least one direction is left to be wrong in


@dataclass(frozen=True, kw_only=True, eq=False)
class _Trained:
    model: Any
    kept: int


def _fit(request: FitRequest) -> Fitted:
    from sklearn.decomposition import PCA
    from threadpoolctl import threadpool_limits

    x = finite(request.train.x)
    wished = library_params(request.params).get("n_components", SHARE_KEPT)
    if not isinstance(wished, int | float) or isinstance(wished, bool) or not wished > 0:
        raise UsageError(
            f"n_components cannot be {wished!r}.", hint="Give a share of the variance below 1, or a number."
        )
    model = PCA(svd_solver="full")
    with np.errstate(all="ignore"), threadpool_limits(limits=1):  # constant columns: 0 / 0 of no variance
        model.fit(x)
    share = np.nan_to_num(np.cumsum(model.explained_variance_ratio_), nan=1.0)
    kept = int(np.searchsorted(share, wished) + 1) if wished < 1 else int(wished)
    return Fitted(native=_Trained(model=model, kept=min(kept, share.size, x.shape[1] - 1)))


def _flatten(fitted: Fitted, request: FitRequest) -> Form:  # noqa: ARG001
    model, kept = fitted.native.model, fitted.native.kept
    return Subspace(
        mean=np.ascontiguousarray(model.mean_, np.float64),
        directions=np.ascontiguousarray(model.components_[:kept], np.float64),
    )


def _native_raw(fitted: Fitted, request: FitRequest, x: FloatArray) -> FloatArray:  # noqa: ARG001
    """Give the distance to scikit-learn's own reconstruction from the components that are kept."""
    model, read = fitted.native.model, finite(x)
    scores = model.transform(read)
    scores[:, fitted.native.kept :] = 0.0
    return np.asarray(np.linalg.norm(read - model.inverse_transform(scores), axis=1).reshape(-1, 1))


ALGORITHM = Algorithm(
    name="pca",
    aliases=("principal_component_analysis", "principal_components"),
    family="pca",
    tasks=frozenset({TaskKind.ANOMALY}),
    view="linear",
    requires=("sklearn", "threadpoolctl"),
    fit=_fit,
    flatten=_flatten,
    native_raw=_native_raw,
    stops=False,
    tolerance=1e-7,
    cost=lambda rows, columns, outputs: 0.02 + 2e-8 * rows * columns * (columns + outputs),
)
