"""The baselines: the constant that the metric likes best, and an honest best single column."""

import time

import numpy as np
import polars as pl
import pytest
from sklearn.metrics import log_loss
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from yunque.data.schema import Column, Kind, Role, Schema
from yunque.learning.baselines import baselines
from yunque.learning.task import Task, TaskKind

KINDS = {pl.Float64: Kind.NUMBER, pl.Int64: Kind.INTEGER, pl.Boolean: Kind.BOOLEAN, pl.String: Kind.CATEGORY}


def schema_of(frame: pl.DataFrame, **roles: Role) -> Schema:
    return Schema(
        columns=tuple(
            Column(name=name, kind=KINDS[frame.schema[name].base_type()], role=roles.get(name, Role.FEATURE))
            for name in frame.columns
        )
    )


def task_of(kind: TaskKind, classes: int = 0, metric: str = "") -> Task:
    default = "rmse" if kind is TaskKind.REGRESSION else "log_loss"
    return Task(kind=kind, target="y", classes=tuple(range(classes)), metric=metric or default)


def judge(task: Task, frame: pl.DataFrame, y: np.ndarray, seed: int = 7, **roles: Role):
    cut = len(y) * 2 // 3
    return baselines(task, schema_of(frame, **roles), frame[:cut], y[:cut], frame[cut:], y[cut:], seed=seed)


