"""Huber regression: outliers count by their distance, not its square (Huber, Annals of Math. Stat. 1964)."""

from typing import Any

from yunque.learning.algorithm import FitRequest
from yunque.learning.linear_regressor import linear_regressor
from yunque.learning.params import library_params


def _make(request: FitRequest) -> Any:
    from sklearn.linear_model import HuberRegressor

    return HuberRegressor(**{"max_iter": 500} | library_params(request.params))


ALGORITHM = linear_regressor("huber", ("huber_regressor", "huber_regression"), _make, rows_factor=20.0)
