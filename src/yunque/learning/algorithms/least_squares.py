"""Least squares without a penalty (Gauss 1809); of many solutions the one with the smallest weights."""

from typing import Any

from yunque.learning.algorithm import FitRequest
from yunque.learning.linear_regressor import linear_regressor
from yunque.learning.params import library_params


def _make(request: FitRequest) -> Any:
    from sklearn.linear_model import LinearRegression

    return LinearRegression(**library_params(request.params))


ALGORITHM = linear_regressor(
    "least_squares", ("ols", "linear_regression", "linear_regressor"), _make, rows_factor=2.0
)
