"""The metrics against scikit-learn, against hand counts, and at their edges."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from yunque.errors import NotFoundError, UsageError
from yunque.learning.metrics import (
    CATALOGUE,
    confusion_matrix,
    default_metric,
    evaluate_all,
    loss_error,
    loss_of,
    metric,
    metrics_of,
    score_of_loss,
)
from yunque.learning.metrics_ordinal import ORDINAL
from yunque.learning.scores import ranking
from yunque.learning.task import Task, TaskKind

BINARY = Task(kind=TaskKind.BINARY, target="y", classes=("no", "yes"), metric="log_loss")
THREE = Task(kind=TaskKind.MULTICLASS, target="y", classes=("a", "b", "c"), metric="log_loss")
REGRESSION = Task(kind=TaskKind.REGRESSION, target="y", metric="rmse")


def draw(task: Task, rows: int, seed: int, decimals: int = 2) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw truths, rounded (so tied) predictions and weights; every class occurs."""
    random = np.random.default_rng(seed)
    weight = random.uniform(0.5, 2.0, rows)
    if not task.is_classification:
        y = random.normal(3.0, 2.0, rows)
        return y, np.round(y + random.normal(0, 1.0, rows), decimals)[:, None], weight
    classes = len(task.classes)
    y = np.concatenate([np.arange(classes), random.integers(0, classes, rows - classes)])
    logits = random.normal(size=(rows, classes)) + np.eye(classes)[y]
    p = np.round(np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True), decimals)
    p[:, 0] += 1.0 - p.sum(axis=1)
    return y, np.clip(p, 0.0, 1.0), weight


def sklearn_classification(task: Task, y, p, w) -> dict[str, float]:
    answer, classes = p.argmax(axis=1), len(task.classes)
    binary = classes == 2
    score = p[:, 1] if binary else p
    onehot = np.eye(classes)[y]
    given = {"sample_weight": w}
    found = {
        "accuracy": sk.accuracy_score(y, answer, **given),
        "balanced_accuracy": sk.balanced_accuracy_score(y, answer, **given),
        "mcc": sk.matthews_corrcoef(y, answer, **given),
        "roc_auc": sk.roc_auc_score(y, score, **given)
        if binary
        else np.mean([sk.roc_auc_score(onehot[:, c], p[:, c], **given) for c in range(classes)]),
        "pr_auc": sk.average_precision_score(y, score, **given)
        if binary
        else sk.average_precision_score(onehot, p, average="macro", **given),
        "brier": sk.brier_score_loss(y, p[:, 1], **given)
        if binary
        else np.average(((p - onehot) ** 2).sum(axis=1), weights=w),
        "log_loss": np.average(-np.log(np.clip(p[np.arange(len(y)), y], 1e-15, 1)), weights=w),
    }
    for name, function in {
        "precision": sk.precision_score,
        "recall": sk.recall_score,
        "f1": sk.f1_score,
    }.items():
        for average in ("macro", "weighted"):
            found[f"{name}_{average}"] = function(y, answer, average=average, zero_division=0, **given)
        plain = "binary" if binary else "macro"
        found[name] = function(y, answer, average=plain, zero_division=0, **given)
        each = function(y, answer, average=None, labels=range(classes), zero_division=0, **given)
        found |= {f"{name}[{label}]": each[position] for position, label in enumerate(task.classes)}
    return found


@pytest.mark.parametrize("task", [BINARY, THREE], ids=["binary", "multiclass"])
@pytest.mark.parametrize("weighted", [False, True])
@settings(max_examples=50, deadline=None)
@given(rows=st.integers(5, 200), seed=st.integers(0, 10_000))
def test_classification_agrees_with_sklearn(task, weighted, rows, seed):
    y, p, weight = draw(task, rows, seed)
    given_weight = weight if weighted else None
    ours = evaluate_all(task, y, p, weight=given_weight)
    for name, expected in sklearn_classification(task, y, p, given_weight).items():
        assert ours[name] == pytest.approx(expected, abs=1e-9), name


def test_log_loss_agrees_with_sklearn_on_rows_that_sum_to_one():
    y, p, _ = draw(THREE, 300, 1, decimals=15)
    assert evaluate_all(THREE, y, p)["log_loss"] == pytest.approx(sk.log_loss(y, p))


