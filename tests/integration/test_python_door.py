"""`import yunque`: train, look, publish, load; and the public names."""

import re
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from small_models import clients

import yunque
from yunque.errors import FindingsError, NotFoundError


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("YUNQUE_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def test_the_public_names_are_these() -> None:
    """A change of this list is a change of the interface: say it in the changelog."""
    assert sorted(yunque.__all__) == [
        "Contract", "Finding", "Leaderboard", "Prediction", "Predictor", "Task", "TrainedModel",
        "YunqueClassifier", "YunqueError", "YunqueRegressor", "__version__", "check", "check_table", "infer_contract", "load", "read_table", "train", "write_table",
    ]  # fmt: skip
    for name in yunque.__all__:
        assert getattr(yunque, name) is not None
    assert dir(yunque) == sorted(yunque.__all__)
    with pytest.raises(AttributeError, match="nonsense"):
        yunque.nonsense  # noqa: B018


def test_the_version_is_that_of_the_package() -> None:
    text = (Path(__file__).parents[2] / "pyproject.toml").read_text()
    found = re.search(r'^version = "(.+)"', text, re.MULTILINE)
    assert found is not None and found[1] == yunque.__version__


def test_a_table_becomes_a_model_that_answers_and_is_published(own_home: Path) -> None:
    frame = clients(400).drop("spend")
    trained = yunque.train(frame, target="buys", budget=2, algorithms=["logistic"], name="shop", by="Ana")
    assert trained.leaderboard.task.classes == ("no", "sí")
    assert trained.report.exists() and trained.card.exists()
    rows = frame.drop("buys")
    before = trained.predictor().predict_proba(rows)
    assert before.shape == (400, 2)
    published = trained.publish(override="a test")
    assert published.version.label == "shop@1" and published.promoted
    opened = yunque.load("shop@champion")
    assert opened.classes == ("no", "sí")
    assert np.array_equal(opened.predict_proba(rows), before)
    assert opened.predict(rows.row(0, named=True)) == opened.predict(rows.head(1))[0]
    folder = trained.folder
    assert yunque.load(folder).classes == ("no", "sí")
    del trained
    assert not folder.exists()
    assert yunque.load("shop").predict_proba(rows).shape == (400, 2)


def test_a_pandas_table_is_taken_too() -> None:
    frame = clients(120).drop("buys").to_pandas()
    outcome = yunque.check(frame, "spend", ids=["client id"])
    assert outcome.contract.schema.target is not None and outcome.contract.schema.target.name == "spend"
    assert outcome.checked.frame.height == 120


def test_findings_stop_and_missing_models_are_named() -> None:
    frame = clients(200).drop("spend").with_columns(copy=pl.col("buys"))
    with pytest.raises(FindingsError) as caught:
        yunque.train(frame, target="buys", budget=2)
    assert caught.value.findings
    with pytest.raises(NotFoundError):
        yunque.load("nothing")
