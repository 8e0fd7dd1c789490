"""Models of all rows stand beside the bag where rows are worth much, and nowhere else."""

import json
import time
from types import SimpleNamespace
from typing import Any

import numpy as np
import polars as pl
import pytest

from yunque.data.schema import Column, Kind, Role, Schema
from yunque.kernel.load import form_to_arrays
from yunque.learning.budget import Budget
from yunque.learning.fold_data import ALL_ROWS
from yunque.learning.learn import LearnRequest, learn
from yunque.learning.replay import replay
from yunque.learning.ship import Part, beside
from yunque.learning.splits import SplitWish
from yunque.learning.task import Task, TaskKind
from yunque.learning.worth_of_rows import WorthOfRows, with_time_for_all_rows


def part(name: str, fold: int, weight: float) -> Part:
    named: Any = SimpleNamespace(name=name)
    result: Any = SimpleNamespace(name=name, fold=fold)
    return Part(candidate=named, result=result, weight=weight)


@pytest.mark.parametrize(("gain", "share"), [(0.0, 0.0), (0.01, 0.0), (0.015, 0.5), (0.5, 1.0)])
def test_the_share_grows_with_what_rows_are_worth(gain: float, share: float) -> None:
    assert WorthOfRows(gain=gain).share == pytest.approx(share)


def test_weights_stay_whole_and_who_was_not_trained_again_keeps_the_bag() -> None:
    bag = [part(name, fold, weight / 2) for name, weight in (("a", 0.6), ("b", 0.4)) for fold in (0, 1)]
    again = [part("a", ALL_ROWS, 0.6), part("b", 1, 0.4)]
    parts = beside(bag, again, 0.5)
    assert sum(each.weight for each in parts) == pytest.approx(1.0)
    weights = {(each.candidate.name, each.result.fold): each.weight for each in parts}
    assert weights == pytest.approx(
        {("a", 0): 0.15, ("a", 1): 0.15, ("b", 0): 0.2, ("b", 1): 0.2, ("a", ALL_ROWS): 0.3}
    )
    alone = {(each.candidate.name, each.result.fold) for each in beside(bag, again, 1.0)}
    assert alone == {("a", ALL_ROWS), ("b", 0), ("b", 1)}


def test_nothing_changes_where_rows_are_worth_nothing() -> None:
    arena: Any = object()
    assert with_time_for_all_rows(arena, 0.0) is arena


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


def test_a_rule_gets_models_of_all_rows_beside_the_bag_and_is_replayed() -> None:
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
    assert plan["all_rows"]["share"] > 0 and plan["mode"] in ("both", "refit")
    of_all = [each["weight"] for each in plan["members"] if each["fold"] == ALL_ROWS]
    assert sum(of_all) == pytest.approx(plan["all_rows"]["share"])
    again = replay(plan, frame, schema)
    for one, other in zip(board.champion.blend.members, again.blend.members, strict=True):
        assert (one.name, one.weight) == (other.name, other.weight)
        arrays, others = form_to_arrays(one.form)[2], form_to_arrays(other.form)[2]
        assert all(arrays[name].tobytes() == others[name].tobytes() for name in arrays)
