"""The configurations that benchmarks/portfolio.py fits: the product's own, and seeded draws beside them."""

from typing import Any

import numpy as np

from yunque.learning.portfolio_entries import ENTRIES, Entry

DRAWN = {"lightgbm": 12, "xgboost": 4, "catboost": 3, "extra_trees": 2, "random_forest": 1}
SEED = 20


def entries() -> tuple[Entry, ...]:
    """Give every configuration, the product's own first."""
    rng = np.random.default_rng(SEED)
    drawn = [
        Entry(name=f"{name}-drawn-{number}", algorithm=name, params=DRAWS[name](rng))
        for name, count in DRAWN.items()
        for number in range(count)
    ]
    return (*ENTRIES, *drawn, *OTHERS)


OTHERS = (
    Entry(name="mlp", algorithm="mlp"),
    Entry(name="mlp-wide", algorithm="mlp", params={"hidden_layer_sizes": [256], "alpha": 0.1}),
    Entry(name="k_nearest", algorithm="k_nearest"),
    Entry(name="naive_bayes", algorithm="naive_bayes"),
    Entry(name="elastic_net", algorithm="elastic_net"),
)


def _log(rng: np.random.Generator, low: float, high: float) -> float:
    return float(f"{np.exp(rng.uniform(np.log(low), np.log(high))):.2g}")


def _lightgbm(rng: np.random.Generator) -> dict[str, Any]:
    drawn: dict[str, Any] = {
        "num_leaves": round(_log(rng, 4, 200)),
        "learning_rate": _log(rng, 0.02, 0.08),
        "min_data_in_leaf": round(_log(rng, 2, 60)),
        "feature_fraction": float(f"{rng.uniform(0.3, 1.0):.2g}"),
        "bagging_fraction": float(f"{rng.uniform(0.6, 1.0):.2g}"),
        "lambda_l1": _log(rng, 1e-3, 2.0),
        "lambda_l2": _log(rng, 1e-3, 10.0),
        "cat_smooth": _log(rng, 1.0, 60.0),
    }
    if rng.random() < 0.4:
        drawn["extra_trees"] = True
    if rng.random() < 0.3:
        drawn["categories"] = "numbers"
    return drawn


def _xgboost(rng: np.random.Generator) -> dict[str, Any]:
    return {
        "learning_rate": _log(rng, 0.03, 0.1),
        "max_depth": int(rng.integers(3, 11)),
        "min_child_weight": _log(rng, 1e-3, 10.0),
        "reg_lambda": _log(rng, 1e-3, 10.0),
        "subsample": float(f"{rng.uniform(0.6, 1.0):.2g}"),
        "colsample_bylevel": float(f"{rng.uniform(0.5, 1.0):.2g}"),
    }


def _catboost(rng: np.random.Generator) -> dict[str, Any]:
    return {
        "learning_rate": _log(rng, 0.04, 0.1),
        "depth": int(rng.integers(4, 9)),
        "l2_leaf_reg": _log(rng, 0.5, 10.0),
        "random_strength": float(f"{rng.uniform(0.0, 2.0):.2g}"),
    }


def _forest(rng: np.random.Generator) -> dict[str, Any]:
    return {
        "max_features": float(f"{rng.uniform(0.2, 1.0):.2g}"),
        "min_samples_leaf": round(_log(rng, 1, 20)),
    }


DRAWS = {
    "lightgbm": _lightgbm,
    "xgboost": _xgboost,
    "catboost": _catboost,
    "extra_trees": _forest,
    "random_forest": _forest,
}
