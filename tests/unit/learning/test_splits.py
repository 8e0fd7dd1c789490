"""Splits keep their promises: nothing on both sides, no future in the past, every class learnt from."""

from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from learning_tables import table, with_groups, with_time

from yunque.data.schema import Role, Schema
from yunque.errors import DataError, UsageError
from yunque.learning.fit_size import FitSize
from yunque.learning.make_split import Means
from yunque.learning.prepare import prepare
from yunque.learning.split_policy import fold_policy
from yunque.learning.splits import Split, SplitWish
from yunque.learning.task import SUPERVISED, Task, TaskKind

MEANS = Means(seconds=60.0, threads=2, seed=3)


def made(frame: pl.DataFrame, schema: Schema, task: Task, means: Means = MEANS, **wish: object) -> Split:
    return prepare(frame, schema, task, SplitWish(**wish), means)[1]  # type: ignore[arg-type]


def nothing_twice(split: Split) -> None:
    for fold in split.folds:
        assert len(np.intersect1d(fold.train, fold.valid)) == 0
        assert len(np.intersect1d(fold.train, split.holdout)) == 0
        assert len(np.intersect1d(fold.valid, split.holdout)) == 0
        assert np.isin(fold.train, split.training).all() and np.isin(fold.valid, split.training).all()
        assert (np.diff(fold.train) > 0).all() and (np.diff(fold.valid) > 0).all()


