"""Logistic regression with classes that weigh the same; only when it is named."""

from dataclasses import replace

from yunque.learning.algorithms.logistic_regression import ALGORITHM as LOGISTIC_REGRESSION
from yunque.learning.class_weights import balanced

ALGORITHM = replace(
    LOGISTIC_REGRESSION,
    name="logistic_regression_balanced",
    aliases=("balanced_logistic_regression",),
    fit=balanced(LOGISTIC_REGRESSION.fit),
    only_when_named=True,
)
