"""Learning without a target: what is measured means what it says, and strange tables are answered in words."""

from typing import Any

import numpy as np
import polars as pl
import pytest

from yunque.data.infer import Wishes, infer_contract
from yunque.data.validate import check_table
from yunque.errors import DataError, TrainingError, UsageError
from yunque.learning.budget import Budget
from yunque.learning.leaderboard import Leaderboard
from yunque.learning.ranks import MOST_KNOTS, ranks_of
from yunque.learning.scores.structure import adjusted_rand, rank_correlation, shared_top, silhouettes
from yunque.learning.task import Task, TaskKind
from yunque.learning.unlabelled.candidates import candidates
from yunque.learning.unlabelled.explore import explore
from yunque.learning.unlabelled.measure import measure_clusters, measure_scores
from yunque.learning.unlabelled.request import ExploreRequest
from yunque.learning.unlabelled.task import unlabelled_task
from yunque.learning.unlabelled.wish import UnlabelledWish, parse_clusters


def explored(frame: pl.DataFrame, kind: str, *names: str, **more: Any) -> Leaderboard:
    contract, _ = infer_contract(frame, Wishes())
    request = ExploreRequest(
        frame=check_table(contract, frame, need_target=False).frame,
        schema=contract.schema,
        task=unlabelled_task(kind, names=names or None),
        budget=Budget(seconds=30.0, clock=lambda: 0.0),
        algorithms=names or None,
        **more,
    )
    return explore(request)


def three_groups(rows: int = 300) -> pl.DataFrame:
    rng = np.random.default_rng(1)
    at = np.array([[0.0, 0.0], [5.0, 0.0], [0.0, 5.0]])[rng.integers(0, 3, rows)]
    return pl.DataFrame({"a": at[:, 0] + rng.normal(0, 0.5, rows), "b": at[:, 1] + rng.normal(0, 0.5, rows)})


def test_the_number_of_clusters_is_found_and_beats_shuffled_columns() -> None:
    board = explored(three_groups(), "clusters", "k_means")
    best = board.entries[0]
    assert (best.name, best.weight, best.params["n_clusters"]) == ("k_means-3", 1.0, 3)
    assert {entry.name for entry in board.entries} == {f"k_means-{k}" for k in range(2, 11)}
    shuffled = board.baselines[0]
    assert shuffled.name == "permuted_columns"
    assert board.champion_loss + 2 * board.champion_loss_error < shuffled.loss
    assert board.champion_metrics["stability"] > 0.95
    assert [found["cluster"] for found in board.plan["clusters"]] == [0, 1, 2]
    assert sum(found["rows"] for found in board.plan["clusters"]) == 300


def test_structureless_columns_do_not_beat_their_own_shuffles_by_much() -> None:
    rng = np.random.default_rng(0)
    board = explored(pl.DataFrame(rng.normal(size=(300, 3)), schema=["a", "b", "c"]), "clusters", "k_means")
    gap = board.baselines[0].loss - board.champion_loss
    assert gap < 2 * np.hypot(board.champion_loss_error, board.baselines[0].loss_error)


def test_anomalies_are_judged_by_others_and_by_themselves() -> None:
    frame = three_groups().with_row_index("i").with_columns(
        pl.when(pl.col("i") % 12 == 7).then(20.0).otherwise(pl.col("a")).alias("a"),
        label=pl.when(pl.col("i") % 12 == 7).then(pl.lit("yes")).otherwise(pl.lit("no")),
    ).drop("i")  # fmt: skip
    contract, _ = infer_contract(frame, Wishes(ignore=("label",)))
    request = ExploreRequest(
        frame=check_table(contract, frame, need_target=False).frame,
        schema=contract.schema,
        task=unlabelled_task("anomaly", names=("pca", "iforest")),
        wish=UnlabelledWish(contamination=0.02, label="label"),
        budget=Budget(seconds=30.0, clock=lambda: 0.0),
        algorithms=("pca", "isolation_forest"),
    )
    board = explore(request)
    assert board.task.metric == "agreement" and board.baselines[0].name == "chance"
    assert {"agreement", "stability", "flag_stability", "label_pr_auc", "label_roc_auc"} == set(
        board.champion_metrics
    )
    forest = next(entry for entry in board.entries if entry.name == "isolation_forest")
    assert forest.metrics["label_roc_auc"] > 0.9
    ranks = board.champion.decision.ranks
    assert ranks is not None and abs(ranks.flagged - 0.02) < 0.01
    alone = explore(ExploreRequest(**{**vars(request), "task": unlabelled_task("anomaly", names=("pca",)),
                                      "algorithms": ("pca",)}))  # fmt: skip
    assert alone.task.metric == "stability"


def test_columns_that_never_vary_hold_no_clusters() -> None:
    with pytest.raises(UsageError, match="no feature"):
        explored(pl.DataFrame({"a": [1.0] * 40, "b": [2.0] * 40}), "clusters", "k_means")
    nearly = pl.DataFrame({"a": [1.0] * 40, "b": [2.0] * 39 + [3.0]})
    with pytest.raises(TrainingError, match=r"Nothing was found.* into one cluster"):
        explored(nearly, "clusters", "dbscan")


def test_a_few_rows_are_too_few() -> None:
    with pytest.raises(DataError, match="at least 10"):
        explored(three_groups(1), "anomaly", "pca")
    assert explored(three_groups(12), "anomaly", "isolation_forest").entries[0].state == "done"


def test_more_clusters_than_rows_are_refused() -> None:
    with pytest.raises(UsageError, match="50 clusters cannot be made of 30 rows"):
        explored(three_groups(30), "clusters", "k_means", wish=UnlabelledWish(clusters=50))


