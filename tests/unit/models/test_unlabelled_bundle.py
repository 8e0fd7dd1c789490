"""Bundles without a target: what they answer, and that altered ones are refused before anything is built."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hostile_bundle import change_json, change_manifest, copy_of

from yunque.data.infer import Wishes
from yunque.errors import BundleError, UsageError
from yunque.learning.unlabelled.wish import UnlabelledWish
from yunque.models.gates import check_gates
from yunque.models.prediction import predictions_of
from yunque.models.predictor import Predictor
from yunque.models.trusted_load import load_bundle
from yunque.runtime.clock import REAL_CLOCK
from yunque.services.train import TrainRequest
from yunque.services.train_any import train_any


def table(rows: int = 150) -> pl.DataFrame:
    rng = np.random.default_rng(0)
    group = rng.integers(0, 3, rows)
    at = np.array([[0.0, 0.0], [5.0, 0.0], [0.0, 5.0]])[group]
    amount = at[:, 0] + rng.normal(0, 0.4, rows)
    return pl.DataFrame(
        {
            "amount": [None if i % 29 == 3 else float(value) for i, value in enumerate(amount)],
            "items": at[:, 1] + rng.normal(0, 0.4, rows),
            "shop": [("n", "s", "w")[each] for each in group],
        }
    )


LEARNERS = {
    "isolation_forest": "anomaly", "pca": "anomaly", "dbscan": "clusters", "k_means": "clusters",
    "gaussian_mixture": "anomaly",
}  # fmt: skip


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    home = tmp_path_factory.mktemp("bundles")
    for name, kind in LEARNERS.items():
        wish = UnlabelledWish(clusters=3 if name == "k_means" else None)
        request = TrainRequest(
            source=table(), name="m", wishes=Wishes(), task=kind, algorithms=(name,), by="me", unlabelled=wish
        )
        train_any(request, home / name, REAL_CLOCK)
    return {name: home / name for name in LEARNERS}


@pytest.mark.parametrize("name", LEARNERS)
def test_a_row_is_answered_as_in_a_table(bundles: dict[str, Path], name: str) -> None:
    predictor = Predictor.from_bundle(load_bundle(bundles[name]))
    found = predictor.predict_table(table())
    assert [predictor.predict_row(row) for row in table().to_dicts()] == predictions_of(
        predictor.task, found.frame
    )
    manifest = predictor.bundle.manifest
    assert manifest.task.target is None and manifest.task.classes == []
    assert {gap.gate for gap in check_gates(manifest, predictor)} <= {"baseline"}
    with pytest.raises(UsageError):
        predictor.predict_proba(table())
    if LEARNERS[name] == "clusters":
        with pytest.raises(UsageError, match="cluster"):
            predictor.explain(table().head(2))
    else:
        explained = predictor.explain(table().head(2))
        assert explained.values.shape == (2, 3, 1)


def _of_another_kind(document: dict[str, Any]) -> None:
    document["task"]["kind"] = "clusters" if document["task"]["kind"] == "anomaly" else "anomaly"


MANIFESTS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "a target": lambda document: document["task"].update(target="amount"),
    "another kind": _of_another_kind,
    "a regression": lambda document: document["task"].update(kind="regression"),
    "classes": lambda document: document["task"].update(classes=["a", "b"]),
}


@pytest.mark.parametrize("what", MANIFESTS)
@pytest.mark.parametrize("name", ["pca", "k_means"])
def test_a_manifest_of_another_task_is_refused(
    bundles: dict[str, Path], tmp_path: Path, name: str, what: str
) -> None:
    folder = copy_of(bundles[name], tmp_path / "b")
    change_manifest(folder, MANIFESTS[what])
    with pytest.raises(BundleError):
        load_bundle(folder)


def _put(**changes: Any) -> Callable[[dict[str, Any]], None]:
    return lambda document: document["ranks"].update(changes)


RANKS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "none": lambda document: document.pop("ranks"),
    "falling scores": lambda document: document["ranks"]["scores"].reverse(),
    "falling percentiles": lambda document: document["ranks"]["percentiles"].reverse(),
    "a percentile above 100": lambda document: document["ranks"]["percentiles"].__setitem__(-1, 101.0),
    "a percentile below 0": lambda document: document["ranks"]["percentiles"].__setitem__(0, -1.0),
    "fewer percentiles": lambda document: document["ranks"]["percentiles"].pop(),
    "no scores": _put(scores=[], percentiles=[]),
    "huge scores": _put(scores=[-1e300, 1e300], percentiles=[1.0, 100.0]),
    "not a number": _put(flag_from=None),
    "all is odd": _put(contamination=1.5),
    "flags": _put(flagged=-0.5),
    "more": _put(code="print()"),
    "too many": _put(scores=[float(i) for i in range(5000)], percentiles=[50.0] * 5000),
}


@pytest.mark.parametrize("what", RANKS)
def test_ranks_that_no_training_made_are_refused(bundles: dict[str, Path], tmp_path: Path, what: str) -> None:
    folder = copy_of(bundles["pca"], tmp_path / "b")
    change_json(folder, "blend.json", RANKS[what])
    with pytest.raises(BundleError):
        load_bundle(folder)


def _member(**facts: Any) -> Callable[[dict[str, Any]], None]:
    return lambda document: document["members"][0]["facts"].update(facts)


MEMBERS: dict[str, tuple[str, Callable[[dict[str, Any]], Any]]] = {
    "a distance for a cluster": ("k_means", _member(answer="distance")),
    "an unknown answer": ("k_means", _member(answer="eval")),
    "a reach below zero": ("dbscan", _member(reach=-1.0)),
    "no reach": ("dbscan", _member(reach=None)),
    "another width": ("k_means", _member(n_features=2)),
    "ranks of clusters": ("k_means", lambda document: document.update(ranks={
        "scores": [0.0], "percentiles": [100.0], "contamination": 0.1, "flag_from": 0.0, "flagged": 0.1})),
    "a cluster for a score": ("gaussian_mixture", _member(answer="cluster")),
    "another form": ("pca", lambda document: document["members"][0].update(kind="points")),
}  # fmt: skip


@pytest.mark.parametrize("what", MEMBERS)
def test_members_that_answer_another_question_are_refused(
    bundles: dict[str, Path], tmp_path: Path, what: str
) -> None:
    name, change = MEMBERS[what]
    folder = copy_of(bundles[name], tmp_path / "b")
    change_json(folder, "blend.json", change)
    with pytest.raises(BundleError):
        load_bundle(folder)
