"""Calibration repairs what is wrong, and leaves alone what is right or too small to tell."""

import numpy as np
import pytest

from yunque.kernel.calibration import apply_calibration, check_calibration
from yunque.learning.calibrate import Evidence, calibrate
from yunque.learning.metrics import evaluate_all
from yunque.learning.task import Task, TaskKind

BINARY = Task(kind=TaskKind.BINARY, target="y", classes=("no", "yes"), metric="log_loss")
THREE = Task(kind=TaskKind.MULTICLASS, target="y", classes=("a", "b", "c"), metric="log_loss")


def honest(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Draw log-odds and answers that follow them."""
    rng = np.random.default_rng(seed)
    odds = rng.normal(0, 1.5, n)
    return odds, (rng.random(n) < 1 / (1 + np.exp(-odds))).astype(np.int64)


def pair(odds: np.ndarray) -> np.ndarray:
    p = 1 / (1 + np.exp(-odds))
    return np.column_stack([1 - p, p])


def test_honest_probabilities_are_left_alone() -> None:
    odds, y = honest(20_000)
    calibration, found = calibrate(BINARY, Evidence(y=y, predictions=pair(odds), weight=None), 0)
    assert calibration.kind == "identity"
    assert set(found) == {"temperature", "platt", "beta", "isotonic"}


@pytest.mark.parametrize(
    "distort", [lambda o: 3 * o, lambda o: 0.3 * o, lambda o: 2 * o + 1.5, lambda o: o**3]
)
def test_distorted_probabilities_are_repaired(distort: object) -> None:
    odds, y = honest(20_000)
    p = pair(distort(odds))  # type: ignore[operator]
    calibration, found = calibrate(BINARY, Evidence(y=y, predictions=p, weight=None), 0)
    assert calibration.kind != "identity"
    assert found[calibration.kind]["gain"] > found[calibration.kind]["error"]
    check_calibration(calibration, 2)
    fresh_odds, fresh_y = honest(20_000, seed=1)
    before = pair(distort(fresh_odds))  # type: ignore[operator]
    after = apply_calibration(calibration, before)
    scores = [evaluate_all(BINARY, fresh_y, each) for each in (before, after)]
    assert scores[1]["log_loss"] < scores[0]["log_loss"]
    assert scores[1]["ece"] < 0.5 * scores[0]["ece"]


def test_many_classes_get_a_temperature() -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 1.5, (4_000, 3))
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    y = np.array([rng.choice(3, p=row) for row in p])
    sharp = p**3 / (p**3).sum(axis=1, keepdims=True)
    calibration, _ = calibrate(THREE, Evidence(y=y, predictions=sharp, weight=None), 0)
    assert calibration.kind == "temperature"
    assert calibration.parameters[0] == pytest.approx(3.0, rel=0.15)


def test_few_rows_and_regressions_are_not_calibrated() -> None:
    odds, y = honest(100)
    assert calibrate(BINARY, Evidence(y=y, predictions=pair(3 * odds), weight=None), 0)[0].kind == "identity"
    regression = Task(kind=TaskKind.REGRESSION, target="y", metric="rmse")
    assert (
        calibrate(regression, Evidence(y=odds, predictions=odds[:, None], weight=None), 0)[0].kind
        == "identity"
    )


def test_weights_count() -> None:
    odds, y = honest(6_000)
    p = pair(np.where(np.arange(6_000) < 3_000, odds, 4 * odds))
    weight = np.where(np.arange(6_000) < 3_000, 1e-6, 1.0)
    calibration, _ = calibrate(BINARY, Evidence(y=y, predictions=p, weight=weight), 0)
    assert calibration.kind != "identity"
    assert calibrate(BINARY, Evidence(y=y, predictions=p, weight=1.000001 - weight), 0)[0].kind == "identity"


def test_certain_and_wrong_probabilities_do_not_break_it() -> None:
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 3_000)
    certain = np.eye(2)[np.where(rng.random(3_000) < 0.1, 1 - y, y)]
    calibration, _ = calibrate(BINARY, Evidence(y=y, predictions=certain, weight=None), 0)
    after = apply_calibration(calibration, certain)
    assert np.isfinite(after).all()
    assert evaluate_all(BINARY, y, after)["log_loss"] < 0.4


def test_a_share_that_moves_in_time_is_not_calibrated_away() -> None:
    odds, y = honest(9_000)
    months = np.repeat(np.arange(3), 3_000)
    shifted = pair(odds + np.array([0.5, 0.0, -0.5])[months])
    one_month = Evidence(y=y[:3_000], predictions=shifted[:3_000], blocks=months[:3_000])
    assert calibrate(BINARY, one_month, 0)[0].kind == "identity"
    assert calibrate(BINARY, Evidence(y=y[:3_000], predictions=shifted[:3_000]), 0)[0].kind != "identity"
    found = calibrate(BINARY, Evidence(y=y, predictions=shifted, blocks=months), 0)
    assert found[0].kind == "identity"
    lasting = Evidence(y=y, predictions=pair(2 * odds + 1), blocks=months)
    assert calibrate(BINARY, lasting, 0)[0].kind != "identity"
