"""Weights of a blend: they help, they are affordable, and they do not depend on how the metric is computed."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from yunque.learning.ensemble import choose, mix
from yunque.learning.judge import Judged
from yunque.learning.task import Task, TaskKind

BINARY = Task(kind=TaskKind.BINARY, target="y", classes=("no", "yes"), metric="log_loss")
REGRESSION = Task(kind=TaskKind.REGRESSION, target="y", metric="rmse")


def values(n: int, noise: dict[str, float], seed: int = 0) -> tuple[Judged, dict[str, np.ndarray]]:
    rng = np.random.default_rng(seed)
    y = rng.normal(size=n)
    return Judged(task=REGRESSION, y=y), {
        name: (y + rng.normal(0, scale, n))[:, None] for name, scale in noise.items()
    }


def test_independent_errors_are_averaged_away() -> None:
    judged, predictions = values(3_000, {"a": 1.0, "b": 1.0, "c": 1.0, "bad": 20.0})
    best, pareto = choose(judged, predictions, dict.fromkeys(predictions, 10.0), 1_000.0)
    single = min(judged.loss(p) for p in predictions.values())
    assert best.loss < 0.65 * single
    assert set(best.weights) == {"a", "b", "c"}
    assert max(best.weights.values()) - min(best.weights.values()) < 0.2
    assert best.loss == pytest.approx(judged.loss(mix(best.weights, predictions)), rel=1e-9)
    assert pareto[-1].loss <= best.loss


def test_members_too_slow_for_the_target_stay_outside() -> None:
    judged, predictions = values(2_000, {"fast": 1.0, "slow": 0.5})
    costs = {"fast": 5.0, "slow": 5_000.0}
    best, pareto = choose(judged, predictions, costs, 1_000.0)
    assert set(best.weights) == {"fast"}
    assert best.microseconds <= 1_000.0
    assert any("slow" in each.weights for each in pareto)
    assert [each.microseconds for each in pareto] == sorted(each.microseconds for each in pareto)
    losses = [each.loss for each in pareto]
    assert losses == sorted(losses, reverse=True)


def test_without_any_affordable_member_the_cheapest_is_taken() -> None:
    judged, predictions = values(500, {"a": 1.0, "b": 0.5})
    best, _ = choose(judged, predictions, {"a": 2_000.0, "b": 3_000.0}, 100.0)
    assert set(best.weights) == {"a"}


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 1_000),
    n=st.integers(5, 200),
    classes=st.integers(2, 4),
    metric=st.sampled_from(["log_loss", "brier", "accuracy", "roc_auc"]),
)
def test_a_blend_is_never_worse_than_the_best_member_on_the_rows_it_was_chosen_on(
    seed: int, n: int, classes: int, metric: str
) -> None:
    rng = np.random.default_rng(seed)
    kind = TaskKind.BINARY if classes == 2 else TaskKind.MULTICLASS
    task = Task(kind=kind, target="y", classes=tuple(range(classes)), metric=metric)
    judged = Judged(task=task, y=rng.integers(0, classes, n), weight=rng.uniform(0.5, 2.0, n))
    predictions = {name: rng.dirichlet(np.ones(classes), n) for name in "abcd"}
    best, _ = choose(judged, predictions, dict.fromkeys("abcd", 1.0), 100.0)
    assert best.loss <= min(judged.loss(p) for p in predictions.values()) + 1e-12
    assert sum(best.weights.values()) == pytest.approx(1.0)
    assert min(best.weights.values()) > 0
    mixed = mix(best.weights, predictions)
    assert judged.loss(mixed) == pytest.approx(best.loss, abs=1e-9)


def test_a_choice_out_of_time_is_still_a_choice() -> None:
    judged, predictions = values(500, {"a": 1.0, "b": 0.5})
    best, _ = choose(judged, predictions, {"a": 1.0, "b": 1.0}, 100.0, out_of_time=lambda: True)
    assert set(best.weights) == {"b"}


def test_an_undefined_metric_is_replaced_so_that_candidates_differ() -> None:
    task = Task(kind=TaskKind.BINARY, target="y", classes=(0, 1), metric="roc_auc")
    judged = Judged(task=task, y=np.ones(10, dtype=np.int64))
    good, bad = np.tile([0.1, 0.9], (10, 1)), np.tile([0.9, 0.1], (10, 1))
    assert judged.loss(good) < judged.loss(bad) < np.inf
