"""The portfolio fits the budget: fewer candidates and faster learning when time is short."""

from dataclasses import replace

import pytest

from yunque.errors import NotFoundError
from yunque.learning.fit_size import FitSize
from yunque.learning.pace import FASTEST, SLOWEST, measured_pace
from yunque.learning.portfolio import Shape, anchors, learning_rate, portfolio
from yunque.learning.portfolio_entries import ANCHORS, ENTRIES, FOR_FEW
from yunque.learning.registry import algorithms
from yunque.learning.task import Task, TaskKind

BINARY = Task(kind=TaskKind.BINARY, target="y", classes=("no", "yes"), metric="log_loss")
REGRESSION = Task(kind=TaskKind.REGRESSION, target="y", metric="rmse")


def shape(seconds: float, rows: int = 5_000, folds: int = 5, scores: int = 1) -> Shape:
    return Shape(
        fit=FitSize(rows=rows, columns=20, scores=scores),
        folds=folds,
        core_seconds=1.6 * seconds,
        seconds=seconds,
    )


def test_more_time_means_more_candidates_and_slower_rates() -> None:
    counts = [len(portfolio(BINARY, shape(seconds))[0]) for seconds in (1.0, 20.0, 60.0, 600.0)]
    assert counts == sorted(counts) and counts[0] >= 2 and counts[-1] > counts[0]
    rates = [
        next(each.params["learning_rate"] for each in portfolio(BINARY, shape(seconds))[0] if each.name == "catboost")
        for seconds in (5.0, 600.0)
    ]  # fmt: skip
    assert rates[0] > rates[1]


def test_where_few_fits_can_be_paid_the_strongest_single_models_come_first() -> None:
    few, many = portfolio(BINARY, shape(3.0))[0], portfolio(BINARY, shape(60.0))[0]
    assert [each.name for each in few][:2] == ["logistic_regression", "lightgbm-mixed"]
    assert {each.name for each in few} <= {entry.name for entry in FOR_FEW}
    assert {each.name for each in many} <= {entry.name for entry in ENTRIES}


def test_more_rows_than_it_was_learnt_on_get_more_leaves() -> None:
    def leaves(rows: int) -> int:
        given = {each.name: each for each in portfolio(BINARY, shape(600.0, rows=rows))[0]}
        return int(given["lightgbm-tiny"].params["num_leaves"])

    assert (leaves(4_000), leaves(16_000), leaves(20_000)) == (5, 10, 11)


def test_a_slower_machine_gets_fewer_candidates() -> None:
    quick, slow = shape(20.0, rows=15_000), replace(shape(20.0, rows=15_000), pace=8.0)
    assert len(portfolio(BINARY, slow)[0]) < len(portfolio(BINARY, quick)[0])


def test_the_slots_of_all_candidates_fit_into_the_search_with_slack() -> None:
    given = shape(60.0)
    candidates, slot = portfolio(BINARY, given)
    total = sum(each.share for each in candidates) * slot * given.folds
    assert given.core_seconds <= total <= 2.0 * given.core_seconds


def test_every_entry_names_an_algorithm_once_and_anchors_come_with_a_reference() -> None:
    names = [entry.name for entry in (*ANCHORS, *ENTRIES)]
    assert len(names) == len(set(names))
    known = {each.name for each in algorithms()}
    assert {entry.algorithm for entry in (*ANCHORS, *ENTRIES)} <= known
    for task in (BINARY, REGRESSION):
        first, second = anchors(task)
        assert first.is_reference and second.is_anchor and not second.is_reference


def test_amounts_are_learnt_by_their_logarithm_too() -> None:
    def names(of_amounts: bool) -> set[str]:
        return {each.name for each in portfolio(REGRESSION, shape(600.0), of_amounts=of_amounts)[0]}

    assert names(True) - names(False) == {"lightgbm-poisson", "lightgbm-tweedie"}
    assert "lightgbm-poisson" in {
        each.name for each in portfolio(REGRESSION, shape(20.0), of_amounts=True)[0]
    }


def test_a_wish_restricts_and_aliases_count() -> None:
    candidates, _ = portfolio(REGRESSION, shape(20.0), ("lgbm", "ridge"))
    assert {each.algorithm.name for each in candidates} == {"lightgbm", "linear"}
    assert [each.name for each in anchors(REGRESSION, ("ridge",))] == ["constant"]
    with pytest.raises(NotFoundError):
        portfolio(REGRESSION, shape(20.0), ("lightgbn",))


def test_an_algorithm_that_the_portfolio_does_not_mention_takes_part() -> None:
    mentioned = {entry.algorithm for entry in (*ANCHORS, *ENTRIES)}
    able = [each for each in algorithms() if TaskKind.BINARY in each.tasks and not each.only_when_named]
    others = {each.name for each in able} - mentioned
    candidates, _ = portfolio(BINARY, shape(10_000.0))
    assert others <= {each.name for each in candidates}


def test_an_algorithm_that_earned_no_place_takes_part_when_it_is_named() -> None:
    unnamed, _ = portfolio(BINARY, shape(10_000.0))
    assert "adaboost" not in {each.name for each in unnamed}
    named, _ = portfolio(BINARY, shape(10_000.0), ("ada_boost_classifier", "sgd"))
    assert {each.algorithm.name for each in named} == {"adaboost", "sgd"}


def test_rates_have_two_digits_and_limits() -> None:
    assert learning_rate(0.04, 1e9) == 0.04
    assert learning_rate(0.04, 250.0) == 0.1
    assert learning_rate(0.04, 3.0) == 0.2
    assert learning_rate(0.0001, 1e9) == 0.005


def test_without_a_measurement_the_pace_is_one() -> None:
    assert measured_pace({}, FitSize(rows=1, columns=1, scores=1)) == 1.0
    assert FASTEST < 1.0 < SLOWEST
