"""The tabular network: its gradient, its schedule, what it reads, and that it is served as it was trained."""

from typing import Any

import numpy as np
import pytest

from yunque.errors import UsageError
from yunque.kernel.cosine import cosine_of_turns
from yunque.kernel.form import FloatArray
from yunque.kernel.link import apply_link
from yunque.learning.algorithm import FitRequest, Matrix
from yunque.learning.algorithms.realmlp import ALGORITHM
from yunque.learning.network_inputs import fit_inputs, read_rows
from yunque.learning.network_layers import Shape, backward, forward, views
from yunque.learning.network_training import Answers, gradient_of, loss_of, marks, nearest_mark, rate
from yunque.learning.task import Task, TaskKind

SHORT = {"epochs": 12, "hidden_layer_sizes": [16, 16]}


def table(rows: int = 300, seed: int = 0) -> FloatArray:
    """Two numbers, one of two values, codes of 4 and of 30 levels, a constant; holes everywhere but there."""
    rng = np.random.default_rng(seed)
    x = np.column_stack(
        (
            rng.normal(size=rows), rng.lognormal(8.0, 2.0, rows), rng.integers(0, 2, rows),
            rng.integers(0, 4, rows), rng.integers(0, 30, rows),
        )
    )  # fmt: skip
    x[rng.random(x.shape) < 0.1] = np.nan
    return np.ascontiguousarray(np.column_stack((x, np.full(rows, 7.0))))


def request(kind: TaskKind, x: FloatArray, y: Any, **changes: Any) -> FitRequest:
    classes = () if kind is TaskKind.REGRESSION else tuple(range(int(np.max(y)) + 1))
    task = Task(kind=kind, target="t", classes=classes, metric="any")
    given: dict[str, Any] = {"task": task, "train": Matrix(x=x, y=y), "categorical": (3, 4), "seed": 5}
    return FitRequest(**given | {"params": SHORT} | changes)


@pytest.mark.parametrize("activation", ["selu", "mish"])
@pytest.mark.parametrize("is_classes", [True, False])
def test_the_gradient_is_that_of_finite_differences(activation: Any, is_classes: bool) -> None:
    x, rng = table(40), np.random.default_rng(1)
    inputs = fit_inputs(x, (3, 4))
    shape = Shape(
        numbers=inputs.numbers.size, embedded=inputs.n_embedded, frequencies=2, flags=inputs.flags.size,
        one_hot=tuple(inputs.levels[:1].tolist()), tables=tuple(inputs.levels[1:].tolist()), widths=(5, 4),
        outputs=3, activation=activation,
    )  # fmt: skip
    rows = read_rows(inputs, x, np.float64)
    wanted = np.eye(3)[rng.integers(0, 3, 40)] if is_classes else rng.normal(size=(40, 3))
    weight = rng.uniform(0.5, 1.5, 40)
    answers = Answers(wanted=wanted, weight=weight / weight.mean(), is_classes=is_classes)
    flat, gradient = rng.normal(0.0, 0.5, shape.size), np.zeros(shape.size)
    masks = [np.where(rng.random((40, width)) < 0.2, 0.0, 1.25) for width in shape.widths]

    def loss() -> float:
        return loss_of(answers, forward(shape, views(shape, flat), rows, masks)[0])

    p = views(shape, flat)
    scores, tape = forward(shape, p, rows, masks)
    backward(shape, p, tape, gradient_of(answers, scores), views(shape, gradient))
    found = np.empty(shape.size)
    for i in range(shape.size):
        kept = flat[i]
        flat[i] = kept + 1e-6
        above = loss()
        flat[i] = kept - 1e-6
        found[i], flat[i] = (above - loss()) / 2e-6, kept
    np.testing.assert_allclose(gradient, found, rtol=1e-5, atol=1e-8)
    assert np.abs(gradient).max() > 0.0


def test_the_cosine_is_that_of_the_library() -> None:
    turns = np.concatenate((np.linspace(-3.0, 3.0, 4001), [1e6 + 0.25, -7.125]))
    ours = np.array([cosine_of_turns(each) for each in turns])
    np.testing.assert_allclose(ours, np.cos(2.0 * np.pi * turns), rtol=0, atol=1e-9)
    np.testing.assert_allclose(ours[:4001], np.cos(2.0 * np.pi * turns[:4001]), rtol=0, atol=4e-15)
    assert cosine_of_turns(1e6 + 0.25) == 0.0 and cosine_of_turns(0.5) == -1.0


