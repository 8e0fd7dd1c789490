"""Passive-aggressive classifier, averaged, its margins calibrated (Crammer et al., JMLR 2006)."""

from typing import Any

from yunque.learning.algorithm import FitRequest
from yunque.learning.margin_classifier import margin_classifier
from yunque.learning.params import library_params


def _make(request: FitRequest) -> Any:
    from sklearn.linear_model import SGDClassifier

    # eta0 is the aggressiveness: small, so that contrary rows do not undo each other
    defaults = {"loss": "hinge", "learning_rate": "pa1", "eta0": 0.01, "penalty": None}
    defaults |= {"max_iter": 200, "average": True}
    return SGDClassifier(
        **defaults | library_params(request.params), random_state=request.seed % (2**31 - 1), n_jobs=1
    )


ALGORITHM = margin_classifier("passive_aggressive", ("passive_aggressive_classifier",), _make)
