"""Linear support vector machine, its margins calibrated by a sigmoid (Cortes and Vapnik 1995, Platt 1999)."""

from typing import Any

from yunque.learning.algorithm import FitRequest
from yunque.learning.margin_classifier import margin_classifier
from yunque.learning.params import library_params


def _make(request: FitRequest) -> Any:
    from sklearn.svm import LinearSVC

    defaults = {"C": 1.0, "dual": False, "max_iter": 1_000, "tol": 1e-4}
    return LinearSVC(**defaults | library_params(request.params))


ALGORITHM = margin_classifier("linear_svm", ("linear_svc", "linear_svm_classifier"), _make, row_seconds=4e-6)