def test_a_network_is_kept_only_where_the_learning_rate_is_low() -> None:
    for steps in (1, 7, 640, 4_000):
        ends = marks(steps)
        assert ends[-1] == steps
        assert all(nearest_mark(steps, mark) == mark for mark in ends)
    assert all(rate(share) < 1e-12 for share in (0.0, 1 / 15, 3 / 15, 7 / 15, 1.0))
    assert nearest_mark(640, 330) == 299 and nearest_mark(640, 10_000) == 640


def test_constant_and_empty_columns_are_not_read_and_long_tails_are_drawn_in() -> None:
    x = np.column_stack((table(), np.full(300, np.nan)))
    inputs = fit_inputs(x, (3, 4))
    assert inputs.numbers.tolist() == [0, 1, 2] and inputs.n_embedded == 2
    assert inputs.flags.tolist() == [0, 1, 2]
    assert inputs.categories.tolist() == [3, 4] and inputs.levels.tolist() == [5, 31]
    assert inputs.roots[0] == 0 and inputs.roots[1] > 0
    assert np.abs(read_rows(inputs, x * 1e9).numbers).max() <= 3.0


def test_unseen_codes_count_as_rare_ones_and_missing_as_their_own() -> None:
    inputs = fit_inputs(table(), (3, 4))
    strange = np.tile(table()[:1], (6, 1))
    strange[:, 3] = [0.0, 4.0, 1e9, -1.0, 1.5, np.nan]
    assert read_rows(inputs, strange).codes[:, 0].tolist() == [0, 0, 0, 0, 0, 4]


@pytest.mark.parametrize("kind", [TaskKind.BINARY, TaskKind.MULTICLASS, TaskKind.REGRESSION])
def test_it_is_served_as_it_was_trained(kind: TaskKind) -> None:
    x = table()
    y = np.nan_to_num(x[:, 0]) + (x[:, 3] == 2) + np.isnan(x[:, 1])
    answers = y if kind is TaskKind.REGRESSION else np.digitize(y, [0.5] if kind == "binary" else [0.0, 1.0])
    asked = request(kind, x, answers)
    fitted = ALGORITHM.fit(asked)
    form, trained = ALGORITHM.flatten(fitted, asked), ALGORITHM.native_raw
    assert trained is not None and form.kind == "embedded_network"
    other = table(200, seed=9)
    np.testing.assert_allclose(form.raw(other), trained(fitted, asked, other), rtol=0, atol=1e-9)


def test_a_hole_tells_when_holes_told_in_training() -> None:
    x = table(600)
    asked = request(TaskKind.BINARY, x, np.isnan(x[:, 1]).astype(np.int64), params={"epochs": 40})
    form = ALGORITHM.flatten(ALGORITHM.fit(asked), asked)
    row = np.tile(x[:1], (2, 1))
    row[:, 1] = [3000.0, np.nan]
    assert np.diff(apply_link(form.link, form.raw(row))[:, 1])[0] > 0.5


def test_it_stops_within_one_step_and_keeps_the_best_so_far() -> None:
    x, asked = table(), []
    told = request(
        TaskKind.REGRESSION,
        x,
        np.nan_to_num(x[:, 0]),
        should_stop=lambda: bool(asked.append(1)) or len(asked) > 5,
    )
    fitted = ALGORITHM.fit(told)
    assert fitted.stopped_early and len(asked) == 6 and fitted.rounds <= 6


def test_a_regression_stays_near_the_answers_it_has_seen() -> None:
    x = table()
    asked = request(TaskKind.REGRESSION, x, 100.0 + 20.0 * np.nan_to_num(x[:, 0]))
    form = ALGORITHM.flatten(ALGORITHM.fit(asked), asked)
    spread = float(np.ptp(asked.train.y))
    found = form.raw(np.ascontiguousarray(table(200, seed=3) * 1e12))
    assert found.min() >= asked.train.y.min() - 0.11 * spread
    assert found.max() <= asked.train.y.max() + 0.11 * spread


def test_classes_of_one_row_and_classes_only_judged_rows_show() -> None:
    x = table(60)
    y = np.arange(60) % 50
    judged = Matrix(x=x[:20], y=np.arange(40, 60))
    task = Task(kind=TaskKind.MULTICLASS, target="t", classes=tuple(range(60)), metric="any")
    asked = request(TaskKind.MULTICLASS, x, y, valid=judged, task=task)
    form = ALGORITHM.flatten(ALGORITHM.fit(asked), asked)
    given = apply_link(form.link, form.raw(x))
    assert given.shape == (60, 60) and np.isfinite(given).all()
    assert given[:, 50:].max() < 1e-9


def test_a_parameter_it_does_not_know_is_refused() -> None:
    with pytest.raises(UsageError, match="momentum"):
        ALGORITHM.fit(
            request(TaskKind.REGRESSION, table(), table()[:, 5] + np.arange(300), params={"momentum": 1})
        )
