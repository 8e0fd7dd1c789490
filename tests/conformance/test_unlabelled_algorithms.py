"""What every algorithm without a target promises, and that each answers as scikit-learn itself does."""

import io
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from small_tables import UNLABELLED, columns, fit_easy, predict, request_of, strange_rows, task_of

from yunque.kernel.load import form_from_arrays, form_to_arrays
from yunque.learning.algorithm import FitRequest, Matrix
from yunque.learning.registry import algorithm
from yunque.learning.task import TaskKind

each_algorithm_and_task = pytest.mark.parametrize(("name", "kind"), UNLABELLED)


def fitted_on(name: str, kind: TaskKind, x: np.ndarray[Any, Any], **params: Any) -> Any:
    entry = algorithm(name)
    request = FitRequest(task=task_of(kind), train=Matrix(x=x, y=np.zeros(x.shape[0])), seed=3, params=params)
    fitted = entry.fit(request)
    return request, fitted, entry.flatten(fitted, request)


@each_algorithm_and_task
def test_the_form_answers_as_the_library_does(name: str, kind: TaskKind) -> None:
    """Clusters are the same; distances and scores agree to the stated share of the largest."""
    entry = algorithm(name)
    assert entry.native_raw is not None
    request, fitted, form = fit_easy(name, kind)
    for x in (request.train.x, strange_rows(entry.view)):
        library, ours = entry.native_raw(fitted, request, x), form.raw(x)
        assert np.abs(ours - library).max() <= entry.tolerance * np.abs(library).max()
        if kind is TaskKind.CLUSTERS:
            assert np.array_equal(ours[:, 0], library[:, 0])


@each_algorithm_and_task
def test_the_same_seed_gives_the_same_bits(name: str, kind: TaskKind) -> None:
    entry = algorithm(name)
    request, fitted, form = fit_easy(name, kind)
    again = replace(request, params={**request.params, **entry.refit_params(fitted.rounds)})
    x = strange_rows(entry.view)
    assert np.array_equal(form.raw(x), entry.flatten(entry.fit(again), again).raw(x))


@each_algorithm_and_task
def test_one_row_answers_as_in_a_batch(name: str, kind: TaskKind) -> None:
    _, _, form = fit_easy(name, kind)
    x = strange_rows(algorithm(name).view)
    alone = np.concatenate([predict(form, x[i : i + 1]) for i in range(x.shape[0])])
    assert np.array_equal(alone, predict(form, x))


@each_algorithm_and_task
def test_arrays_survive_a_file_to_the_bit(name: str, kind: TaskKind) -> None:
    _, _, form = fit_easy(name, kind)
    x = strange_rows(algorithm(name).view)
    form_kind, facts, arrays = form_to_arrays(form)
    file = io.BytesIO()
    np.savez(file, allow_pickle=False, **arrays)
    file.seek(0)
    with np.load(file, allow_pickle=False) as stored:
        read = form_from_arrays(form_kind, facts, dict(stored))
    assert np.array_equal(read.raw(x), form.raw(x))


NASTY: dict[str, Any] = {
    "one column": lambda view: np.ascontiguousarray(columns(view, 60)[:, :1]),
    "constant columns": lambda view: np.ones((60, 3)),
    "all columns empty": lambda view: np.full((60, 3), np.nan),
    "two rows": lambda view: columns(view, 2),
    "repeated rows": lambda view: np.repeat(columns(view, 2), 20, axis=0),
    "infinite": lambda view: np.where(columns(view, 60) > 1.5, np.inf, columns(view, 60)),
}


@each_algorithm_and_task
@pytest.mark.parametrize("table", NASTY)
def test_it_copes_with_a_nasty_table(name: str, kind: TaskKind, table: str) -> None:
    params = {"min_samples": 2} if name == "dbscan" else {}
    x = NASTY[table](algorithm(name).view)
    request, _, form = fitted_on(name, kind, x, **params)
    outputs = predict(form, x)
    assert outputs.shape == (x.shape[0], request.task.n_outputs)
    assert np.isfinite(outputs).all()
    if kind is TaskKind.CLUSTERS:
        assert np.array_equal(outputs[:, 0], np.round(outputs[:, 0]))
        assert outputs[:, 0].min() >= -1 and outputs[:, 1].min() >= 0


@pytest.mark.parametrize("name", [name for name, kind in UNLABELLED if kind is TaskKind.CLUSTERS])
def test_it_finds_clusters_that_lie_apart_and_numbers_them_by_size(name: str) -> None:
    rng = np.random.default_rng(0)
    truth = np.repeat([0, 1, 2], [200, 120, 60])
    x = rng.normal(scale=0.3, size=(380, 2)) + np.array([[0.0, 0.0], [6.0, 0.0], [0.0, 6.0]])[truth]
    params = {"k_means": {"n_clusters": 3}, "gaussian_mixture": {"n_components": 3}}.get(
        name, {"eps": 0.8, "min_samples": 5}
    )
    found = fitted_on(name, TaskKind.CLUSTERS, x, **params)[2].raw(x)[:, 0]
    assert (found == truth).mean() > 0.97
    far = fitted_on(name, TaskKind.CLUSTERS, x, **params)[2].raw(np.array([[50.0, 50.0]]))
    assert far[0, 0] == (-1 if name == "dbscan" else far[0, 0]) and far[0, 1] > 40


@pytest.mark.parametrize("name", [name for name, kind in UNLABELLED if kind is TaskKind.ANOMALY])
def test_it_sets_apart_rows_that_lie_far_off(name: str) -> None:
    rng = np.random.default_rng(0)
    usual = rng.normal(size=(400, 4)) @ np.diag([1.0, 1.0, 1.0, 0.2])
    odd = rng.normal(size=(8, 4)) * 0.2 + np.array([5.0, -5.0, 5.0, 4.0])
    form = fitted_on(name, TaskKind.ANOMALY, usual)[2]
    assert predict(form, odd).min() > np.quantile(predict(form, usual), 0.95)


def test_a_gap_goes_where_the_median_goes() -> None:
    x = columns("tree", 300)
    x[:, 2] = np.abs(x[:, 2])
    form = fitted_on("isolation_forest", TaskKind.ANOMALY, x)[2]
    filled = np.where(np.isnan(x), np.nanmedian(x.astype(np.float32), axis=0), x)
    assert np.array_equal(form.raw(x), form.raw(np.ascontiguousarray(filled)))


def test_core_rows_and_noise_of_dbscan_stay_what_they_were() -> None:
    """Border rows may join another of their clusters: scikit-learn gives them to whichever came first."""
    request, fitted, form = fitted_on("dbscan", TaskKind.CLUSTERS, columns("linear", 400))
    model, found = fitted.native.model, form.raw(request.train.x)[:, 0]
    core = model.core_sample_indices_
    assert np.array_equal(found[core], fitted.native.cluster)
    assert np.array_equal(found == -1, model.labels_ == -1)


def test_dbscan_without_a_dense_place_says_so() -> None:
    from yunque.errors import TrainingError

    with pytest.raises(TrainingError, match="no dense place"):
        fitted_on("dbscan", TaskKind.CLUSTERS, columns("linear", 50), eps=1e-6)


def test_the_trees_of_the_isolation_forest_are_cut_for_a_smaller_table() -> None:
    entry = algorithm("iforest")
    request = request_of(entry, TaskKind.ANOMALY, rows=90)
    assert entry.fit(request).native.model.max_samples_ == 60
