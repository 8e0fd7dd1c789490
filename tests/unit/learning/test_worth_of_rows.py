"""Models of all rows take the place of the bag where rows are worth it, and nowhere else."""

import json
import time
from types import SimpleNamespace
from typing import Any

import numpy as np
import polars as pl
import pytest

from yunque.data.schema import Column, Kind, Role, Schema
from yunque.kernel.load import form_to_arrays
from yunque.learning import blending
from yunque.learning.budget import Budget
from yunque.learning.fold_data import ALL_ROWS
from yunque.learning.learn import LearnRequest, learn
from yunque.learning.replay import replay
from yunque.learning.ship import Part, in_place_of
from yunque.learning.splits import SplitWish
from yunque.learning.task import Task, TaskKind
from yunque.learning.worth_of_rows import WorthOfRows, with_time_for_all_rows


def part(name: str, fold: int, weight: float) -> Part:
    named: Any = SimpleNamespace(name=name)
    result: Any = SimpleNamespace(name=name, fold=fold)
    return Part(candidate=named, result=result, weight=weight)


@pytest.mark.parametrize(("gain", "pays"), [(0.0, False), (0.009, False), (0.01, True), (0.5, True)])
def test_members_are_trained_again_from_a_gain_of_a_hundredth_on(gain: float, pays: bool) -> None:
    assert WorthOfRows(gain=gain).pays is pays


def test_who_was_not_trained_again_keeps_its_bag_and_weights_stay_whole() -> None:
    bag = [part(name, fold, weight / 2) for name, weight in (("a", 0.6), ("b", 0.4)) for fold in (0, 1)]
    parts = in_place_of(bag, [part("a", ALL_ROWS, 0.6), part("b", 1, 0.4)])
    weights = {(each.candidate.name, each.result.fold): each.weight for each in parts}
    assert weights == {("b", 0): 0.2, ("b", 1): 0.2, ("a", ALL_ROWS): 0.6}


def test_nothing_changes_where_rows_are_worth_nothing() -> None:
    arena: Any = object()
    assert with_time_for_all_rows(arena, pays=False) is arena


def rule(rows: int) -> tuple[pl.DataFrame, Schema, Task]:
    """A deterministic rule over categories: every row that was not seen is an error more."""
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 4, (rows, 5))
    said = np.where(
        (codes[:, 0] + codes[:, 1] * codes[:, 2] + (codes[:, 3] == codes[:, 4])) % 3 == 0, "y", "n"
    )
    names = [f"c{place}" for place in range(5)]
    frame = pl.DataFrame({name: [f"v{code}" for code in codes[:, i]] for i, name in enumerate(names)})
    columns = [Column(name=name, kind=Kind.CATEGORY) for name in names]
    columns.append(Column(name="t", kind=Kind.CATEGORY, role=Role.TARGET))
    task = Task(kind=TaskKind.BINARY, target="t", classes=("n", "y"), metric="log_loss")
    return frame.with_columns(t=pl.Series(said)), Schema(columns=tuple(columns)), task


def test_a_rule_gets_models_of_all_rows_and_is_replayed() -> None:
    frame, schema, task = rule(1_000)
    board = learn(
        LearnRequest(
            frame=frame,
            schema=schema,
            task=task,
            budget=Budget(seconds=8.0, clock=time.process_time),
            split=SplitWish(kind="random"),
            algorithms=("lightgbm",),
            with_curve=False,
        )
    )
    plan = json.loads(json.dumps(board.plan))
    assert plan["all_rows"]["pays"] and plan["mode"] == "refit"
    assert all(each["fold"] == ALL_ROWS for each in plan["members"])
    again = replay(plan, frame, schema)
    for one, other in zip(board.champion.blend.members, again.blend.members, strict=True):
        assert (one.name, one.weight) == (other.name, other.weight)
        arrays, others = form_to_arrays(one.form)[2], form_to_arrays(other.form)[2]
        assert all(arrays[name].tobytes() == others[name].tobytes() for name in arrays)


def test_a_bag_that_is_slow_to_serve_is_replaced_where_there_is_time(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    values = rng.normal(size=300)
    frame = pl.DataFrame({"x": values, "t": np.where(values + rng.normal(size=300) > 0, "y", "n")})
    schema = Schema(
        columns=(
            Column(name="x", kind=Kind.NUMBER),
            Column(name="t", kind=Kind.CATEGORY, role=Role.TARGET),
        )
    )
    task = Task(kind=TaskKind.BINARY, target="t", classes=("n", "y"), metric="log_loss")
    modes = []
    for comfortable in (1e9, 0.0):
        monkeypatch.setattr(blending, "COMFORTABLE", comfortable)
        board = learn(
            LearnRequest(
                frame=frame,
                schema=schema,
                task=task,
                budget=Budget(seconds=4.0, clock=time.process_time),
                split=SplitWish(kind="random"),
                algorithms=("logistic_regression",),
                with_curve=False,
            )
        )
        modes.append(board.plan["mode"])
    assert modes == ["bag", "refit"]