@settings(max_examples=60, deadline=None)
@given(
    rows=st.integers(12, 400),
    kind=st.sampled_from(sorted(SUPERVISED)),
    structure=st.sampled_from(["random", "time", "group", "group_time"]),
    holdout=st.sampled_from([None, 0.0, 0.2]),
    folds=st.sampled_from([None, 1, 3]),
    seed=st.integers(0, 5),
)
def test_no_row_stands_on_two_sides(
    rows: int, kind: TaskKind, structure: str, holdout: float | None, folds: int | None, seed: int
) -> None:
    frame, schema, task = table(rows, kind, seed=seed)
    if "time" in structure:
        frame, schema = with_time(frame, schema, 50)
    if "group" in structure:
        frame, schema = with_groups(frame, schema, max(4, rows // 4))
    try:
        split = made(frame, schema, task, holdout=holdout, folds=folds)
    except DataError:
        assert structure == "group_time"  # so few rows that one group holds all that is left to learn from
        return
    assert split.kind == structure
    nothing_twice(split)
    if structure == "time":
        times = frame.get_column("when").to_physical().to_numpy()
        for fold in split.folds:
            assert times[fold.train].max() < times[fold.valid].min()
        if len(split.holdout):
            assert times[split.training].max() < times[split.holdout].min()
    if structure == "group":
        clients = frame.get_column("client").to_numpy()
        for fold in split.folds:
            assert not set(clients[fold.train]) & set(clients[fold.valid])
        assert not set(clients[split.training]) & set(clients[split.holdout])


def test_random_folds_judge_every_row_once_and_keep_the_mix_of_classes() -> None:
    frame, schema, task = table(1_000, TaskKind.MULTICLASS, classes=4)
    split = made(frame, schema, task, folds=5)
    judged = np.sort(np.concatenate([fold.valid for fold in split.folds]))
    assert np.array_equal(judged, np.arange(1_000))
    y = frame.get_column("target").to_numpy()
    for fold in split.folds:
        counts = np.bincount(y[fold.valid], minlength=4)
        assert counts.max() - counts.min() <= 2


def test_the_holdout_of_a_random_split_has_the_mix_of_the_table() -> None:
    frame, schema, task = table(2_000, TaskKind.REGRESSION)
    split = made(frame, schema, task, holdout=0.25)
    assert len(split.holdout) == 500
    y = frame.get_column("target").to_numpy()
    assert abs(y[split.holdout].mean() - y.mean()) < 0.1 * y.std()


def test_a_time_holdout_starts_at_the_wished_moment_and_a_gap_keeps_its_distance() -> None:
    frame, schema = with_time(*table(600)[:2], days=100)
    task = table(600)[2]
    cut = datetime.fromisoformat("2024-03-01")
    gap = timedelta(days=7)
    split = made(frame, schema, task, holdout=cut, gap=gap, folds=3)
    times = frame.get_column("when")
    assert times[split.holdout].min() >= cut
    assert times[split.training].max() < cut - gap
    for fold in split.folds:
        assert times[fold.valid].min() - times[fold.train].max() > gap
    assert split.facts["holdout"] == {"from": "2024-03-01T00:00:00"}
    assert split.facts["gap"] == 7 * 86_400
    assert split.refits


def test_equal_moments_are_never_cut_apart() -> None:
    frame, schema = with_time(*table(500)[:2], days=4)
    split = made(frame, schema, table(500)[2], holdout=0.3, folds=8)
    assert len(split.folds) <= 2
    assert any("too few distinct moments" in note for note in split.facts["notes"])
    nothing_twice(split)


def test_automatic_splits_follow_the_contract_and_fall_back_with_a_note() -> None:
    frame, schema, task = table(300)
    assert made(frame, schema, task).kind == "random"
    same = with_time(frame, schema, days=1)
    split = made(*same, task)
    assert split.kind == "random"
    assert "same time" in split.facts["notes"][0]
    with pytest.raises(UsageError):
        made(*same, task, kind="time", holdout=0.2)
    assert made(*with_time(frame, schema, days=30), task, kind="random").kind == "random"


@pytest.mark.parametrize(("groups", "folds", "parts"), [(60, 5, 9), (60, 1, 3), (2, 3, 4)])
def test_groups_that_go_on_through_time_are_crossed_with_blocks(groups: int, folds: int, parts: int) -> None:
    frame, schema = with_groups(*with_time(*table(900)[:2], days=90), groups=groups)
    split = made(frame, schema, table(900)[2], folds=folds)
    assert split.kind == "group_time"
    nothing_twice(split)
    assert len(split.folds) == parts
    times = frame.get_column("when").to_physical().to_numpy()
    clients = frame.get_column("client").to_numpy()
    for fold in split.folds:
        assert times[fold.train].max() < times[fold.valid].min()
        assert not set(clients[fold.train]) & set(clients[fold.valid])
        before = times < times[fold.valid].min()
        assert len(fold.train) > 0.4 * before.sum()  # and most of what lies before is still learnt from
    judged = np.concatenate([fold.valid for fold in split.folds])
    assert len(np.unique(judged)) == len(judged)
    assert times[np.setdiff1d(np.arange(900), judged)].max() < times[judged].min()  # whole blocks are judged
    assert any("divided by groups" in note for note in split.facts["notes"])
    assert split.facts["group_parts"] * len(split.facts["cuts"]) == parts


def test_groups_that_end_in_time_are_only_purged() -> None:
    frame, schema = with_time(*table(900)[:2], days=90)
    when = frame.get_column("when").to_physical()
    frame, schema = with_groups(frame, schema, groups=3)
    ended = (when.rank("dense") // 6).cast(pl.String).alias("client")  # each client is seen for six days
    split = made(frame.with_columns(ended), schema, table(900)[2], folds=3)
    assert len(split.folds) == 3
    assert "group_parts" not in split.facts


def test_one_group_that_never_ends_is_split_in_time_only_and_said_so() -> None:
    frame, schema = with_groups(*with_time(*table(800)[:2], days=60), groups=2)
    lonely = pl.Series("client", ["b", *["a"] * 799])
    split = made(frame.with_columns(lonely), schema, table(800)[2])
    assert any("split in time only" in note for note in split.facts["notes"])


@pytest.mark.parametrize(
    "wish",
    [
        {"kind": "time"},
        {"kind": "group"},
        {"holdout": datetime.fromisoformat("2024-01-01")},
        {"kind": "random", "holdout": datetime.fromisoformat("2024-01-01")},
        {"holdout": 1.0},
        {"holdout": -0.1},
        {"folds": 0},
        {"gap": -3.0},
    ],
)
def test_impossible_wishes_are_refused(wish: dict[str, object]) -> None:
    frame, schema, task = table(100)
    if "gap" in wish:
        frame, schema = with_time(frame, schema, days=30)
    with pytest.raises(UsageError):
        made(frame, schema, task, **wish)


def test_too_few_rows_are_refused() -> None:
    frame, schema, task = table(3)
    with pytest.raises(DataError):
        made(frame, schema, task)


def test_a_moment_after_all_rows_leaves_nothing_to_judge() -> None:
    frame, schema = with_time(*table(100)[:2], days=30)
    with pytest.raises(DataError):
        made(frame, schema, table(100)[2], holdout=datetime.fromisoformat("2030-01-01"))


def test_a_rare_class_lowers_the_folds_and_a_single_row_is_only_learnt_from() -> None:
    frame, schema, task = table(400, TaskKind.MULTICLASS, classes=5)
    y = frame.get_column("target").to_numpy().copy()
    keep = np.concatenate([np.flatnonzero(y == 4)[:1], np.flatnonzero(y == 3)[:4], np.flatnonzero(y < 3)])
    split = made(frame[np.sort(keep)], schema, task)
    y = frame[np.sort(keep)].get_column("target").to_numpy()
    assert len(split.folds) == 4
    assert {note.split(" ")[0] for note in split.facts["notes"]} == {"1", "4"}
    for fold in split.folds:
        assert set(y[fold.train]) == {0, 1, 2, 3, 4}
        assert 4 not in y[fold.valid]


def test_rows_that_cannot_be_used_are_left_out_and_mentioned() -> None:
    frame, schema, task = table(200)
    target = frame.get_column("target").set(pl.Series(np.arange(200) < 10), None)
    table_, split, notes = prepare(
        frame.with_columns(target), schema, task, SplitWish(), Means(seconds=60.0, threads=2, seed=1)
    )
    assert split.training.min() == 10
    assert "10 rows without a target" in notes[0]
    assert table_.y.dtype == np.int64


def test_weights_are_checked_and_zero_takes_a_row_out() -> None:
    frame, schema, task = table(100)
    weight = np.ones(100)
    weight[:5] = 0.0
    schema = Schema(columns=(*schema.columns[:-1], schema.columns[-1]))
    changed = schema.with_role("number 2", Role.WEIGHT)
    _, split, notes = prepare(
        frame.with_columns(pl.Series("number 2", weight)), changed, task, SplitWish(), MEANS
    )
    assert split.training.min() == 5 and "weight zero" in notes[0]
    with pytest.raises(DataError) as caught:
        prepare(frame.with_columns(pl.Series("number 2", -weight)), changed, task, SplitWish(), MEANS)
    assert caught.value.place["column"] == "number 2"


def test_a_budget_too_small_for_the_rows_draws_some() -> None:
    frame, schema, task = table(20_000)
    _, split, notes = prepare(frame, schema, task, SplitWish(), Means(seconds=0.01, threads=2, seed=1))
    assert len(split.training) == 5_000
    assert "5000 of 20000 rows" in notes[0]


def test_more_rows_mean_fewer_folds_and_more_time_means_more() -> None:
    def folds(rows: int, seconds: float, scores: int = 1) -> int:
        size = FitSize(rows=rows, columns=10, scores=scores)
        return fold_policy(size, 1.6 * seconds, seconds).folds

    assert folds(100, 60.0) == 5
    assert folds(1_000, 60.0) == 8
    assert folds(10_000, 60.0) == 5
    assert folds(50_000, 20.0) == 1 and folds(50_000, 600.0) == 5
    assert folds(300_000, 60.0) == 1 and folds(2_000_000, 1800.0) == 1
    assert folds(15_000, 20.0, scores=50) == 1
    assert folds(1_500, 1.0, scores=50) == 3
    assert fold_policy(FitSize(rows=100, columns=3, scores=1), 100.0, 60.0).repeats > 1
    assert fold_policy(FitSize(rows=100, columns=3, scores=1), 100.0, 60.0, wish=4).folds == 4
