"""Lasso: least squares whose penalty on absolute weights leaves columns out (Tibshirani, JRSS B 1996)."""

from typing import Any

from yunque.learning.algorithm import FitRequest
from yunque.learning.linear_regressor import linear_regressor
from yunque.learning.params import library_params


def _make(request: FitRequest) -> Any:
    from sklearn.linear_model import Lasso

    defaults = {"alpha": 0.01, "max_iter": 2_000, "tol": 1e-3}  # of a target of unit spread
    return Lasso(**defaults | library_params(request.params))


ALGORITHM = linear_regressor("lasso", ("lasso_regression", "lasso_regressor"), _make, rows_factor=5.0)