@pytest.mark.parametrize("weighted", [False, True])
@settings(max_examples=50, deadline=None)
@given(rows=st.integers(2, 200), seed=st.integers(0, 10_000))
def test_regression_agrees_with_sklearn(weighted, rows, seed):
    y, p, weight = draw(REGRESSION, rows, seed)
    w = weight if weighted else None
    ours = evaluate_all(REGRESSION, y, p, weight=w)
    assert ours["mae"] == pytest.approx(sk.mean_absolute_error(y, p, sample_weight=w))
    assert ours["mse"] == pytest.approx(sk.mean_squared_error(y, p, sample_weight=w))
    assert ours["rmse"] == pytest.approx(sk.root_mean_squared_error(y, p, sample_weight=w))
    assert ours["r2"] == pytest.approx(sk.r2_score(y, p, sample_weight=w))
    assert ours["mape"] == pytest.approx(sk.mean_absolute_percentage_error(y, p, sample_weight=w))
    if not weighted:
        assert ours["median_absolute_error"] == pytest.approx(sk.median_absolute_error(y, p))
    errors = np.abs(y - p[:, 0])
    assert ours["wape"] == pytest.approx(np.average(errors, weights=w) / np.average(np.abs(y), weights=w))


@settings(max_examples=100, deadline=None)
@given(rows=st.integers(3, 120), seed=st.integers(0, 10_000), k=st.integers(1, 20), levels=st.integers(1, 30))
def test_ndcg_agrees_with_sklearn_with_ties(rows, seed, k, levels):
    random = np.random.default_rng(seed)
    gain = random.integers(0, 4, rows).astype(float)
    gain[0] = 1.0
    score = random.integers(0, levels, rows).astype(float)
    assert ranking.ndcg_at(gain, score, k) == pytest.approx(sk.ndcg_score(gain[None], score[None], k=k))


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), k=st.integers(1, 8))
def test_ranking_scores_are_means_over_all_orders_of_ties(seed, k):
    random = np.random.default_rng(seed)
    relevant = np.array([1.0, 0, 1, 0, 0, 1, 0, 1])
    score = random.integers(0, 3, 8).astype(float)

    def plain_map(order: np.ndarray) -> float:
        hit = relevant[order]
        precision = np.cumsum(hit) / np.arange(1, 9)
        return float((hit * precision)[:k].sum() / min(k, hit.sum()))

    orders = [np.lexsort((random.random(8), -score)) for _ in range(4000)]
    assert ranking.map_at(relevant, score, k) == pytest.approx(
        np.mean([plain_map(o) for o in orders]), abs=0.03
    )
    hits = np.mean([relevant[o][:k].mean() for o in orders])
    assert ranking.precision_at(relevant, score, k) == pytest.approx(hits, abs=0.03)


def test_ranking_by_hand():
    relevant, score = np.array([1.0, 0, 1, 0, 0, 0, 0, 0, 0, 0]), np.arange(10, 0, -1.0)
    assert ranking.precision_at(relevant, score, 2) == 0.5
    assert ranking.lift_at(relevant, score, 1) == 5.0
    assert ranking.map_at(relevant, score, 3) == pytest.approx((1 + 2 / 3) / 2)
    assert ranking.map_at(relevant, score, 1) == 1.0
    two_groups = np.array([0] * 5 + [1] * 5)
    assert ranking.mean_over_groups(ranking.precision_at, relevant, score, 1, two_groups) == 0.5
    assert ranking.mean_over_groups(ranking.map_at, relevant, score, 5, two_groups) == pytest.approx(5 / 6)


def test_lift_at_ten_percent_of_a_perfect_model():
    y = np.array([1] * 20 + [0] * 80)
    p = np.column_stack([1.0 - y, y]).astype(float)
    found = evaluate_all(BINARY, y, p)
    assert (found["lift_at_10pct"], found["precision_at_10pct"]) == (5.0, 1.0)
    assert (found["ndcg_at_10pct"], found["map_at_10pct"]) == (1.0, 1.0)


@settings(max_examples=50, deadline=None)
@given(rows=st.integers(3, 60), seed=st.integers(0, 10_000), levels=st.integers(1, 5))
def test_no_metric_depends_on_the_order_of_rows(rows, seed, levels):
    random = np.random.default_rng(seed)
    y = random.integers(0, 3, rows)
    p = random.integers(1, levels + 1, (rows, 3)).astype(float)
    p /= p.sum(axis=1, keepdims=True)
    order = random.permutation(rows)
    ours, shuffled = evaluate_all(THREE, y, p), evaluate_all(THREE, y[order], p[order])
    assert ours.keys() == shuffled.keys()
    assert all(ours[name] == pytest.approx(shuffled[name], abs=1e-12) for name in ours)
    y2, p2 = (y > 0).astype(int), np.column_stack([p[:, 0], 1 - p[:, 0]])
    ours, shuffled = evaluate_all(BINARY, y2, p2), evaluate_all(BINARY, y2[order], p2[order])
    assert all(ours[name] == pytest.approx(shuffled[name], abs=1e-12) for name in ours)


