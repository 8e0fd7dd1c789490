"""XGBoost with classes that weigh the same, as R5 trained it; only when it is named."""

from dataclasses import replace

from yunque.learning.algorithms.xgboost import ALGORITHM as XGBOOST
from yunque.learning.class_weights import balanced
from yunque.learning.task import TaskKind

ALGORITHM = replace(
    XGBOOST,
    name="xgboost_balanced",
    aliases=("balanced_xgboost",),
    tasks=frozenset({TaskKind.BINARY, TaskKind.MULTICLASS}),
    fit=balanced(XGBOOST.fit),
    only_when_named=True,
)
