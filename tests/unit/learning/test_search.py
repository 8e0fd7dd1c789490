"""The search survives whatever a candidate does: raise, hang, lie about shapes, or give NaN."""

import time
from dataclasses import replace
from threading import Event
from typing import Any

import numpy as np
import pytest
from learning_tables import table

from yunque.errors import TrainingError
from yunque.kernel.forms.linear import Linear
from yunque.learning.algorithm import Algorithm, FitRequest, Fitted
from yunque.learning.blending import blend
from yunque.learning.budget import Budget
from yunque.learning.candidate import Candidate
from yunque.learning.fold_data import FoldData
from yunque.learning.ledger import open_ledger
from yunque.learning.make_split import Means
from yunque.learning.portfolio import anchors
from yunque.learning.prepare import prepare
from yunque.learning.race import Standing
from yunque.learning.search import Arena, close, enter, run
from yunque.learning.splits import SplitWish
from yunque.learning.task import TaskKind
from yunque.learning.workers import Workers


def arena(seconds: float = 30.0, kind: TaskKind = TaskKind.BINARY) -> Arena:
    frame, schema, task = table(200, kind)
    means = Means(seconds=60.0, threads=2, seed=7)
    prepared, split, _ = prepare(frame, schema, task, SplitWish(folds=3), means)
    budget = Budget(seconds=seconds, clock=time.monotonic)
    return Arena(
        task=task,
        table=prepared,
        split=split,
        data=FoldData(prepared, split, 7),
        ledger=open_ledger(budget, started=time.monotonic(), refits=False),
        seed=7,
        threads=2,
        slot=min(seconds, 20.0) / 4,
        longest=seconds,
        folds=3,
        cancelled=lambda: False,
        on_step=lambda standings: None,
    )


def algorithm_that(fit: Any, name: str = "odd", flatten: Any = None) -> Candidate:
    def flat(fitted: Fitted, request: FitRequest) -> Linear:
        columns = request.train.x.shape[1]
        return Linear(weights=np.zeros((columns, 1)), bias=np.array([fitted.native]), link="sigmoid")

    made = Algorithm(
        name=name, family=name, tasks=frozenset(TaskKind), view="tree", fit=fit, flatten=flatten or flat
    )
    return Candidate(name=name, algorithm=made)


def raced(given: Arena, *candidates: Candidate) -> dict[str, Standing]:
    standings = enter((*anchors(given.task), *candidates))
    run(given, standings)
    close(given, standings)
    return standings


def explode(request: FitRequest) -> Fitted:
    raise MemoryError("out of\nmemory " + "x" * 1_000)


def test_a_candidate_that_raises_is_a_line_with_its_reason() -> None:
    standings = raced(arena(), algorithm_that(explode))
    assert standings["odd"].state == "failed"
    assert standings["odd"].reason.startswith("MemoryError: out of memory")
    assert len(standings["odd"].reason) < 400
    assert standings["lightgbm-quick"].state == "done" and standings["lightgbm-quick"].reach == 3


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_even_an_exit_inside_a_library_does_not_end_the_run() -> None:
    def leave(request: FitRequest) -> Fitted:
        raise SystemExit(3)

    assert raced(arena(), algorithm_that(leave))["odd"].state == "failed"


def test_predictions_that_are_not_finite_fail() -> None:
    standings = raced(arena(), algorithm_that(lambda request: Fitted(native=np.nan)))
    assert standings["odd"].state == "failed"
    assert "not finite" in standings["odd"].reason


def test_predictions_of_a_wrong_shape_fail() -> None:
    def flat(fitted: Fitted, request: FitRequest) -> Linear:
        return Linear(weights=np.zeros((request.train.x.shape[1], 3)), bias=np.zeros(3), link="softmax")

    standings = raced(arena(), algorithm_that(lambda request: Fitted(native=0.0), flatten=flat))
    assert "shape (67, 3)" in standings["odd"].reason or "shape (66, 3)" in standings["odd"].reason


