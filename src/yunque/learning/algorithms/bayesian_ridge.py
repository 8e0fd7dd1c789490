"""Bayesian ridge: a penalty found by the evidence of the data (MacKay, Neural Computation 1992)."""

from typing import Any

from yunque.learning.algorithm import FitRequest
from yunque.learning.linear_regressor import linear_regressor
from yunque.learning.params import library_params


def _make(request: FitRequest) -> Any:
    from sklearn.linear_model import BayesianRidge

    return BayesianRidge(**library_params(request.params))


ALGORITHM = linear_regressor(
    "bayesian_ridge", ("bayesian_ridge_regression", "bayes_ridge"), _make, rows_factor=3.0
)
