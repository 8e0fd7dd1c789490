"""What a request for a job may say: paths that stay inside, names of models, fields with their places."""

import os
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from yunque.errors import NotFoundError
from yunque.learning.decide_wish import DecisionWish
from yunque.learning.registry import algorithms
from yunque.services.data_folder import PathError, open_table, parts_of
from yunque.services.guess_target import guess_target
from yunque.services.job_fields import FieldsError
from yunque.services.job_input import safe_name
from yunque.services.job_payloads import (
    DecisionPayload,
    TrainPayload,
    check_score,
    check_train,
    decision_wish,
)
from yunque.services.model_names import NOT_OFFERED, check_models, not_offered, offers
from yunque.services.pipeline_payload import check_pipeline


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A data folder with a table, links out of it, and a secret beside it."""
    data = tmp_path / "data"
    (data / "incoming").mkdir(parents=True)
    (data / "incoming" / "sample.csv").write_text("a,b\n1,2\n")
    (tmp_path / "secret.csv").write_text("secret")
    (data / "out.csv").symlink_to(tmp_path / "secret.csv")
    (data / "away").symlink_to(tmp_path)
    os.mkfifo(data / "pipe.csv")
    return data


@pytest.mark.parametrize(
    "path", ["data/incoming/sample.csv", "incoming/sample.csv", "./incoming//sample.csv"]
)
def test_a_table_is_found_with_and_without_the_folders_own_name(folder: Path, path: str) -> None:
    with open_table(folder, path) as file:
        assert file.read() == b"a,b\n1,2\n"


@pytest.mark.parametrize(
    "path",
    [
        "../secret.csv", "data/../../secret.csv", "/etc/passwd", "~/x", "", ".", "data", "data/", "a\\b.csv",
        "C:/x.csv", "x\x00.csv", "incoming/.hidden", "out.csv", "away/secret.csv", "pipe.csv", "incoming",
        "data/away/../secret.csv", "a" * 501, "incoming/\n.csv",
    ],
)  # fmt: skip
def test_every_way_out_is_closed(folder: Path, path: str) -> None:
    with pytest.raises(PathError), open_table(folder, path):
        pass


@pytest.mark.parametrize("path", ["none.csv", "incoming/none.csv", "none/sample.csv"])
def test_what_is_not_there_says_so_without_the_servers_folder(folder: Path, path: str) -> None:
    with pytest.raises(NotFoundError) as told, open_table(folder, path):
        pass
    assert str(folder) not in str(told.value)


@given(st.text(max_size=60))
def test_no_path_has_a_part_that_climbs(text: str) -> None:
    try:
        parts = parts_of(text)
    except PathError:
        return
    assert parts and not any(part in ("", ".", "..") or "/" in part or "\x00" in part for part in parts)


def test_r3s_names_are_known_and_become_canonical() -> None:
    names = ["logistic_regression", "random_forest_classifier", "xgb_classifier", "XGBoost"]
    assert check_models(names, pointer="/m") == ("logistic_regression", "random_forest", "xgboost")


def test_every_algorithm_can_be_named_by_all_its_names() -> None:
    for entry in algorithms():
        for name in (entry.name, *entry.aliases):
            assert name not in not_offered(offers())


def test_each_wrong_name_is_told_with_its_place_and_reason() -> None:
    with pytest.raises(FieldsError) as told:
        check_models(["lightgbm", "arima", "lightgmb", "cnn"], pointer="/params/models")
    assert [(field.pointer, field.code) for field in told.value.fields] == [
        ("/params/models/1", "not_offered"),
        ("/params/models/2", "unknown_model"),
        ("/params/models/3", "not_offered"),
    ]
    assert "lightgbm" in told.value.fields[1].detail
    assert all(reason for reason in NOT_OFFERED.values())


def test_a_payload_is_settled_before_it_is_stored() -> None:
    found = check_train({"models": ["rf"], "budget": "5m", "hpo": False})
    assert found["models"] == ["random_forest"] and found["target"] is None and found["hpo"] is False
    assert check_train(found) == found  # a retry checks it again


@pytest.mark.parametrize(
    ("payload", "pointer"),
    [
        ({"budget": "10x"}, "/payload/budget"),
        ({"budget": "9h"}, "/payload/budget"),
        ({"name": "Big Name"}, "/payload/name"),
        ({"task": "clustering"}, "/payload/task"),
        ({"hpo": "yes"}, "/payload/hpo"),
        ({"models": []}, "/payload/models"),
        ({"models": [1]}, "/payload/models/0"),
        ({"folds": 0}, "/payload/folds"),
        ({"holdout": 2}, "/payload/holdout"),
        ({"seed": -1}, "/payload/seed"),
        ({"colour": "red"}, "/payload/colour"),
    ],
)
def test_a_field_that_cannot_be_used_is_named(payload: dict[str, object], pointer: str) -> None:
    with pytest.raises(FieldsError) as told:
        check_train(payload)
    assert told.value.fields[0].pointer == pointer


def test_scorings_and_pipelines_are_checked_too() -> None:
    assert check_score({"model": "late@champion"})["output"] == "csv"
    for wrong in (
        {"model": "Late"},
        {"model": "late", "batch_rows": 0},
        {"model": "late", "output": "xlsx"},
        {},
    ):
        with pytest.raises(FieldsError):
            check_score(wrong)
    assert check_pipeline({"solution": "aml"})["solution"] == "aml"
    with pytest.raises(FieldsError, match="aml"):
        check_pipeline({"solution": "magic"})


def test_a_target_is_guessed_by_name_then_by_place() -> None:
    assert guess_target(["id", "Target", "x"])[0] == "Target"
    column, why = guess_target(["a", "b", "c"])
    assert column == "c" and "last" in why


@pytest.mark.parametrize(
    ("given_name", "kept"),
    [("mi tabla.csv", "mi_tabla.csv"), ("../../etc/passwd", "passwd"), ("a\\b.csv", "b.csv"), ("*?[.csv", "_.csv"),
     ("", "table"), ("...", "table"), ("ñandú.csv.gz", "_and_.csv.gz")],
)  # fmt: skip
def test_a_files_name_means_nothing_to_a_reader_of_paths(given_name: str, kept: str) -> None:
    assert safe_name(given_name) == kept


def test_a_training_may_ask_for_its_answers_and_its_groups() -> None:
    asked = {
        "decision": {"least_recall": {"fraud": 0.9}, "coverage": 0.95},
        "sensitive": ["sex", "age"],
        "latency_microseconds": 200,
    }
    payload = msgspec.convert(dict(check_train(asked)), TrainPayload)
    wish = decision_wish(payload.decision)
    assert wish.recalls == (("fraud", 0.9),) and wish.coverage == 0.95
    assert payload.sensitive == ["sex", "age"]
    costs = msgspec.convert(
        dict(check_train({"decision": {"costs": {"cat": {"dog": 3}}}})), TrainPayload
    ).decision
    assert decision_wish(costs).costs == decision_wish(DecisionPayload(costs="cat>dog=3")).costs
    assert decision_wish(TrainPayload().decision) == DecisionWish()


@pytest.mark.parametrize(
    ("asked", "pointer"),
    [
        ({"decision": {"least_recall": 2.0}}, "/payload/decision"),
        ({"decision": {"least_recall": 0.5, "costs": "a>b=2"}}, "/payload/decision"),
        ({"decision": {"costs": "nonsense"}}, "/payload/decision"),
        ({"decision": {"recall": 0.5}}, "/payload/decision/recall"),
        ({"sensitive": "sex"}, "/payload/sensitive"),
        ({"latency_microseconds": 0}, "/payload/latency_microseconds"),
    ],
)
def test_a_wish_that_means_nothing_is_refused_at_its_place(asked: dict[str, object], pointer: str) -> None:
    with pytest.raises(FieldsError) as refused:
        check_train(asked)
    assert [field.pointer for field in refused.value.fields] == [pointer]
