"""What is tried, in which order: configurations that did well elsewhere, as many as the budget can carry.

The order follows published portfolios: one boosted model of each library first, then varied LightGBMs,
whose quality gains most from variety. Values are rounded from AutoGluon's CPU portfolio and pytabkit's
tuned defaults.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from yunque.learning.algorithm import Algorithm
from yunque.learning.candidate import Candidate
from yunque.learning.registry import algorithm, installed_algorithms
from yunque.learning.task import Task

ANCHOR_ROWS = 20_000
FEWEST_CANDIDATES = 4
FEWEST_ROUNDS = 120  # a boosted model that gets fewer rounds than this in its slot is one too many
SLACK = 1.6  # slots may overlap: small and dropped candidates leave time to others
ROUNDS_WANTED = 25.0  # learning rate times rounds that a fit should be able to reach
LOWEST_RATE, HIGHEST_RATE = 0.005, 0.15
SECONDS_PER_CELL_ROUND = 4e-9  # one core, one boosting round, per row and column; measured on two tables
SECONDS_PER_ROUND = 3e-4


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One line of the portfolio.

    Attributes:
        params: in every task; `classification` and `regression` add theirs.
        rate: learning rate with unlimited time; it rises when time allows few rounds. 0 leaves it alone.
        from_seconds: smallest budget in which it is worth a slot.
        share: of a slot, as in `Candidate`.
    """

    name: str
    algorithm: str
    params: Mapping[str, Any] = field(default_factory=dict)
    classification: Mapping[str, Any] = field(default_factory=dict)
    regression: Mapping[str, Any] = field(default_factory=dict)
    rate: float = 0.0
    from_seconds: float = 0.0
    share: float = 1.0
    is_anchor: bool = False


def _light(name: str, rate: float, from_seconds: float = 0.0, **params: Any) -> Entry:
    return Entry(
        name=f"lightgbm-{name}", algorithm="lightgbm", params=params, rate=rate, from_seconds=from_seconds
    )


