"""What fits share: patience, targets, columns of linear models, indicators, classes that are absent."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from yunque.learning.absent_classes import of_all_classes
from yunque.learning.algorithm import FitRequest, Matrix
from yunque.learning.indicators import choose_indicators, expand
from yunque.learning.linear_columns import usable_columns
from yunque.learning.patience import Patience
from yunque.learning.registry import algorithm
from yunque.learning.target import target_of
from yunque.learning.task import Task, TaskKind

REGRESSION = Task(kind=TaskKind.REGRESSION, target="t", metric="rmse")
BINARY = Task(kind=TaskKind.BINARY, target="t", classes=(0, 1), metric="log_loss")


def rounds_until_over(patience: Patience, best_round: int) -> int:
    for rounds in range(1, 100_000):
        if patience.is_over(rounds, abs(rounds - best_round)):
            return rounds
    raise AssertionError("it never ends")


@pytest.mark.parametrize(
    ("rows", "share", "best", "expected"),
    [
        (1000, 1.0, 5, 305),
        (10_000, 1.0, 1000, 1320),
        (60_000, 1.0, 10, 60),
        (10**7, 1.0, 1, 22),
        (1000, 0.5, 5, 155),
    ],
)
def test_patience_grows_with_the_best_round_and_shrinks_with_rows(
    rows: int, share: float, best: int, expected: int
) -> None:
    patience = Patience(rows=rows, share=share)
    assert rounds_until_over(patience, best) == expected
    assert patience.best_round == best


def test_patience_ends_when_the_loss_only_creeps() -> None:
    creeping = Patience(rows=1000)
    rounds = next(r for r in range(1, 100_000) if creeping.is_over(r, 0.05 * (1.0 + 1e-6 * (100_000 - r))))
    assert rounds < 1000
    assert creeping.best_round == rounds
    falling = Patience(rows=1000)
    assert not any(falling.is_over(r, 0.999**r) for r in range(1, 5000))


@given(
    st.lists(st.floats(-1e14, 1e14), min_size=2, max_size=20),
    st.floats(-1e14, 1e14),
    st.sampled_from([False, True]),
)
@settings(max_examples=100, deadline=None)
def test_targets_come_back(values: list[float], shift: float, log: bool) -> None:
    y = np.abs(np.array(values) + shift) if log else np.array(values) + shift
    request = FitRequest(
        task=REGRESSION, train=Matrix(x=np.zeros((y.size, 1)), y=y), seed=0, params={"log_target": log}
    )
    target = target_of(request)
    learnt = target.learnt(y)
    assert np.abs(learnt).max() <= np.sqrt(y.size) * 1.1  # the mean itself is rounded
    restored = np.expm1(target.restored(learnt)) if log else target.restored(learnt)
    np.testing.assert_allclose(restored, y, rtol=1e-9, atol=1e-9 * max(1.0, np.abs(y).max()))


def test_a_spread_of_rounding_size_is_no_signal() -> None:
    y = np.array([54037029218578.0, 54037029218578.25])
    request = FitRequest(
        task=REGRESSION, train=Matrix(x=np.zeros((2, 1)), y=y), seed=0, params={"log_target": True}
    )
    assert target_of(request).scale == 1.0


@pytest.mark.parametrize(
    ("objective", "link"),
    [("poisson", "exp"), ("Tweedie:variance_power=1.5".lower(), "exp"), ("mape", "identity")],
)
def test_objectives_that_need_the_target_as_it_is_get_it(objective: str, link: str) -> None:
    y = np.array([1.0, 100.0])
    target = target_of(FitRequest(task=REGRESSION, train=Matrix(x=np.zeros((2, 1)), y=y), seed=0), objective)
    assert np.array_equal(target.learnt(y), y)
    assert target.link == link


def test_columns_of_a_usable_size_are_left_alone() -> None:
    x = np.random.default_rng(0).normal(size=(50, 3))
    x[:, 1] = 1.7e9 + 1e5 * x[:, 1]
    columns = usable_columns(x)
    changed = columns.changed(x)
    assert np.array_equal(changed[:, [0, 2]], x[:, [0, 2]])
    assert abs(changed[:, 1].mean()) < 1e-6
    assert abs(changed[:, 1].std() - 1) < 1e-6
    weights, bias = columns.undone(np.array([[1.0], [2.0], [3.0]]), np.array([4.0]))
    np.testing.assert_allclose(x @ weights + bias, changed @ [[1.0], [2.0], [3.0]] + 4.0, atol=1e-6)


def test_indicators_show_frequent_codes_only() -> None:
    x = np.zeros((40, 2))
    x[:, 1] = np.repeat([3.0, 1.0, 7.0, np.nan], [20, 10, 2, 8])
    indicators = choose_indicators(x, (1,))
    assert indicators.columns.tolist() == [1, 1]
    assert indicators.codes.tolist() == [1.0, 3.0]
    shown = expand(np.array([[0.0, 3.0], [1e300, np.nan]]), indicators)
    assert shown.dtype == np.float32
    assert shown[:, 2:].tolist() == [[0.0, 1.0], [0.0, 0.0]]
    assert np.isfinite(shown[1, 0])


def test_absent_classes_are_filled() -> None:
    out = of_all_classes(np.array([[1.0, 2.0]]), np.array([0, 3]), 4, -30.0)
    assert out.tolist() == [[1.0, -30.0, -30.0, 2.0]]


@pytest.mark.parametrize("n_classes", [2, 4])
@pytest.mark.parametrize("weighted", [False, True])
def test_logistic_regression_is_that_of_scikit_learn(n_classes: int, weighted: bool) -> None:
    from sklearn.linear_model import LogisticRegression

    rng = np.random.default_rng(1)
    x = rng.normal(size=(300, 5))
    y = np.digitize(x[:, 0] - x[:, 1] + rng.normal(size=300), np.linspace(-1, 1, n_classes + 1)[1:-1])
    weight = rng.uniform(0.5, 3.0, 300) if weighted else None
    kind = TaskKind.BINARY if n_classes == 2 else TaskKind.MULTICLASS
    task = Task(kind=kind, target="t", classes=tuple(range(n_classes)), metric="log_loss")
    entry = algorithm("logistic_regression")
    request = FitRequest(
        task=task,
        train=Matrix(x=x, y=y, weight=weight),
        seed=0,
        params={"tol": 1e-8, "max_iter": 1000, "C": 0.3},
    )
    fitted = entry.fit(request)
    theirs = LogisticRegression(C=0.3, tol=1e-8, max_iter=1000).fit(x, y, sample_weight=weight)
    raw = entry.flatten(fitted, request).raw(x)
    np.testing.assert_allclose(raw, theirs.decision_function(x).reshape(300, -1), atol=1e-3)


def test_ridge_is_that_of_scikit_learn() -> None:
    from sklearn.linear_model import Ridge

    rng = np.random.default_rng(2)
    x = rng.normal(size=(200, 4))
    y = 1e6 + 3e3 * x[:, 0] + rng.normal(size=200)
    entry = algorithm("ridge")
    request = FitRequest(task=REGRESSION, train=Matrix(x=x, y=y), seed=0, params={"alpha": 2.0})
    raw = entry.flatten(entry.fit(request), request).raw(x)[:, 0]
    np.testing.assert_allclose(raw, Ridge(alpha=2.0).fit(x, y).predict(x), rtol=1e-10)


@pytest.mark.parametrize("name", ["lightgbm", "xgboost", "catboost"])
def test_boosting_stops_early_at_its_best_round(name: str) -> None:
    rng = np.random.default_rng(3)
    x = rng.normal(size=(600, 4))
    y = (x[:, 0] + rng.normal(size=600) > 0).astype(np.int64)
    entry = algorithm(name)
    request = FitRequest(
        task=BINARY, train=Matrix(x=x[:400], y=y[:400]), valid=Matrix(x=x[400:], y=y[400:]), seed=0,
        params={"patience_share": 0.2},
    )  # fmt: skip
    fitted = entry.fit(request)
    assert 1 <= fitted.rounds < 400
    assert not fitted.stopped_early
    p = entry.flatten(fitted, request)
    longer = FitRequest(
        task=BINARY, train=request.train, seed=0, params=entry.refit_params(fitted.rounds + 300)
    )
    long = entry.flatten(entry.fit(longer), longer)
    assert _log_loss(p.raw(x[400:]), y[400:]) < _log_loss(long.raw(x[400:]), y[400:])


def _log_loss(raw: np.ndarray, y: np.ndarray) -> float:
    return float(np.logaddexp(0.0, -raw[:, 0] * (2 * y - 1)).mean())
