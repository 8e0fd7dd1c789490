"""Linear classification by stochastic gradient descent, its margins calibrated (Bottou 2010)."""

from typing import Any

from yunque.learning.algorithm import FitRequest
from yunque.learning.margin_classifier import margin_classifier
from yunque.learning.params import library_params


def _make(request: FitRequest) -> Any:
    from sklearn.linear_model import SGDClassifier

    defaults = {"loss": "log_loss", "max_iter": 200, "tol": 1e-4, "average": True}
    return SGDClassifier(
        **defaults | library_params(request.params), random_state=request.seed % (2**31 - 1), n_jobs=1
    )


ALGORITHM = margin_classifier("sgd", ("sgd_classifier", "stochastic_gradient_descent"), _make)