ENTRIES = (
    Entry(name="constant", algorithm="constant", is_anchor=True),
    Entry(
        name="lightgbm-quick",
        algorithm="lightgbm",
        params={"num_leaves": 31, "learning_rate": 0.1, "feature_fraction": 0.8, "num_iterations": 60},
        is_anchor=True,
    ),
    Entry(name="linear", algorithm="linear"),
    Entry(name="logistic_regression", algorithm="logistic_regression"),
    Entry(name="catboost", algorithm="catboost", rate=0.06, share=2.5),
    _light("mixed", 0.04, num_leaves=50, min_data_in_leaf=40, bagging_fraction=0.75, feature_fraction=0.8),
    _light(
        "extra", 0.03, extra_trees=True, num_leaves=40, feature_fraction=0.5, bagging_fraction=0.9,
        min_data_in_leaf=5, lambda_l1=0.25, lambda_l2=0.4, cat_smooth=15.0,
    ),
    Entry(name="extra_trees", algorithm="extra_trees", params={"min_samples_leaf": 2}),
    _light(
        "deep", 0.02, 20.0, num_leaves=84, feature_fraction=0.5, bagging_fraction=0.95, min_data_in_leaf=5,
        lambda_l2=0.8,
    ),
    Entry(
        name="xgboost",
        algorithm="xgboost",
        classification={"max_depth": 6, "min_child_weight": 5e-6, "reg_lambda": 0.0, "subsample": 0.65,
                        "colsample_bylevel": 0.9},
        regression={"max_depth": 9, "min_child_weight": 2.0, "subsample": 0.7},
        rate=0.06,
        from_seconds=20.0,
        share=1.5,
    ),
    _light("tiny", 0.05, 15.0, extra_trees=True, num_leaves=5, feature_fraction=0.7, bagging_fraction=0.85),
    _light(
        "wide", 0.02, 60.0, extra_trees=True, num_leaves=180, feature_fraction=0.4, bagging_fraction=0.95,
        min_data_in_leaf=12, lambda_l1=0.8, lambda_l2=1.6,
    ),
    _light(
        "small", 0.04, 60.0, num_leaves=16, feature_fraction=0.6, bagging_fraction=0.95, min_data_in_leaf=3,
        lambda_l1=0.9, lambda_l2=1.0,
    ),
    Entry(
        name="catboost-tuned",
        algorithm="catboost",
        classification={"depth": 7, "l2_leaf_reg": 1e-5, "random_strength": 0.8, "one_hot_max_size": 15},
        regression={"depth": 9, "random_strength": 0.0, "one_hot_max_size": 20},
        rate=0.08,
        from_seconds=120.0,
        share=2.5,
    ),
    _light("stump", 0.05, 120.0, num_leaves=2, feature_fraction=0.7),
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Shape:
    """How large one fit is, and how many there are.

    Attributes:
        rows: training rows of one fold.
        columns: feature columns.
        outputs: classes, or 1; a binary task counts 1.
        folds: folds of the split.
        core_seconds: threads times the seconds of the search.
        seconds: the whole budget.
    """

    rows: int
    columns: int
    outputs: int
    folds: int
    core_seconds: float
    seconds: float

    @property
    def round_seconds(self) -> float:
        """Seconds of one boosting round on one core, roughly."""
        cells = self.rows * self.columns * self.outputs
        return SECONDS_PER_CELL_ROUND * cells + SECONDS_PER_ROUND * self.outputs


def portfolio(
    task: Task, shape: Shape, wish: tuple[str, ...] | None = None
) -> tuple[tuple[Candidate, ...], float]:
    """Give the candidates in order, and the seconds of one slot.

    Args:
        task: the question.
        shape: size and time.
        wish: names or aliases of algorithms to restrict to; None takes every installed one. Algorithms that
            the portfolio does not mention take part with their defaults.

    Raises:
        NotFoundError: a wished algorithm does not exist.
    """
    usable = _usable(task, wish)
    mentioned = {entry.algorithm for entry in ENTRIES}
    entries = [entry for entry in ENTRIES if entry.algorithm in usable]
    entries += [Entry(name=name, algorithm=name) for name in usable if name not in mentioned]
    affordable = shape.core_seconds / (shape.folds * FEWEST_ROUNDS * shape.round_seconds)
    anchors = [entry for entry in entries if entry.is_anchor]
    ordinary = [entry for entry in entries if not entry.is_anchor]
    timely = [entry for entry in ordinary if entry.from_seconds <= shape.seconds] or ordinary[:1]
    count = len(timely) if wish else max(FEWEST_CANDIDATES, int(affordable))
    chosen = timely[:count]
    shares = sum(entry.share for entry in chosen) or 1.0
    slot = SLACK * shape.core_seconds / (shape.folds * shares)
    made = [_candidate(entry, usable[entry.algorithm], task, shape, slot) for entry in [*anchors, *chosen]]
    return tuple(made), slot


def _usable(task: Task, wish: tuple[str, ...] | None) -> dict[str, Algorithm]:
    """Give the algorithms by name; the constant is always there, as the last resort."""
    wanted = (
        installed_algorithms() if wish is None else tuple(algorithm(name) for name in (*wish, "constant"))
    )
    return {each.name: each for each in wanted if task.kind in each.tasks}


def _candidate(entry: Entry, found: Algorithm, task: Task, shape: Shape, slot: float) -> Candidate:
    params = {**entry.params, **(entry.classification if task.is_classification else entry.regression)}
    if entry.rate:
        params["learning_rate"] = learning_rate(entry.rate, slot, shape)
    return Candidate(
        name=entry.name,
        algorithm=found,
        params=params,
        share=entry.share,
        most_rows=ANCHOR_ROWS if entry.is_anchor else 0,
        is_anchor=entry.is_anchor,
    )


def learning_rate(wanted: float, slot: float, shape: Shape) -> float:
    """Raise a learning rate so that the rounds that fit into a slot are enough; two digits."""
    rounds = max(1.0, slot / shape.round_seconds)
    rate = min(max(wanted, ROUNDS_WANTED / rounds, LOWEST_RATE), HIGHEST_RATE)
    return float(f"{rate:.2g}")