def noisy_table(rows: int, seed: int) -> tuple[pl.DataFrame, np.ndarray]:
    random = np.random.default_rng(seed)
    frame = pl.DataFrame({f"x{i}": random.normal(size=rows) for i in range(8)}).with_columns(
        who=pl.Series([f"C{i}" for i in random.integers(0, rows // 2, rows)]),
        level=pl.Series(random.choice(["a", "b", "c"], rows)),
    )
    signal = 2.0 * (np.abs(frame["x3"].to_numpy()) < 0.5) + (frame["level"] == "a").to_numpy()
    return frame, signal


def test_constant_of_classes_is_their_shares():
    frame, _ = noisy_table(3_000, 0)
    y = np.random.default_rng(1).choice(3, 3_000, p=[0.6, 0.3, 0.1])
    constant, single = judge(task_of(TaskKind.MULTICLASS, 3), frame, y)
    shares = np.bincount(y[:2_000]) / 2_000
    assert constant.loss == pytest.approx(log_loss(y[2_000:], np.tile(shares, (1_000, 1))))
    assert constant.metrics["accuracy"] == np.mean(y[2_000:] == 0)
    assert single.loss == pytest.approx(constant.loss, abs=0.02)


@pytest.mark.parametrize(
    ("metric", "value"),
    [("rmse", np.mean), ("mae", np.median), ("median_absolute_error", None), ("mape", None), ("r2", np.mean)],
)
def test_constant_of_values_suits_the_metric(metric, value):
    random = np.random.default_rng(0)
    y = random.lognormal(0.0, 1.0, 3_000)
    frame = pl.DataFrame({"x": random.normal(size=3_000)})
    constant, _ = judge(task_of(TaskKind.REGRESSION, metric=metric), frame, y)
    by_mean, _ = judge(task_of(TaskKind.REGRESSION, metric="rmse"), frame, y)
    if value is not None:
        expected = np.abs(y[2_000:] - value(y[:2_000])).mean()
        assert constant.metrics["mae"] == pytest.approx(expected)
    assert constant.metrics[metric] <= by_mean.metrics[metric] or metric == "r2"
    assert (constant.metrics[metric] < by_mean.metrics[metric]) == (value is not np.mean)


def test_constant_for_f1_answers_the_rare_class():
    y = (np.random.default_rng(0).random(3_000) < 0.2).astype(np.int64)
    frame = pl.DataFrame({"x": np.random.default_rng(1).normal(size=3_000)})
    constant, _ = judge(task_of(TaskKind.BINARY, 2, "f1"), frame, y)
    share = y[2_000:].mean()
    assert constant.metrics["f1"] == pytest.approx(2 * share / (1 + share))


@pytest.mark.parametrize("seed", range(5))
def test_the_best_column_is_found_among_noise_and_ids(seed):
    frame, signal = noisy_table(4_000, seed)
    random = np.random.default_rng(seed + 100)
    values = signal + random.normal(size=4_000)
    constant, single = judge(task_of(TaskKind.REGRESSION), frame, values)
    assert single.column == "x3"
    assert single.loss < constant.loss - 3 * single.loss_error
    classes = (signal + random.logistic(size=4_000) > 1).astype(np.int64)
    constant, single = judge(task_of(TaskKind.BINARY, 2), frame, classes)
    assert single.column == "x3"
    assert single.loss < constant.loss
    assert single.metrics["roc_auc"] > 0.6 > constant.metrics["roc_auc"] == 0.5


@pytest.mark.parametrize("seed", range(5))
def test_the_single_column_is_within_three_percent_of_a_tree_of_depth_three(seed):
    frame, signal = noisy_table(6_000, seed)
    random = np.random.default_rng(seed + 100)
    x, cut = frame["x3"].to_numpy()[:, None], 4_000
    values = signal + random.normal(size=6_000)
    _, single = judge(task_of(TaskKind.REGRESSION), frame, values)
    tree = DecisionTreeRegressor(max_depth=3, random_state=0).fit(x[:cut], values[:cut])
    assert single.loss <= 1.03 * np.sqrt(np.mean((tree.predict(x[cut:]) - values[cut:]) ** 2))
    classes = (signal + random.logistic(size=6_000) > 1).astype(np.int64)
    _, single = judge(task_of(TaskKind.BINARY, 2), frame, classes)
    tree = DecisionTreeClassifier(max_depth=3, random_state=0).fit(x[:cut], classes[:cut])
    assert single.loss <= 1.03 * log_loss(classes[cut:], tree.predict_proba(x[cut:]))


def test_nothing_helps_gives_the_constant_twice():
    random = np.random.default_rng(0)
    frame = pl.DataFrame({"who": pl.Series([f"C{i}" for i in range(2_000)]), "one": pl.Series(["a"] * 2_000)})
    y = random.integers(0, 2, 2_000)
    constant, single = judge(task_of(TaskKind.BINARY, 2), frame, y)
    assert single.column is None
    assert (single.loss, single.metrics) == (constant.loss, constant.metrics)


def test_held_out_rows_play_no_part_in_the_choice():
    frame, signal = noisy_table(3_000, 3)
    task, schema = task_of(TaskKind.REGRESSION), schema_of(frame)
    y = signal + np.random.default_rng(99).normal(size=3_000)
    first = baselines(task, schema, frame[:2_000], y[:2_000], frame[2_000:], y[2_000:], seed=7)
    wrong = baselines(task, schema, frame[:2_000], y[:2_000], frame[2_000:], 5 - y[2_000:], seed=7)
    assert first[1].column == wrong[1].column == "x3"
    assert wrong[1].loss > first[1].loss


def test_only_features_are_tried():
    frame, signal = noisy_table(3_000, 0)
    y = signal + np.random.default_rng(99).normal(size=3_000)
    _, single = judge(task_of(TaskKind.REGRESSION), frame, y, x3=Role.ID)
    assert single.column == "level"


def test_gaps_and_levels_never_seen_are_predicted_too():
    random = np.random.default_rng(0)
    level = random.choice(["a", "b"], 3_000)
    y = (level == "a") + 0.1 * random.normal(size=3_000)
    values = pl.Series([*level[:2_500], *["new"] * 250, *[None] * 250], dtype=pl.String)
    _, single = judge(task_of(TaskKind.REGRESSION), pl.DataFrame({"level": values}), y)
    assert np.isfinite(single.loss)
    assert single.column == "level"


def test_absolute_errors_take_medians_per_bin():
    random = np.random.default_rng(0)
    level = random.choice(["a", "b"], 6_000)
    y = random.lognormal(0.0, 1.5, 6_000) * np.where(level == "a", 5.0, 1.0)
    frame = pl.DataFrame({"level": level, "noise": random.normal(size=6_000)})
    _, single = judge(task_of(TaskKind.REGRESSION, metric="mae"), frame, y)
    _, by_mean = judge(task_of(TaskKind.REGRESSION, metric="rmse"), frame, y)
    assert single.column == "level"
    assert single.metrics["mae"] < by_mean.metrics["mae"]


def test_the_same_seed_gives_the_same_baselines_and_a_million_rows_are_quick():
    frame, signal = noisy_table(1_000_000, 0)
    y = signal + np.random.default_rng(99).normal(size=1_000_000)
    began = time.perf_counter()
    first = judge(task_of(TaskKind.REGRESSION), frame, y)
    assert time.perf_counter() - began < 15
    assert first == judge(task_of(TaskKind.REGRESSION), frame, y)
