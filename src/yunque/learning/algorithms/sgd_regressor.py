"""Linear regression by stochastic gradient descent (Bottou 2010)."""

from typing import Any

from yunque.learning.algorithm import FitRequest
from yunque.learning.linear_regressor import linear_regressor
from yunque.learning.params import library_params


def _make(request: FitRequest) -> Any:
    from sklearn.linear_model import SGDRegressor

    defaults = {"max_iter": 200, "tol": 1e-4, "average": True, "random_state": request.seed % (2**31 - 1)}
    return SGDRegressor(**defaults | library_params(request.params))


ALGORITHM = linear_regressor("sgd_regressor", ("sgd_regression",), _make)
