"""Linear support vector regression: errors below epsilon are free (Smola and Schölkopf 2004)."""

from typing import Any

from yunque.learning.algorithm import FitRequest
from yunque.learning.linear_regressor import linear_regressor
from yunque.learning.params import library_params


def _make(request: FitRequest) -> Any:
    from sklearn.svm import LinearSVR

    defaults = {"loss": "squared_epsilon_insensitive", "dual": False, "max_iter": 2_000, "tol": 1e-5}
    return LinearSVR(**defaults | library_params(request.params))


ALGORITHM = linear_regressor("linear_svr", ("linear_svm_regressor",), _make, rows_factor=20.0)
