"""Metrics of answers beside the truth, held against their definitions."""

import math

import numpy as np
import polars as pl
import pytest

from yunque.errors import DataError, NotFoundError, UsageError
from yunque.learning.metrics import CATALOGUE, metric
from yunque.learning.scores.forecasts import mase, naive_error, pinball_losses
from yunque.services.measure import MeasureRequest, measure


def test_a_ranking_is_measured_by_r4s_names_query_by_query() -> None:
    table = pl.DataFrame(
        {
            "query": ["a"] * 4 + ["b"] * 3,
            "relevance": [3, 2, 0, 1, 0, 1, 0],
            "score": [0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3],
        }
    )
    found = measure(MeasureRequest(table=table, truth="relevance", score="score", by="query", k=2))
    first = (3 + 2 / math.log2(3)) / (3 + 2 / math.log2(3))
    second = (1 / math.log2(3)) / 1.0
    assert found["ndcg_at_k"] == pytest.approx((first + second) / 2)
    assert found["precision_at_k"] == pytest.approx((1.0 + 0.5) / 2)
    assert found["recall_at_k"] == pytest.approx((2 / 3 + 1.0) / 2)
    assert found["map_at_k"] == pytest.approx((1.0 + 0.5) / 2)
    assert (found["k"], found["rankings"]) == (2.0, 2.0)
    labels = table.with_columns(
        truth=pl.when(pl.col("relevance") > 0).then(pl.lit("sí")).otherwise(pl.lit("no"))
    )
    same = measure(MeasureRequest(table=labels, truth="truth", score="score", positive="sí", by="query", k=2))
    assert same["recall_at_k"] == found["recall_at_k"]


def test_forecasts_are_measured_against_the_naive_one_of_their_own_history() -> None:
    table = pl.DataFrame(
        {
            "sku": ["x"] * 6 + ["y"] * 4,
            "day": [1, 2, 3, 4, 5, 6, 1, 2, 3, 4],
            "sold": [10.0, 12.0, 10.0, 12.0, 11.0, 13.0, 5.0, 5.0, 6.0, 5.0],
            "forecast": [None, None, None, None, 12.0, 12.0, None, None, 5.0, 5.0],
            "low": [None, None, None, None, 9.0, 9.0, None, None, 5.0, 4.0],
        }
    ).sample(fraction=1.0, shuffle=True, seed=1)
    found = measure(
        MeasureRequest(
            table=table, truth="sold", prediction="forecast", time="day", series="sku", quantiles={0.1: "low"}
        )
    )
    assert found["mase"] == pytest.approx((1.0 + 1.0) / 2 / 2.0)  # of x; the history of y never moves
    assert found["wape"] == pytest.approx((1 + 1 + 1 + 0) / (11 + 13 + 6 + 5))
    assert found["smape"] == pytest.approx((2 / 23 + 2 / 25 + 2 / 11 + 0) / 4)
    assert found["pinball"] == found["pinball_0.1"] == pytest.approx(0.1 * (2 + 4 + 1 + 1) / 4)
    assert found["below_0.1"] == 0.0 and found["rows"] == 4.0


def test_numbers_that_a_csv_gives_as_text_are_numbers_in_time_as_well() -> None:
    table = pl.DataFrame(
        {"t": ["9", "10", "8", "11"], "y": ["1", "3", "2", "4"], "p": [None, "3", None, "6"]}
    )
    found = measure(MeasureRequest(table=table, truth="y", prediction="p", time="t"))
    assert (found["mae"], found["mase"]) == (1.0, 1.0)


def test_labels_are_measured_class_by_class() -> None:
    table = pl.DataFrame({"t": ["a", "a", "b", "b", None], "p": ["a", "b", "b", "b", "a"]})
    found = measure(MeasureRequest(table=table, truth="t", prediction="p"))
    assert (found["accuracy"], found["recall[a]"], found["precision[b]"]) == (0.75, 0.5, pytest.approx(2 / 3))
    assert found["rows"] == 4.0


def test_seasons_and_quantiles_follow_their_definitions() -> None:
    history = np.array([1.0, 5.0, 2.0, 6.0, 3.0, 7.0])
    assert naive_error(history, 2) == 1.0 and naive_error(history) == pytest.approx((4 + 3 + 4 + 3 + 4) / 5)
    assert mase(history, np.array([4.0]), np.array([6.0]), 2) == 2.0
    assert math.isnan(naive_error(np.ones(9))) and math.isnan(naive_error(history, 6))
    random = np.random.default_rng(1).exponential(size=20_000)
    levels = np.quantile(random, [0.7, 0.8, 0.9])
    losses = [pinball_losses(random, np.full(random.size, level), 0.8).mean() for level in levels]
    assert losses[1] == min(losses)


def test_recall_at_k_is_a_metric_of_a_training_and_not_of_every_run() -> None:
    assert metric("recall@20").name == "recall_at_20" and metric("recall_at_5%").name == "recall_at_5pct"
    assert "recall_at_10pct" not in CATALOGUE


@pytest.mark.parametrize(
    ("changes", "error", "told"),
    [
        ({"prediction": "nobody"}, NotFoundError, "nobody"),
        ({}, UsageError, "Nothing is measured"),
        ({"score": "s", "k": 0}, UsageError, "k and season"),
        ({"quantiles": {1.5: "s"}}, UsageError, "levels"),
        ({"score": "t"}, DataError, "'x' is no number"),
        ({"score": "s", "positive": ""}, DataError, "'x' is no number"),
    ],
)
def test_what_cannot_be_measured_is_told(
    changes: dict[str, object], error: type[Exception], told: str
) -> None:
    table = pl.DataFrame({"t": ["x", "y"], "s": [1.0, 2.0]})
    with pytest.raises(error, match=told):
        measure(MeasureRequest(table=table, truth="t", **changes))  # type: ignore[arg-type]


def test_nothing_known_is_not_defined_and_no_crash() -> None:
    table = pl.DataFrame({"t": [None, None], "p": [1.0, None]}, schema={"t": pl.Float64, "p": pl.Float64})
    found = measure(MeasureRequest(table=table, truth="t", prediction="p", time="p"))
    assert found["mae"] is None and found["mase"] is None and found["rows"] == 0.0
