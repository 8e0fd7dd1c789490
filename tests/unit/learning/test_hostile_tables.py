"""Tables that would stop a careless run: each ends with a champion that answers finite numbers."""

import time
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from learning_tables import table
from test_learn import LIGHT, learnt, predicted

from yunque.data.findings import find
from yunque.data.infer import Wishes, infer_contract
from yunque.data.schema import Column, Kind, Role, Schema
from yunque.data.validate import check_table
from yunque.errors import UsageError
from yunque.learning.budget import Budget
from yunque.learning.infer_task import infer_task
from yunque.learning.leaderboard import Leaderboard
from yunque.learning.learn import LearnRequest, learn
from yunque.learning.task import Task, TaskKind


def from_raw(
    frame: pl.DataFrame, seconds: float = 2.0, wishes: Wishes | None = None
) -> tuple[Leaderboard, pl.DataFrame]:
    """Learn from a table that nobody has described."""
    contract, _ = infer_contract(frame, wishes or Wishes(target="target"))
    checked = check_table(contract, frame, need_target=True).frame
    request = LearnRequest(
        frame=checked,
        schema=contract.schema,
        task=infer_task(contract, checked),
        budget=Budget(seconds=seconds, clock=time.process_time),
        algorithms=LIGHT,
    )
    return learn(request), checked


def words(classes: int, rows: int) -> tuple[pl.DataFrame, Schema, Task]:
    """Make a table of so many classes, in order of one column."""
    frame, schema, task = table(rows, TaskKind.MULTICLASS)
    labels = tuple(f"class {number:04}" for number in range(classes))
    place = (frame.get_column("number 0").rank("ordinal").to_numpy() - 1) * classes // rows
    column = pl.Series("target", [labels[int(number)] for number in place])
    target = Column(name="target", kind=Kind.CATEGORY, role=Role.TARGET)
    columns = (*(each for each in schema.columns if each.name != "target"), target)
    return frame.with_columns(column), Schema(columns=columns), replace(task, classes=labels)


def test_classes_of_one_row_are_learnt_from_and_never_judged() -> None:
    frame, schema, task = words(3, 200)
    labels = tuple(sorted((*task.classes, *(f"lone {number:02}" for number in range(25)))))
    lone = frame.head(25).with_columns(pl.Series("target", [f"lone {number:02}" for number in range(25)]))
    frame = pl.concat([frame, lone])
    board = learnt(frame, schema, replace(task, classes=labels), seconds=2.0)
    outputs = predicted(board.champion, frame)
    assert outputs.shape == (225, 28) and np.isfinite(outputs).all()
    assert "25 classes with one row are learnt from but never judged" in str(board.plan["split"]["notes"])


@pytest.mark.slow
def test_a_thousand_classes_end_with_a_champion() -> None:
    frame, schema, task = words(1_000, 4_000)
    board = learnt(frame, schema, task, seconds=20.0, algorithms=None)
    outputs = predicted(board.champion, frame[:50])
    assert outputs.shape == (50, 1_000)
    assert np.allclose(outputs.sum(axis=1), 1.0) and np.isfinite(outputs).all()
    assert board.champion_loss < np.log(1_000)


def test_a_table_whose_columns_never_change_is_refused_with_a_hint() -> None:
    """Where a contract says that they are features all the same, the constant wins: see `test_learn`."""
    answers = np.random.default_rng(0).choice(["a", "b"], 120)
    frame = pl.DataFrame({"one": [1.0] * 120, "word": ["same"] * 120, "target": answers})
    with pytest.raises(UsageError, match="no feature column") as caught:
        from_raw(frame, 1.0)
    assert caught.value.hint


def test_a_table_of_texts_alone_is_learnt() -> None:
    rng = np.random.default_rng(1)
    good = rng.random(300) < 0.5
    mood = np.where(good, "a lovely and quiet place to stay", "a noisy place that nobody should visit")
    texts = [f"{text} number {rng.integers(0, 10_000)} in town {rng.integers(0, 500)}" for text in mood]
    notes = [f"note {rng.integers(0, 100_000)} written by hand" for _ in range(300)]
    frame = pl.DataFrame({"review": texts, "note": notes, "target": np.where(good, "yes", "no")})
    board, checked = from_raw(frame)
    assert np.isfinite(predicted(board.champion, checked)).all()
    assert board.champion_loss < board.baselines[0].loss + 0.02


def test_answers_of_a_million_millions_leave_finite_predictions() -> None:
    frame, schema, task = table(300, TaskKind.REGRESSION)
    wild = frame.get_column("target").to_numpy().copy()
    wild[[3, 70, 150]] = (1e12, -1e12, 3e12)
    frame = frame.with_columns(target=pl.Series(wild))
    board = learnt(frame, schema, task, seconds=2.0)
    outputs = predicted(board.champion, frame)
    assert np.isfinite(outputs).all() and np.isfinite(board.champion_loss)
    assert all(np.isfinite(value) for value in board.champion_metrics.values())


def test_weights_count_in_every_fit_and_every_metric() -> None:
    frame, _, _ = table(400)
    wrong = np.random.default_rng(2).random(400) < 0.4
    answers = frame.get_column("target").to_numpy()
    turned = np.where(wrong, np.where(answers == "yes", "no", "yes"), answers)
    frame = frame.with_columns(target=pl.Series(turned), trust=pl.Series(np.where(wrong, 0.001, 1.0)))
    plain, _ = from_raw(frame.drop("trust"))
    weighted, checked = from_raw(frame, wishes=Wishes(target="target", weight_column="trust"))
    assert "trust" not in weighted.importance
    assert weighted.champion_loss < 0.75 * plain.champion_loss
    said = predicted(weighted.champion, checked)[:, 1] > 0.5
    assert ((said == (answers == "yes"))[wrong]).mean() > 0.7


def test_rows_on_both_sides_of_a_split_are_found_and_told() -> None:
    frame, _, _ = table(200)
    doubled = pl.concat([frame, frame.head(60)])
    contract, _ = infer_contract(doubled, Wishes(target="target"))
    checked = check_table(contract, doubled, need_target=True).frame
    found = {finding.id: finding for finding in find(contract, checked)}
    assert found["duplicate_rows"].severity == "warning"
    assert found["duplicate_rows"].evidence["repeated"] == 60
    assert "both sides" in found["duplicate_rows"].message
