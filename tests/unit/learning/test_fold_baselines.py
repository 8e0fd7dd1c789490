"""Baselines stand on the very rows that judge the champion."""

import numpy as np
import pytest
from learning_tables import table, with_time

from yunque.learning.fold_baselines import judged_baselines, judging_folds
from yunque.learning.make_split import Means
from yunque.learning.prepare import prepare
from yunque.learning.splits import SplitWish
from yunque.learning.task import TaskKind

MEANS = Means(seconds=60.0, threads=2, seed=3)


def test_repeated_folds_judge_every_row_once() -> None:
    frame, schema, task = table(100)
    _, split, _ = prepare(frame, schema, task, SplitWish(), MEANS)
    assert len(split.folds) > 5
    judged = np.concatenate([valid for _, valid in judging_folds(split)])
    assert np.array_equal(np.sort(judged), np.arange(100))


def test_blocks_in_time_are_all_judged() -> None:
    frame, schema = with_time(*table(400)[:2], days=60)
    _, split, _ = prepare(frame, schema, table(400)[2], SplitWish(folds=3), MEANS)
    assert len(judging_folds(split)) == len(split.folds)


def test_the_rmse_of_all_folds_is_the_root_of_the_mean_square() -> None:
    frame, schema, task = table(300, TaskKind.REGRESSION)
    prepared, split, _ = prepare(frame, schema, task, SplitWish(folds=3), MEANS)
    pairs = judging_folds(split)
    constant, single = judged_baselines(task, prepared, pairs, 3, lambda: False)
    errors = np.concatenate([prepared.y[valid] - prepared.y[train].mean() for train, valid in pairs])
    assert constant.loss <= np.sqrt((errors**2).mean()) * 1.001
    assert constant.loss == pytest.approx(np.sqrt((errors**2).mean()), rel=0.02)
    assert constant.loss == pytest.approx(constant.metrics["rmse"])
    assert constant.loss_error > 0
    assert single.column == "number 0" and single.loss < constant.loss


def test_out_of_time_the_first_fold_speaks() -> None:
    frame, schema, task = table(300)
    prepared, split, _ = prepare(frame, schema, task, SplitWish(folds=3), MEANS)
    pairs = judging_folds(split)
    hasty = judged_baselines(task, prepared, pairs, 3, lambda: True)
    assert hasty == judged_baselines(task, prepared, pairs[:1], 3, lambda: False)
