"""Elastic net: least squares with both penalties (Zou and Hastie, JRSS B 2005)."""

from typing import Any

from yunque.learning.algorithm import FitRequest
from yunque.learning.linear_regressor import linear_regressor
from yunque.learning.params import library_params


def _make(request: FitRequest) -> Any:
    from sklearn.linear_model import ElasticNet

    defaults = {"alpha": 0.01, "l1_ratio": 0.5, "max_iter": 2_000, "tol": 1e-3}
    return ElasticNet(**defaults | library_params(request.params))


ALGORITHM = linear_regressor(
    "elastic_net", ("elasticnet", "elastic_net_regression", "elastic_net_regressor"), _make, rows_factor=5.0
)