def test_columns_of_text_and_of_nothing() -> None:
    rng = np.random.default_rng(0)
    words = np.array(["red house", "blue sky over a long road", "GREEN!", "12 34"])
    text = [f"{words[i % 4]} {rng.integers(1000)}" for i in range(200)]
    board = explored(pl.DataFrame({"text": text}), "anomaly", "isolation_forest", "pca")
    assert board.champion.blend.n_outputs == 1
    empty = pl.DataFrame({"a": [None] * 50, "b": [None] * 50}, schema={"a": pl.Float64, "b": pl.String})
    with pytest.raises((TrainingError, UsageError)):
        explored(empty, "clusters", "k_means")


def test_a_candidate_that_cannot_be_fitted_is_a_line_with_its_reason() -> None:
    rng = np.random.default_rng(0)
    sparse = pl.DataFrame(rng.uniform(size=(60, 2)) * 1e3, schema=["a", "b"])
    board = explored(sparse, "anomaly", "pca", "dbscan", "k_means")
    assert {entry.state for entry in board.entries} <= {"done", "dropped", "failed"}
    assert all(entry.reason for entry in board.entries if entry.state in ("dropped", "failed"))


def test_scores_of_structure() -> None:
    x = np.array([[0.0], [0.1], [5.0], [5.1]])
    found = silhouettes(x, np.array([0, 0, 1, 1]))
    assert found is not None and found.min() > 0.9
    noise = silhouettes(np.vstack([x, [[50.0]]]), np.array([0, 0, 1, 1, -1]))
    assert noise is not None and noise[-1] == 0.0
    assert silhouettes(x, np.zeros(4, np.int64)) is None and silhouettes(x, np.arange(4)) is None
    assert adjusted_rand(np.array([0, 0, 1, 1]), np.array([1, 1, 0, 0])) == 1.0
    assert rank_correlation(np.array([1.0, 2.0, 3.0]), np.array([10.0, 20.0, 90.0])) == pytest.approx(1.0)
    assert rank_correlation(np.ones(5), np.arange(5.0)) == 0.0
    assert shared_top(np.arange(10.0), np.arange(10.0), 3) == 1.0
    assert shared_top(np.arange(10.0), -np.arange(10.0), 3) == 0.0


def test_one_cluster_and_one_score_are_no_answers() -> None:
    one = np.column_stack([np.zeros(50), np.ones(50)])
    assert "one cluster" in measure_clusters(np.ones((50, 2)), one, []).problem
    assert "same score" in measure_scores(np.ones((50, 1)), [], [], 0.1).problem


@pytest.mark.parametrize("rows", [1, 2, 10, 999, 5000])
def test_one_score_ranks_as_in_a_table(rows: int) -> None:
    rng = np.random.default_rng(rows)
    scores = np.round(rng.gamma(2.0, size=rows), 2)
    ranks = ranks_of(scores, 0.05)
    assert len(ranks.scores) <= MOST_KNOTS
    asked = np.concatenate([scores, scores + 1e-3, [-5.0, 1e9]])
    many = ranks.percentiles_of(asked)
    assert np.array_equal(many, [ranks.percentile(float(score)) for score in asked])
    assert many.min() >= 0 and many.max() <= 100 and ranks.percentile(float(scores.max())) == 100.0
    if rows <= 800:  # every score is a knot
        exact = [100 * float((scores <= score).mean()) for score in scores]
        np.testing.assert_allclose(ranks.percentiles_of(scores), exact)


def test_equal_scores_do_not_flag_the_whole_table() -> None:
    assert ranks_of(np.ones(100), 0.01).flagged == 0.0
    half = ranks_of(np.repeat([0.0, 1.0], [60, 40]), 0.1)
    assert half.flagged == 0.0
    assert ranks_of(np.arange(100.0), 0.1).flagged == pytest.approx(0.1)


def test_candidates_follow_what_is_asked() -> None:
    clusters = Task(kind=TaskKind.CLUSTERS, metric="silhouette")
    names = [each.name for each in candidates(clusters, None, 5, 1000)]
    assert names == ["k_means-5", "gaussian_mixture-5"]
    assert [each.name for each in candidates(clusters, ("dbscan",), 5, 1000)] == ["dbscan"]
    assert [each.name for each in candidates(clusters, ("k_means",), None, 8)] == [
        "k_means-2", "k_means-3", "k_means-4",
    ]  # fmt: skip
    anomaly = Task(kind=TaskKind.ANOMALY, metric="agreement")
    assert [each.name for each in candidates(anomaly, None, None, 1000)] == [
        "isolation_forest", "k_means", "gaussian_mixture", "pca", "dbscan",
    ]  # fmt: skip


def test_the_question_is_checked_before_anything_long_starts() -> None:
    assert unlabelled_task("clusters").metric == "silhouette"
    assert unlabelled_task("anomaly").n_outputs == 1 and unlabelled_task("clusters").n_outputs == 2
    assert unlabelled_task("anomaly", names=("iforest", "isolation_forest")).metric == "stability"
    with pytest.raises(UsageError, match="not defined"):
        unlabelled_task("clusters", metric="rmse")
    with pytest.raises(UsageError, match="several learners"):
        unlabelled_task("anomaly", metric="agreement", names=("pca",))
    assert parse_clusters(" Auto ") is None and parse_clusters("7") == 7
    with pytest.raises(UsageError, match="no target column"):
        unlabelled_task("anomaly").answer_column  # noqa: B018