@settings(max_examples=50, deadline=None)
@given(rows=st.integers(2, 80), seed=st.integers(0, 10_000))
def test_bounds(rows, seed):
    y, p, _ = draw(THREE, rows + 3, seed)
    for name, value in evaluate_all(THREE, y, p).items():
        low, high = {"mcc": (-1, 1), "brier": (0, 2), "log_loss": (0, 35)}.get(name, (0, 1))
        assert low <= value <= high, name


def test_ece_of_calibrated_and_overconfident_probabilities():
    random = np.random.default_rng(0)
    p = random.uniform(0, 1, 60_000)
    y = (random.uniform(0, 1, 60_000) < p).astype(int)
    assert evaluate_all(BINARY, y, np.column_stack([1 - p, p]))["ece"] < 0.01
    bold = np.clip(1.5 * p - 0.25, 0, 1)
    expected = np.mean(np.abs(bold - p))
    assert evaluate_all(BINARY, y, np.column_stack([1 - bold, bold]))["ece"] == pytest.approx(
        expected, abs=0.01
    )
    constant = np.tile([0.3, 0.7], (60_000, 1))
    assert evaluate_all(BINARY, y, constant)["ece"] == pytest.approx(abs(0.7 - y.mean()))


def test_one_class_only_leaves_out_what_is_undefined():
    y, p = np.zeros(5, dtype=np.int64), np.tile([0.8, 0.2], (5, 1))
    found = evaluate_all(BINARY, y, p)
    assert not {"roc_auc", "pr_auc", "lift_at_10pct", "ndcg_at_10pct"} & found.keys()
    assert found["log_loss"] == pytest.approx(-math.log(0.8))
    assert found["accuracy"] == found["balanced_accuracy"] == 1.0
    assert found["mcc"] == found["precision"] == 0.0
    assert math.isnan(loss_of(metric("auc"), BINARY, y, p))


def test_roc_auc_of_many_classes_skips_a_class_that_does_not_occur():
    y, p, _ = draw(THREE, 60, 3)
    kept = y != 2
    expected = np.mean([sk.roc_auc_score(y[kept] == c, p[kept, c]) for c in (0, 1)])
    assert evaluate_all(THREE, y[kept], p[kept])["roc_auc"] == pytest.approx(expected)


def test_zero_probability_of_the_truth_is_finite():
    y, p = np.array([0, 1]), np.array([[0.0, 1.0], [0.0, 1.0]])
    assert evaluate_all(BINARY, y, p)["log_loss"] == pytest.approx(-math.log(1e-15) / 2)


def test_constant_target_and_zeros():
    constant = np.full(4, 2.0)
    assert evaluate_all(REGRESSION, constant, constant[:, None])["r2"] == 1.0
    assert evaluate_all(REGRESSION, constant, np.zeros((4, 1)))["r2"] == 0.0
    y = np.array([0.0, 10.0])
    found = evaluate_all(REGRESSION, y, np.array([[5.0], [9.0]]))
    assert found["mape"] == pytest.approx(0.1)
    assert found["wape"] == pytest.approx(0.6)
    assert found["smape"] == pytest.approx((2.0 + 2 / 19) / 2)
    zeros = evaluate_all(REGRESSION, np.zeros(3), np.zeros((3, 1)))
    assert "mape" not in zeros
    assert "wape" not in zeros
    assert zeros["smape"] == 0.0


def test_directional_accuracy_by_hand():
    y, p = np.array([1.0, 2.0, 2.0, 1.0, 3.0]), np.array([[0.0], [3.0], [9.0], [2.5], [2.0]])
    assert "directional_accuracy" not in evaluate_all(REGRESSION, y, p)
    found = evaluate_all(REGRESSION, y, p, rows_in_time_order=True)
    assert found["directional_accuracy"] == pytest.approx(2 / 3)


def test_weighted_median_absolute_error_repeats_rows():
    y, p = np.zeros(4), np.array([[1.0], [2.0], [3.0], [4.0]])
    heavy = evaluate_all(REGRESSION, y, p, weight=np.array([1.0, 1.0, 1.0, 9.0]))
    assert heavy["median_absolute_error"] == 4.0


def test_threshold_changes_answers_but_not_probability_metrics():
    y, p, _ = draw(BINARY, 400, 5)
    at_half, at_tenth = evaluate_all(BINARY, y, p, 0.5), evaluate_all(BINARY, y, p, 0.1)
    assert at_tenth["recall"] == pytest.approx(sk.recall_score(y, p[:, 1] >= 0.1))
    assert at_tenth["f1[no]"] == pytest.approx(sk.f1_score(y == 0, p[:, 1] < 0.1))
    assert at_tenth["recall"] > at_half["recall"]
    assert at_tenth["log_loss"] == at_half["log_loss"]
    assert np.array_equal(confusion_matrix(BINARY, y, p, 0.1), sk.confusion_matrix(y, p[:, 1] >= 0.1))


