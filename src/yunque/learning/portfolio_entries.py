"""The configurations that a training may try, in the order in which they are worth it.

Order and members of `ENTRIES` were learnt: benchmarks/portfolio.py fits some forty configurations on the
folds of many public tables and picks greedily what a blend gains, judged on tables that were left out. The
linear models stand first for what they cost, and what came last by the measure waits for larger budgets.
Where time allows few fits, the strongest single models come first instead (`FOR_FEW`): a small budget was
where what was learnt lost (docs/decisions/0016-the-portfolio-is-learnt.md).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from yunque.learning.target import LOG_LINKED


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One line of the portfolio.

    Attributes:
        params: in every task; `classification` and `regression` add theirs.
        rate: learning rate with unlimited time; it rises when time allows few rounds. 0 leaves it alone.
        from_seconds: smallest budget in which it is worth a slot.
        share: of a slot, as in `Candidate`.
        pace: seconds of its rounds, relative to LightGBM with 31 leaves.
        of_amounts: only for a regression whose targets are all 0 or more.
    """

    name: str
    algorithm: str
    params: Mapping[str, Any] = field(default_factory=dict)
    classification: Mapping[str, Any] = field(default_factory=dict)
    regression: Mapping[str, Any] = field(default_factory=dict)
    rate: float = 0.0
    from_seconds: float = 0.0
    share: float = 1.0
    pace: float = 1.0
    is_anchor: bool = False
    is_reference: bool = False
    of_amounts: bool = False


def _light(name: str, rate: float, from_seconds: float = 0.0, **params: Any) -> Entry:
    pace = (0.6 if params.get("extra_trees") else 1.0) * (params.get("num_leaves", 31) / 31) ** 0.5
    return Entry(
        name=f"lightgbm-{name}",
        algorithm="lightgbm",
        params=params,
        rate=rate,
        from_seconds=from_seconds,
        pace=pace,
        of_amounts=params.get("objective") in LOG_LINKED,
    )


ANCHORS = (
    Entry(name="constant", algorithm="constant", is_anchor=True, is_reference=True),
    Entry(
        name="lightgbm-quick",
        algorithm="lightgbm",
        params={"num_leaves": 31, "learning_rate": 0.1, "feature_fraction": 0.8, "num_iterations": 60},
        is_anchor=True,
    ),
)
# Spread that grows with the amount: alone as good as squares, and 1 to 4 % better beside them.
_POISSON = _light(
    "poisson", 0.04, objective="poisson", num_leaves=50, min_data_in_leaf=40, bagging_fraction=0.75,
    feature_fraction=0.8,
)  # fmt: skip
_EXTRA = _light(
    "extra", 0.03, extra_trees=True, num_leaves=40, feature_fraction=0.5, bagging_fraction=0.9,
    min_data_in_leaf=5, lambda_l1=0.25, lambda_l2=0.4, cat_smooth=15.0,
)  # fmt: skip
ENTRIES = (
    Entry(name="linear", algorithm="linear", share=0.4),
    Entry(name="logistic_regression", algorithm="logistic_regression", share=0.4),
    _light(
        "numbers", 0.047, categories="numbers", num_leaves=25, min_data_in_leaf=13, feature_fraction=0.39,
        bagging_fraction=0.88, lambda_l1=0.11, lambda_l2=0.074,
    ),
    _POISSON,
    _light("tiny", 0.05, extra_trees=True, num_leaves=5, feature_fraction=0.7, bagging_fraction=0.85),
    Entry(
        name="catboost",
        algorithm="catboost",
        params={"depth": 5, "l2_leaf_reg": 0.88, "random_strength": 1.7},
        rate=0.06,
        share=1.8,
        pace=1.5,
    ),
    _light(
        "shallow", 0.02, num_leaves=5, min_data_in_leaf=12, feature_fraction=0.57, lambda_l1=0.017,
        lambda_l2=0.14, cat_smooth=4.9,
    ),
    Entry(name="extra_trees", algorithm="extra_trees", params={"max_features": 0.39}),
    Entry(
        name="catboost-shallow",
        algorithm="catboost",
        params={"depth": 4, "l2_leaf_reg": 0.66, "random_strength": 0.12},
        rate=0.07,
        share=1.5,
        pace=1.3,
    ),
    Entry(
        name="xgboost",
        algorithm="xgboost",
        params={"max_depth": 8, "min_child_weight": 0.0093, "reg_lambda": 3.3, "subsample": 0.74,
                "colsample_bylevel": 0.62},
        rate=0.035,
        share=1.3,
        pace=1.5,
    ),
    _light("mixed", 0.04, num_leaves=50, min_data_in_leaf=40, bagging_fraction=0.75, feature_fraction=0.8),
    _EXTRA,
    Entry(
        name="xgboost-slow",
        algorithm="xgboost",
        params={"max_depth": 6, "min_child_weight": 0.0055, "reg_lambda": 0.17, "subsample": 0.77,
                "colsample_bylevel": 0.98},
        rate=0.031,
        from_seconds=60.0,
        share=1.3,
        pace=1.5,
    ),
    _light(
        "wide", 0.02, 60.0, extra_trees=True, num_leaves=180, feature_fraction=0.4, bagging_fraction=0.95,
        min_data_in_leaf=12, lambda_l1=0.8, lambda_l2=1.6,
    ),
    _light(
        "tweedie", 0.05, 60.0, objective="tweedie", extra_trees=True, num_leaves=40, feature_fraction=0.6,
        bagging_fraction=0.9, min_data_in_leaf=5,
    ),
    _light(
        "ordinal", 0.05, 60.0, categories="numbers", num_leaves=31, min_data_in_leaf=10, bagging_fraction=0.9,
    ),
    Entry(
        name="catboost-tuned",
        algorithm="catboost",
        classification={"depth": 7, "l2_leaf_reg": 1e-5, "random_strength": 0.8},
        regression={"depth": 9, "random_strength": 0.0},
        rate=0.08,
        from_seconds=120.0,
        share=2.5,
        pace=2.5,
    ),
    Entry(name="random_forest", algorithm="random_forest", from_seconds=60.0),
)  # fmt: skip
FOR_FEW = (
    Entry(name="linear", algorithm="linear", share=0.4),
    Entry(name="logistic_regression", algorithm="logistic_regression", share=0.4),
    _light("mixed", 0.04, num_leaves=50, min_data_in_leaf=40, bagging_fraction=0.75, feature_fraction=0.8),
    _POISSON,
    Entry(name="catboost", algorithm="catboost", rate=0.06, share=2.0, pace=1.7),
    _EXTRA,
    _light("ordinal", 0.05, categories="numbers", num_leaves=31, min_data_in_leaf=10, bagging_fraction=0.9),
    Entry(name="extra_trees", algorithm="extra_trees"),
    Entry(
        name="xgboost",
        algorithm="xgboost",
        classification={"max_depth": 6, "min_child_weight": 5e-6, "reg_lambda": 0.0, "subsample": 0.65,
                        "colsample_bylevel": 0.9},
        regression={"max_depth": 9, "min_child_weight": 2.0, "subsample": 0.7},
        rate=0.06,
        share=1.3,
        pace=1.5,
    ),
    _light(
        "deep", 0.02, num_leaves=84, feature_fraction=0.5, bagging_fraction=0.95, min_data_in_leaf=5,
        lambda_l2=0.8,
    ),
)  # fmt: skip
