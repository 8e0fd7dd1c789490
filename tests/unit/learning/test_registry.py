"""Algorithms are found by file."""

import sys
from pathlib import Path

import pytest

from yunque.errors import NotFoundError
from yunque.learning import algorithms as folder
from yunque.learning import registry
from yunque.learning.algorithm import Algorithm
from yunque.learning.upstream_names import NOT_OFFERED

OTHER_FILE = """
from dataclasses import replace
from yunque.learning.algorithms.constant import ALGORITHM as CONSTANT
ALGORITHM = replace(CONSTANT, name={name!r}, aliases=(), requires={requires!r})
"""


@pytest.fixture
def further(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Files put beside those of the package, as a new algorithm would be."""
    monkeypatch.setattr(folder, "__path__", [*folder.__path__, str(tmp_path)])

    def forget() -> None:
        registry.algorithms.cache_clear()
        registry._by_answer.cache_clear()
        for name in [name for name in sys.modules if name.startswith(f"{folder.__name__}.probe")]:
            del sys.modules[name]

    forget()
    yield tmp_path
    monkeypatch.undo()
    forget()


def test_every_file_is_an_algorithm_of_its_own_name() -> None:
    names = [entry.name for entry in registry.algorithms()]
    assert names == sorted(path.stem for path in Path(folder.__path__[0]).glob("[!_]*.py"))
    assert {"constant", "linear", "logistic_regression", "lightgbm", "catboost", "xgboost"} <= set(names)


@pytest.mark.parametrize(
    ("asked", "name"),
    [
        ("lgbm", "lightgbm"),
        ("XGB-Classifier", "xgboost"),
        ("random_forest_classifier", "random_forest"),
        ("ridge", "linear"),
        ("linear_regression", "least_squares"),
        (" Logistic Regression ", "logistic_regression"),
    ],
)
def test_names_and_aliases_are_answered(asked: str, name: str) -> None:
    assert registry.algorithm(asked).name == name


def test_an_unknown_name_tells_the_nearest() -> None:
    with pytest.raises(NotFoundError, match="lightgbm"):
        registry.algorithm("lightgmb")


def test_a_new_file_is_found(further: Path) -> None:
    (further / "probe_new.py").write_text(OTHER_FILE.format(name="probe", requires=()))
    assert registry.algorithm("probe").name == "probe"


def test_an_absent_library_is_not_installed(further: Path) -> None:
    (further / "probe_absent.py").write_text(OTHER_FILE.format(name="probe", requires=("no_such_library",)))
    entry = registry.algorithm("probe")
    assert registry.missing_libraries(entry) == ("no_such_library",)
    assert entry in registry.algorithms()
    assert entry not in registry.installed_algorithms()


def test_a_file_that_fails_to_import_is_an_error(further: Path) -> None:
    (further / "probe_broken.py").write_text("import no_such_library\n")
    with pytest.raises(ImportError, match="no_such_library"):
        registry.algorithms()


def test_two_answers_to_one_name_are_an_error(further: Path) -> None:
    (further / "probe_twin.py").write_text(OTHER_FILE.format(name="lgbm", requires=()))
    with pytest.raises(ValueError, match="lgbm"):
        registry.algorithms()


def test_algorithms_are_values() -> None:
    assert all(isinstance(entry, Algorithm) for entry in registry.algorithms())


UPSTREAM = [
    "logistic_regression",
    "random_forest_classifier",
    "decision_tree_classifier",
    "svm",
    "gradient_boosting_classifier",
    "adaboost",
    "knn",
    "naive_bayes",
    "xgb_classifier",
    "lightgbm_classifier",
    "catboost_classifier",
    "passive_aggressive",
    "sgd_classifier",
    "perceptron",
    "dense_nn",
    "linear_regression",
    "ridge",
    "lasso",
    "elastic_net",
    "svr",
    "random_forest_regressor",
    "xgb_regressor",
    "lightgbm_regressor",
    "bayesian_ridge",
    "huber_regressor",
    "hist_gradient_boosting",
    "extra_trees_classifier",
    "mlp_regressor",
]


@pytest.mark.parametrize("name", UPSTREAM)
def test_every_sound_supervised_name_of_the_upstream_is_offered(name: str) -> None:
    assert registry.algorithm(name).name


@pytest.mark.parametrize("name", ["CNN", "lstm", "t-SNE", "Prophet", "spectral", "adaboost_regressor"])
def test_what_is_not_offered_is_told_with_its_reason(name: str) -> None:
    with pytest.raises(NotFoundError, match="is not offered: "):
        registry.algorithm(name)


def test_no_offered_name_stands_among_those_refused() -> None:
    answers = {answer for entry in registry.algorithms() for answer in (entry.name, *entry.aliases)}
    assert not answers & set(NOT_OFFERED)
