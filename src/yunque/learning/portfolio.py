"""What is tried, in which order: configurations that did well elsewhere, as many as the budget can carry.

Order and members were learnt: benchmarks/portfolio.py fits some forty configurations on the folds of many
public tables and picks greedily what a blend gains, judged on tables that were left out. The linear models
stand first for what they cost, and what came last by the measure waits for larger budgets.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

from yunque.learning.algorithm import Algorithm
from yunque.learning.candidate import Candidate
from yunque.learning.fit_size import FitSize
from yunque.learning.registry import algorithm, default_algorithms
from yunque.learning.target import LOG_LINKED
from yunque.learning.task import Task

ANCHOR_ROWS = 20_000
FEWEST_CANDIDATES = 2
FEWEST_ROUNDS = 150  # with fewer rounds in its slot a boosted model is one too many
SLACK = 1.6  # slots may overlap: small and dropped candidates leave time to others
ROUNDS_WANTED = 25.0  # learning rate times rounds that a fit should be able to reach
LOWEST_RATE, HIGHEST_RATE = 0.005, 0.2
SHORT_SECONDS = 60.0


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
ENTRIES = (
    Entry(name="linear", algorithm="linear", share=0.4),
    Entry(name="logistic_regression", algorithm="logistic_regression", share=0.4),
    _light(
        "numbers", 0.047, categories="numbers", num_leaves=25, min_data_in_leaf=13, feature_fraction=0.39,
        bagging_fraction=0.88, lambda_l1=0.11, lambda_l2=0.074,
    ),
    # Spread that grows with the amount: alone as good as squares, and 1 to 4 % better beside them.
    _light(
        "poisson", 0.04, objective="poisson", num_leaves=50, min_data_in_leaf=40, bagging_fraction=0.75,
        feature_fraction=0.8,
    ),
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
    _light(
        "extra", 0.03, extra_trees=True, num_leaves=40, feature_fraction=0.5, bagging_fraction=0.9,
        min_data_in_leaf=5, lambda_l1=0.25, lambda_l2=0.4, cat_smooth=15.0,
    ),
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


@dataclass(frozen=True, kw_only=True)
class Shape:
    """How large one fit is, and how much time there is for all.

    Attributes:
        fit: rows, columns and outputs of one fit.
        folds: folds of the split.
        core_seconds: threads times the seconds of the search.
        seconds: the whole budget.
        pace: seconds that this machine needs for what is expected to take one.
    """

    fit: FitSize
    folds: int
    core_seconds: float
    seconds: float
    pace: float = 1.0

    @property
    def round_seconds(self) -> float:
        """Seconds of one boosting round on this machine."""
        return self.fit.round_seconds * self.pace


def anchors(task: Task, wish: tuple[str, ...] | None = None) -> tuple[Candidate, ...]:
    """Give what runs first: the constant, and a quick boosted model if the wish allows it."""
    usable = _usable(task, wish)
    return tuple(
        _candidate(entry, usable[entry.algorithm], task) for entry in ANCHORS if entry.algorithm in usable
    )


def portfolio(
    task: Task, shape: Shape, wish: tuple[str, ...] | None = None, *, of_amounts: bool = False
) -> tuple[tuple[Candidate, ...], float]:
    """Give the candidates in order, and the seconds of one slot.

    Args:
        task: the question.
        shape: size and time.
        wish: names or aliases of algorithms to restrict to; None takes every installed one. Algorithms that
            the portfolio does not mention take part with their defaults.
        of_amounts: whether the targets of a regression are all 0 or more.

    Raises:
        NotFoundError: a wished algorithm does not exist.
    """
    usable = _usable(task, wish)
    mentioned = {entry.algorithm for entry in (*ANCHORS, *ENTRIES)}
    entries = [
        entry for entry in ENTRIES if entry.algorithm in usable and (of_amounts or not entry.of_amounts)
    ]
    entries += [Entry(name=name, algorithm=name) for name in usable if name not in mentioned]
    timely = entries if wish else [entry for entry in entries if entry.from_seconds <= shape.seconds]
    affordable = shape.core_seconds / (shape.folds * FEWEST_ROUNDS * shape.round_seconds)
    shares = list(accumulate(entry.share for entry in timely))
    count = max(FEWEST_CANDIDATES, sum(share <= affordable for share in shares))
    chosen = timely if wish else timely[:count]
    slot = SLACK * shape.core_seconds / (shape.folds * max(1.0, sum(entry.share for entry in chosen)))
    made = [
        _candidate(entry, usable[entry.algorithm], task, _fitted_to(entry, slot, shape)) for entry in chosen
    ]
    return tuple(made), slot


def _usable(task: Task, wish: tuple[str, ...] | None) -> dict[str, Algorithm]:
    """Give the algorithms by name; the constant is always there, as the last resort."""
    wanted = default_algorithms() if wish is None else tuple(algorithm(name) for name in (*wish, "constant"))
    return {each.name: each for each in wanted if task.kind in each.tasks}


def _candidate(
    entry: Entry, found: Algorithm, task: Task, more: Mapping[str, Any] | None = None
) -> Candidate:
    own = entry.classification if task.is_classification else entry.regression
    return Candidate(
        name=entry.name,
        algorithm=found,
        params={**entry.params, **own, **(more or {})},
        share=entry.share,
        most_rows=ANCHOR_ROWS if entry.is_anchor and not entry.is_reference else 0,
        is_anchor=entry.is_anchor,
        is_reference=entry.is_reference,
    )


def _fitted_to(entry: Entry, slot: float, shape: Shape) -> dict[str, Any]:
    """Give the parameters that depend on the time: learning rate, and patience where time is short."""
    if not entry.rate:
        return {}
    rounds = max(1.0, slot * entry.share / (shape.round_seconds * entry.pace))
    patience = {"patience_share": 0.5} if shape.seconds < SHORT_SECONDS else {}
    return {"learning_rate": learning_rate(entry.rate, rounds), **patience}


def learning_rate(wanted: float, rounds: float) -> float:
    """Raise a learning rate so that `rounds` are enough; two digits."""
    return float(f"{min(max(wanted, ROUNDS_WANTED / rounds, LOWEST_RATE), HIGHEST_RATE):.2g}")
