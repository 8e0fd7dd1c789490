"""The estimators are scikit-learn's: its own checks, a pipeline, and tables with names and categories."""

import pickle
from typing import Any

import numpy as np
import polars as pl
import pytest
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator
from small_models import clients

import yunque
from yunque.surfaces.estimators import YunqueClassifier, YunqueRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")

# A clock that moves with the questions asked of it: fits are short and equal, as the checks need them.
QUICK: dict[str, Any] = {"budget": 1.0, "algorithms": ("lightgbm", "logistic", "linear"), "ticks": 0.01}

# What cannot hold, with the reason.
EXPECTED_TO_FAIL = {
    "check_sample_weight_equivalence_on_dense_data": (
        "a row told twice falls into two folds, a row of weight two into one: the search sees other folds"
    ),
}


@pytest.mark.parametrize(
    "estimator", [YunqueClassifier(**QUICK), YunqueRegressor(**QUICK)], ids=lambda e: type(e).__name__
)
def test_scikit_learn_finds_nothing_to_object(estimator: Any) -> None:
    results = check_estimator(estimator, expected_failed_checks=EXPECTED_TO_FAIL, on_fail=None)
    failed = {r["check_name"]: str(r["exception"])[:300] for r in results if r["status"] == "failed"}
    assert failed == {}
    assert {r["check_name"] for r in results if r["status"] == "xfail"} == set(EXPECTED_TO_FAIL)
    assert len(results) > 50


def test_a_table_is_understood_with_its_categories() -> None:
    frame = clients(400)
    y = frame["buys"].to_numpy()
    table = frame.drop("buys", "spend", "client id")
    model = YunqueClassifier(**QUICK).fit(table, y)
    assert (model.predict(table) == y).mean() > 0.6
    assert set(model.classes_) == {"no", "sí"}
    np.testing.assert_allclose(model.predict_proba(table).sum(axis=1), 1.0)
    again = pickle.loads(pickle.dumps(model))  # noqa: S301 - the test wrote it
    np.testing.assert_array_equal(again.predict_proba(table), model.predict_proba(table))
    with pytest.raises(ValueError, match="frame"):
        model.predict(np.zeros((2, table.width)))


def test_it_works_in_a_pipeline_and_a_search() -> None:
    rng = np.random.default_rng(1)
    X = rng.normal(size=(200, 4))
    y = 3 * X[:, 0] + rng.normal(size=200)
    scores = cross_val_score(make_pipeline(StandardScaler(), YunqueRegressor(**QUICK)), X, y, cv=2)
    assert scores.min() > 0.5
    model = YunqueRegressor(**QUICK).fit(X, y)
    low, high = model.predict_interval(X).T
    assert ((low < y) & (y < high)).mean() > 0.7


def test_a_wrong_option_is_told_as_a_value_error() -> None:
    frame = pl.DataFrame({"a": [1.0, 2.0] * 20})
    with pytest.raises(ValueError, match="two classes"):
        YunqueClassifier(**QUICK).fit(frame, np.zeros(40))


def test_the_estimators_are_public_names() -> None:
    assert yunque.YunqueClassifier is YunqueClassifier
    assert yunque.YunqueRegressor is YunqueRegressor