def test_a_fit_that_never_returns_is_left_behind_in_time() -> None:
    hold = Event()

    def hang(request: FitRequest) -> Fitted:
        hold.wait(30.0)
        return Fitted(native=0.0)

    began = time.monotonic()
    standings = raced(arena(seconds=2.0), algorithm_that(hang))
    spent = time.monotonic() - began
    hold.set()
    assert spent < 4.0
    assert standings["odd"].state == "failed" and "left behind" in standings["odd"].reason
    assert standings["lightgbm-quick"].losses


def test_a_fit_is_told_to_stop_at_its_deadline() -> None:
    asked = []

    def slow(request: FitRequest) -> Fitted:
        while not request.should_stop():
            time.sleep(0.01)
        asked.append(time.monotonic())
        return Fitted(native=0.3, stopped_early=True)

    given = replace(arena(), slot=0.3)
    began = time.monotonic()
    standings = raced(given, algorithm_that(slow))
    assert standings["odd"].losses and len(asked) >= 1
    assert asked[0] - began < 10.0
    assert standings["odd"].results[0].fitted.stopped_early


def test_cancelling_keeps_what_is_there() -> None:
    steps = []
    given = replace(arena(), cancelled=lambda: len(steps) >= 2, on_step=steps.append)
    standings = raced(given, *(algorithm_that(lambda request: Fitted(native=0.1), f"n{i}") for i in range(9)))
    assert any(each.losses for each in standings.values())
    assert any(each.state == "skipped" and "cancelled" in each.reason for each in standings.values())
    assert blend(given, standings, 1_000.0).mixture.weights


def test_without_any_candidate_the_constant_is_blended_and_without_it_there_is_an_error() -> None:
    given = arena()
    standings = enter((anchors(given.task, ("constant",))[0], algorithm_that(explode)))
    run(given, standings)
    close(given, standings)
    assert set(blend(given, standings, 1_000.0).mixture.weights) == {"constant"}
    alone = enter((algorithm_that(explode),))
    run(given, alone)
    close(given, alone)
    with pytest.raises(TrainingError, match="MemoryError"):
        blend(given, alone, 1_000.0)


def test_an_out_of_time_search_starts_only_anchors() -> None:
    given = arena(seconds=0.01)
    time.sleep(0.02)
    standings = raced(given, algorithm_that(lambda request: Fitted(native=0.1)))
    assert standings["odd"].state == "skipped"
    assert "the time of the search was over" in standings["odd"].reason


def test_workers_run_side_by_side_and_forget_the_abandoned() -> None:
    workers: Workers[str, str] = Workers(2)
    hold = Event()
    workers.start("slow", lambda job: str(hold.wait(10.0)))
    workers.start("fast", str.upper)
    assert not workers.has_room
    finished = workers.wait(5.0)
    assert finished is not None and finished.outcome == "FAST"
    workers.abandon("slow")
    assert workers.has_room and not workers.running
    hold.set()
    assert workers.wait(1.0) is None


def test_matrices_are_encoded_once_per_view_and_fold_and_recipes_outlive_them() -> None:
    given = arena()
    first = given.data.get("tree", 0)
    assert given.data.get("tree", 0) is first
    assert given.data.get("tree", 1) is not first
    assert first.valid is not None and len(first.valid.y) == len(given.split.folds[0].valid)
    given.data.forget(0)
    again = given.data.get("tree", 0)
    assert again is not first and again.recipe is first.recipe
    assert np.array_equal(again.train.x, first.train.x, equal_nan=True)


def test_a_matrix_too_large_for_memory_learns_from_fewer_rows_and_says_so() -> None:
    frame, schema, task = table(5_000)
    prepared, split, _ = prepare(
        frame, schema, task, SplitWish(folds=1), Means(seconds=60.0, threads=2, seed=7)
    )
    data = FoldData(prepared, split, 7, most_cells={"tree": 8_000, "linear": 8_000})
    encoded = data.get("linear", 0)
    assert len(encoded.train.y) < len(split.folds[0].train)
    assert "to stay within memory" in data.notes[0]
    assert np.array_equal(encoded.train.y, prepared.y[encoded.train_rows])
