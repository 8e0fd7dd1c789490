"""R4's configuration file: what it may say, and what is refused."""

from pathlib import Path

import pytest

from yunque.errors import UsageError
from yunque.services.model_config import read_model_config

WHOLE = """
model: {name: churn, description: Who leaves.}
data: {target: leaves, time_column: day, ignore: [note, 7]}
training: {metric: log_loss, budget: 90, seed: 7, algorithms: [lightgbm, logistic], holdout: 0.2}
targets:
  accuracy: ">= 0.85"
  f1_score: ≥0.8
  mape: "< 10%"
  recall[yes]: ">0.5"
"""


def config(folder: Path, text: str) -> Path:
    path = folder / "model_config.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_settings_and_targets_are_read_by_the_names_of_options(tmp_path: Path) -> None:
    found = read_model_config(config(tmp_path, WHOLE))
    assert found.options == {
        "name": "churn", "description": "Who leaves.", "target": "leaves", "time_column": "day",
        "ignore": ["note", "7"], "metric": "log_loss", "budget": "90s", "seed": 7,
        "algorithms": "lightgbm,logistic", "holdout": 0.2,
    }  # fmt: skip
    assert found.targets == ("accuracy>=0.85", "f1_score>=0.8", "mape<0.1", "recall[yes]>0.5")


def test_an_empty_file_asks_for_nothing(tmp_path: Path) -> None:
    assert read_model_config(config(tmp_path, "")).targets == ()
    assert read_model_config(config(tmp_path, "targets: [roc_auc>=0.7]")).targets == ("roc_auc>=0.7",)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("modle: {}", "no section 'modle'"),
        ("model: 7", "holds no keys"),
        ("model: {nme: x}", "no key 'model.nme'"),
        ("training: {seed: seven}", "training.seed takes int"),
        ("training: {folds: true}", "training.folds takes int"),
        ("targets: {accuracy: high}", "no sign with a number"),
        ('targets: {accuracy: ">= 1.2.3"}', "is no number"),
        ("targets: 7", "neither metrics"),
        ("[1, 2]", "holds no sections"),
        ("a: [", "cannot be read"),
        ("model: &a {name: *a}", "cannot be read|takes str|no key"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_its_place(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(UsageError, match=told) as caught:
        read_model_config(config(tmp_path, text))
    assert caught.value.place["file"] == "model_config.yaml"


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read: No such file"):
        read_model_config(tmp_path / "no.yaml")
