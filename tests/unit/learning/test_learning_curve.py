"""A learning curve is measured in time that is left over, and left out with a word where there is none."""

from dataclasses import replace
from typing import Any

import pytest
from learning_tables import table
from test_learn import learnt

from yunque.learning import learn as front
from yunque.learning.blending import Blended
from yunque.learning.learning_curve import LearningCurve, learning_curve
from yunque.learning.search import Arena
from yunque.learning.splits import SplitWish

QUICK: dict[str, Any] = {"algorithms": ("logistic_regression",), "varies": False, "split": SplitWish(folds=2)}


def test_more_rows_help_and_the_last_point_is_the_fold_itself() -> None:
    frame, schema, task = table(1_200)
    board = learnt(frame, schema, task, **QUICK, with_curve=True, seconds=20.0)
    curve = board.plan["learning_curve"]
    rows, losses = [p["rows"] for p in curve["points"]], [p["loss"] for p in curve["points"]]
    assert rows == sorted(rows) and len(rows) == 4 and rows[0] == pytest.approx(rows[-1] / 8, abs=1)
    assert losses[-1] < losses[0]
    assert curve["candidate"] in {entry.name for entry in board.entries if entry.weight > 0}
    assert set(board.plan["ece"]) == {"before", "after"}


def test_nobody_asked_and_nothing_is_measured() -> None:
    frame, schema, task = table(300)
    assert learnt(frame, schema, task, **QUICK).plan["learning_curve"]["points"] == []


def test_without_time_or_rows_it_is_left_out_with_a_word(monkeypatch: pytest.MonkeyPatch) -> None:
    found: dict[str, LearningCurve] = {}

    def spy(arena: Arena, blended: Blended, standings: dict[str, object], until: float) -> LearningCurve:
        now = arena.ledger.clock()
        found["late"] = learning_curve(arena, blended, standings, now)  # type: ignore[arg-type]
        few = replace(arena, split=replace(arena.split, folds=tuple(_few(f) for f in arena.split.folds)))
        found["few"] = learning_curve(few, blended, standings, until)  # type: ignore[arg-type]
        return found["late"]

    monkeypatch.setattr(front, "learning_curve", spy)
    frame, schema, task = table(1_000)
    board = learnt(frame, schema, task, **QUICK, with_curve=True)
    assert found["late"].points == () and "no time" in found["late"].note
    assert found["few"].points == () and "too few rows" in found["few"].note
    assert found["late"].note in board.plan["notes"]


def _few(fold: object) -> object:
    return replace(fold, train=fold.train[:40])  # type: ignore[type-var, attr-defined]
