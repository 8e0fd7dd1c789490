"""The numbers behind the charts, against scikit-learn and by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import auc, precision_recall_curve, roc_auc_score, roc_curve

from yunque.models import report_curves as curves


def scores(rows: int, levels: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(rows)
    score = rng.integers(0, levels, rows) / levels
    return rng.random(rows) < score, score


@pytest.mark.parametrize(("rows", "levels"), [(50, 5), (100, 100), (150, 10)])
def test_curves_are_those_of_scikit_learn(rows: int, levels: int) -> None:
    hit, score = scores(rows, levels)
    found = curves.roc(hit, score)
    x, y, _ = roc_curve(hit, score, drop_intermediate=False)
    np.testing.assert_allclose((found.x, found.y), (x, y))
    precision, recall, _ = precision_recall_curve(hit, score)
    found = curves.precision_recall(hit, score)
    np.testing.assert_allclose((found.x, found.y), (recall[:-1][::-1], precision[:-1][::-1]))


def test_thinning_keeps_the_area() -> None:
    hit, score = scores(40_000, 10_000)
    found = curves.roc(hit, score)
    assert len(found.x) <= curves.MOST_POINTS
    assert auc(found.x, found.y) == pytest.approx(roc_auc_score(hit, score), abs=1e-3)
    assert (found.x[0], found.y[0], found.x[-1], found.y[-1]) == (0.0, 0.0, 1.0, 1.0)


@given(hits=st.lists(st.booleans(), min_size=1, max_size=30))
@settings(max_examples=50, deadline=None)
def test_curves_exist_for_one_class_and_one_row(hits: list[bool]) -> None:
    hit = np.array(hits)
    for constant in (np.full(len(hits), 0.5), np.linspace(0.0, 1.0, len(hits))):
        for curve in (curves.roc(hit, constant), curves.precision_recall(hit, constant)):
            assert np.isfinite(curve.x).all()
            assert np.isfinite(curve.y).all()
        assert np.isfinite(curves.reliability(hit, constant).observed).all()


def test_reliability_bins_hold_all_rows_and_their_means() -> None:
    hit, score = scores(1000, 1000)
    found = curves.reliability(hit, score)
    assert found.rows.sum() == 1000
    assert (found.rows * found.observed).sum() == pytest.approx(hit.sum())
    assert (found.rows * found.predicted).sum() == pytest.approx(score.sum())
    assert (np.diff(found.predicted) > 0).all()


def test_confusion_gathers_small_classes() -> None:
    y = np.array([0, 0, 0, 1, 1, 2, 3])
    answers = np.array([0, 1, 2, 1, 3, 2, 0])
    found = curves.confusion(y, answers, 4, most=2)
    assert found.classes == (0, 1, -1)
    assert found.counts.tolist() == [[1, 1, 1], [0, 1, 1], [1, 0, 1]]
    whole = curves.confusion(y, answers, 4, most=4)
    assert whole.classes == (0, 1, 2, 3)
    assert whole.counts.sum() == 7


def test_trade_off_counts_rows_at_or_above_the_threshold() -> None:
    found = curves.trade_off(np.array([True, False, True, False]), np.array([0.2, 0.4, 0.6, 0.8]))
    at = int(np.flatnonzero(np.isclose(found.threshold, 0.5))[0])
    assert (found.precision[at], found.recall[at], found.flagged[at]) == (0.5, 0.5, 0.5)
    assert (found.recall[0], found.flagged[0]) == (1.0, 1.0)
    assert np.isnan(found.precision[-1])


def test_predicted_against_actual_counts_what_lies_inside() -> None:
    rng = np.random.default_rng(1)
    actual = rng.normal(size=2000)
    grid = curves.against_actual(actual, actual + rng.normal(size=2000) * 0.1)
    assert 1900 < grid.counts.sum() <= 2000
    assert grid.counts[np.abs(grid.x - grid.y) < 0.6].sum() / grid.counts.sum() > 0.99


def test_constant_predictions_have_a_range_and_bands() -> None:
    constant = np.full(20, 3.0)
    grid = curves.against_actual(constant, constant)
    assert grid.low < 3.0 < grid.high
    bands = curves.residual_bands(np.arange(20.0), constant)
    assert bands.quantiles.shape == (1, 5)
    assert bands.quantiles[0, 2] == pytest.approx(np.median(np.arange(20.0)) - 3.0)
