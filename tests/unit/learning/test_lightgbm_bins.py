"""Binned tables are shared between candidates and never mixed up."""

import gc
from threading import Thread
from typing import Any

import numpy as np

from yunque.learning import lightgbm_bins
from yunque.learning.algorithm import FitRequest, Matrix
from yunque.learning.registry import algorithm
from yunque.learning.target import Target
from yunque.learning.task import Task, TaskKind

TASK = Task(kind=TaskKind.REGRESSION, target="t", metric="rmse")
LIGHT = algorithm("lightgbm")


def request(train: Matrix, valid: Matrix | None = None, seed: int = 1, **params: Any) -> FitRequest:
    return FitRequest(task=TASK, train=train, valid=valid, params={"num_iterations": 20, **params}, seed=seed)


def table(seed: int, rows: int = 400) -> Matrix:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, 4))
    return Matrix(x=x, y=np.abs(x[:, 0] + rng.normal(size=rows)))


def scores(asked: FitRequest) -> Any:
    return LIGHT.flatten(LIGHT.fit(asked), asked).raw(asked.train.x)


def test_candidates_of_the_same_rows_share_one_dataset_and_other_bins_or_answers_do_not() -> None:
    train, valid = table(0), table(1)
    params = {"max_bin": 255, "min_data_in_bin": 3}
    first, judged = lightgbm_bins.binned(request(train, valid), Target(), params)
    again, also = lightgbm_bins.binned(request(train, valid, seed=9), Target(), params)
    assert first is again and judged is also
    assert lightgbm_bins.binned(request(train), Target(), {**params, "max_bin": 15})[0] is not first
    assert lightgbm_bins.binned(request(train), Target(scale=2.0), params)[0] is not first
    other = Matrix(x=train.x, y=train.y[::-1].copy())
    changed = lightgbm_bins.binned(request(other), Target(), params)[0]
    np.testing.assert_array_equal(changed.get_label(), other.y.astype(np.float32))


def test_a_shared_fit_is_the_same_as_one_alone() -> None:
    train, valid = table(2), table(3)
    copies = [Matrix(x=train.x.copy(), y=train.y.copy()) for _ in range(3)]
    asked = [{}, {"objective": "poisson"}, {"num_leaves": 7, "extra_trees": True}]
    alone = [scores(request(copy, valid, **p)) for copy, p in zip(copies, asked, strict=True)]
    shared: list[Any] = [None] * 3

    def fit(place: int) -> None:
        shared[place] = scores(request(train, valid, **asked[place]))

    threads = [Thread(target=fit, args=(place,)) for place in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for one, together in zip(alone, shared, strict=True):
        np.testing.assert_array_equal(one, together)


def test_datasets_go_with_their_matrix() -> None:
    train = table(4)
    lightgbm_bins.binned(request(train), Target(), {"max_bin": 255})
    place = id(train.x)
    assert place in lightgbm_bins._shelves
    del train
    gc.collect()
    assert place not in lightgbm_bins._shelves
