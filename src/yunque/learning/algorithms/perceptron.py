"""Perceptron, averaged, its margins calibrated (Rosenblatt 1958; Freund and Schapire 1999)."""

from typing import Any

from yunque.learning.algorithm import FitRequest
from yunque.learning.margin_classifier import margin_classifier
from yunque.learning.params import library_params


def _make(request: FitRequest) -> Any:
    from sklearn.linear_model import SGDClassifier

    defaults = {"loss": "perceptron", "learning_rate": "constant", "eta0": 1.0, "penalty": None}
    defaults |= {"max_iter": 200, "average": True}
    return SGDClassifier(
        **defaults | library_params(request.params), random_state=request.seed % (2**31 - 1), n_jobs=1
    )


ALGORITHM = margin_classifier("perceptron", ("perceptron_classifier",), _make)