def test_losses_point_down_for_every_metric():
    rated = replace(THREE, classes=(1, 2, 3))
    for task in (BINARY, THREE, rated, REGRESSION):
        y, p, _ = draw(task, 300, 9)
        perfect = np.eye(len(task.classes))[y] if task.is_classification else y[:, None]
        for each in metrics_of(task.kind):
            if each.needs_order:
                continue
            worse, best = loss_of(each, task, y, p), loss_of(each, task, y, perfect)
            if task is THREE and each in ORDINAL:  # its classes are words
                assert np.isnan(worse) and np.isnan(best)
                continue
            assert best <= worse, each.name
            assert best == pytest.approx(0.0, abs=1e-12) or each.best is None
            assert score_of_loss(each, worse) == pytest.approx(each.value(task, y, p, None))


def test_names_aliases_and_cuts():
    assert metric("AUC").name == metric("auc-roc").name == "roc_auc"
    assert metric("neg_log_loss").name == metric("logloss").name == "log_loss"
    assert metric("F1 score").name == "f1"
    assert metric("ndcg@20").name == "ndcg_at_20"
    assert metric("lift_at_5pct").name == metric("lift@5%").name == "lift_at_5pct"
    assert metric("map_at_k").name == "map_at_10pct"
    assert default_metric(TaskKind.BINARY) == "log_loss"
    assert default_metric(TaskKind.REGRESSION) == "rmse"
    with pytest.raises(NotFoundError, match="roc_auk"):
        metric("roc_auk")
    with pytest.raises(NotFoundError):
        metric("ndcg@0")
    with pytest.raises(UsageError, match="binary"):
        metric("rmse", TaskKind.BINARY)


def test_precision_at_k_counts_rows():
    y = np.array([1, 0, 1, 0])
    p = np.column_stack([1 - np.array([0.9, 0.8, 0.7, 0.1]), [0.9, 0.8, 0.7, 0.1]])
    assert metric("precision@2").value(BINARY, y, p, None) == 0.5
    assert metric("precision@3").value(BINARY, y, p, None) == pytest.approx(2 / 3)


@pytest.mark.parametrize("name", ["log_loss", "accuracy", "roc_auc", "f1", "brier", "lift_at_10pct"])
def test_loss_error_is_the_spread_over_samples_classification(name):
    losses, errors = [], []
    for seed in range(300):
        random = np.random.default_rng(seed)
        y = random.integers(0, 2, 500)
        p = 1 / (1 + np.exp(-(random.normal(size=500) + y - 0.5)))
        p = np.column_stack([1 - p, p])
        losses.append(loss_of(metric(name), BINARY, y, p))
        errors.append(loss_error(metric(name), BINARY, y, p, seed=seed) if seed < 10 else np.nan)
    assert np.nanmean(errors) == pytest.approx(np.std(losses), rel=0.35)


@pytest.mark.parametrize("name", ["rmse", "mae", "r2", "wape"])
def test_loss_error_is_the_spread_over_samples_regression(name):
    losses, errors = [], []
    for seed in range(300):
        y, p, _ = draw(REGRESSION, 400, seed)
        losses.append(loss_of(metric(name), REGRESSION, y, p))
        errors.append(loss_error(metric(name), REGRESSION, y, p, seed=seed) if seed < 10 else np.nan)
    assert np.nanmean(errors) == pytest.approx(np.std(losses), rel=0.35)


def test_loss_error_on_many_rows_is_scaled_and_repeats():
    y, p, _ = draw(BINARY, 60_000, 2)
    auc = metric("roc_auc")
    first = loss_error(auc, BINARY, y, p, seed=1)
    assert first == loss_error(auc, BINARY, y, p, seed=1)
    small = loss_error(auc, BINARY, y[:15_000], p[:15_000], seed=1)
    assert first == pytest.approx(small / 2, rel=0.3)


def test_no_rows_and_one_row():
    nothing = np.zeros(0, dtype=np.int64)
    assert evaluate_all(BINARY, nothing, np.zeros((0, 2))) == {}
    assert math.isnan(loss_of(metric("accuracy"), BINARY, nothing, np.zeros((0, 2))))
    assert math.isnan(loss_error(metric("rmse"), REGRESSION, np.ones(1), np.ones((1, 1)), seed=0))
    one = evaluate_all(REGRESSION, np.ones(1), np.ones((1, 1)), rows_in_time_order=True)
    assert one["rmse"] == 0.0
    assert "directional_accuracy" not in one


def test_every_metric_says_what_it_is():
    assert all(each.meaning and each.tasks for each in CATALOGUE.values())
