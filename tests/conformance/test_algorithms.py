"""What every algorithm promises, on every kind of task that it can answer: a new file is tested by this one."""

import io
from dataclasses import replace

import numpy as np
import pytest
from small_tables import (
    NASTY,
    PAIRS,
    columns,
    fit_easy,
    loss,
    predict,
    request_of,
    signal,
    strange_rows,
    task_of,
)

from yunque.kernel.load import form_from_arrays, form_to_arrays
from yunque.learning.algorithm import FitRequest, Matrix
from yunque.learning.registry import algorithm, algorithms
from yunque.learning.task import TaskKind

each_algorithm_and_task = pytest.mark.parametrize(("name", "kind"), PAIRS)


@each_algorithm_and_task
def test_the_same_seed_gives_the_same_bits(name: str, kind: TaskKind) -> None:
    entry = algorithm(name)
    request, _, form = fit_easy(name, kind)
    again = entry.flatten(entry.fit(request), request)
    assert np.array_equal(form.raw(strange_rows(entry.view)), again.raw(strange_rows(entry.view)))


@each_algorithm_and_task
def test_the_form_scores_as_the_library_does(name: str, kind: TaskKind) -> None:
    entry = algorithm(name)
    assert entry.native_raw is not None, "an algorithm without a library gives its own formula"
    request, fitted, form = fit_easy(name, kind)
    for x in (request.train.x, strange_rows(entry.view)):
        library = entry.native_raw(fitted, request, x)
        if form.kind == "linear":  # BLAS may add the columns in another order
            np.testing.assert_allclose(form.raw(x), library, rtol=0, atol=1e-12 * np.abs(library).max())
        else:
            assert np.abs(form.raw(x) - library).max() <= entry.tolerance * np.abs(library).max()


@each_algorithm_and_task
def test_one_row_scores_as_in_a_batch(name: str, kind: TaskKind) -> None:
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
    assert (read.link, read.n_features) == (form.link, form.n_features)


@each_algorithm_and_task
def test_predictions_are_finite_and_probabilities_sum_to_one(name: str, kind: TaskKind) -> None:
    request, _, form = fit_easy(name, kind)
    _assert_usable(predict(form, strange_rows(algorithm(name).view)), request)


@each_algorithm_and_task
def test_it_beats_the_constant_on_an_easy_table(name: str, kind: TaskKind) -> None:
    request, _, form = fit_easy(name, kind)
    assert request.valid is not None
    ours = loss(kind, predict(form, request.valid.x), request.valid.y)
    constant = loss(kind, predict(fit_easy("constant", kind)[2], request.valid.x), request.valid.y)
    assert ours < 0.85 * constant or (name == "constant" and ours == constant)


@each_algorithm_and_task
@pytest.mark.parametrize("table", NASTY)
def test_it_copes_with_a_nasty_table(name: str, kind: TaskKind, table: str) -> None:
    entry = algorithm(name)
    x, y = NASTY[table](entry.view, kind)
    categorical = (2,) if entry.view == "tree" and x.shape[1] > 2 else ()
    train = Matrix(x=x, y=y)
    request = FitRequest(
        task=task_of(kind), train=train, valid=train, categorical=categorical, seed=3,
        params=entry.refit_params(20),
    )  # fmt: skip
    fitted = entry.fit(request)
    form = entry.flatten(fitted, request)
    predictions = predict(form, x)
    _assert_usable(predictions, request)
    if kind is TaskKind.REGRESSION:
        spread = max(np.ptp(y), 1e-9 * np.abs(y).max())
        assert np.abs(predictions[:, 0] - y.mean()).max() <= 3 * spread
    if entry.native_raw is not None and form.kind != "linear":
        library = entry.native_raw(fitted, request, x)
        assert np.abs(form.raw(x) - library).max() <= entry.tolerance * np.abs(library).max()


# Those that take part only when they are named fit a thousand classes in seconds, not in parts of one.
THOUSAND = [
    pytest.param(name, marks=pytest.mark.slow) if algorithm(name).only_when_named else name
    for name, kind in PAIRS
    if kind is TaskKind.MULTICLASS
]


@pytest.mark.parametrize("name", THOUSAND)
def test_it_answers_a_thousand_classes(name: str) -> None:
    entry, kind = algorithm(name), TaskKind.MULTICLASS
    y = np.tile(np.arange(1000), 2)
    request = FitRequest(
        task=task_of(kind, 1000), train=Matrix(x=columns(entry.view, y.size), y=y), seed=3,
        params=entry.refit_params(1),
    )  # fmt: skip
    form = entry.flatten(entry.fit(request), request)
    _assert_usable(predict(form, strange_rows(entry.view)[:20]), request)


@each_algorithm_and_task
def test_told_to_stop_it_returns_a_usable_model(name: str, kind: TaskKind) -> None:
    entry = algorithm(name)
    asked = []
    request = request_of(entry, kind, should_stop=lambda: bool(asked.append(1)) or True)
    fitted = entry.fit(request)
    assert fitted.rounds <= 25
    assert fitted.stopped_early == bool(asked)
    _assert_usable(predict(entry.flatten(fitted, request), request.train.x), request)


@each_algorithm_and_task
def test_a_refit_repeats_the_number_of_rounds(name: str, kind: TaskKind) -> None:
    entry = algorithm(name)
    request, fitted, _ = fit_easy(name, kind)
    again = entry.fit(replace(request, valid=None, params=entry.refit_params(fitted.rounds)))
    assert again.rounds == fitted.rounds


@each_algorithm_and_task
@pytest.mark.parametrize("cut", [False, True], ids=["to its end", "cut by the clock"])
def test_a_fit_is_replayed_to_the_bit_by_its_rounds(name: str, kind: TaskKind, cut: bool) -> None:
    entry = algorithm(name)
    asked: list[int] = []
    request = request_of(entry, kind, should_stop=lambda: cut and (asked.append(1) or len(asked) > 3))
    fitted = entry.fit(request)
    rounds = entry.refit_params(fitted.rounds) if fitted.rounds else {}
    replayed = replace(request, valid=None, should_stop=lambda: False, params={**request.params, **rounds})
    again = entry.fit(replayed)
    x = strange_rows(entry.view)
    assert np.array_equal(entry.flatten(again, replayed).raw(x), entry.flatten(fitted, request).raw(x))
    if entry.reference is not None:
        assert entry.reference(again) == entry.reference(fitted)


@each_algorithm_and_task
def test_weights_matter(name: str, kind: TaskKind) -> None:
    """Rows told twice, with contrary answers: the heavy ones must win."""
    entry = algorithm(name)
    x = columns(entry.view, 300)
    score = signal(x)
    truth = {
        TaskKind.BINARY: (score > 0).astype(np.int64),
        TaskKind.MULTICLASS: np.digitize(score, [-1.0, 1.0]),
        TaskKind.REGRESSION: score + 5.0,
    }[kind]
    contrary = -truth if kind is TaskKind.REGRESSION else task_of(kind).n_outputs - 1 - truth
    if name == "constant" and kind is not TaskKind.REGRESSION:
        truth, contrary = np.ones_like(truth), np.zeros_like(truth)  # it only knows how many there are
    twice = Matrix(
        x=np.vstack((x, x)), y=np.concatenate((truth, contrary)), weight=np.repeat([20.0, 0.5], x.shape[0])
    )
    request = FitRequest(
        task=task_of(kind), train=twice, categorical=(2,) if entry.view == "tree" else (), seed=3,
        params=entry.refit_params(60),
    )  # fmt: skip
    predictions = predict(entry.flatten(entry.fit(request), request), x)
    assert loss(kind, predictions, truth) < 0.7 * loss(kind, predictions, contrary)


@pytest.mark.parametrize(("name", "kind"), [pair for pair in PAIRS if algorithm(pair[0]).reference])
def test_a_reference_file_is_given_with_its_suffix(name: str, kind: TaskKind) -> None:
    entry = algorithm(name)
    assert entry.reference is not None
    suffix, content = entry.reference(fit_easy(name, kind)[1])
    assert suffix.startswith(".")
    assert len(content) > 100


@pytest.mark.parametrize("entry", algorithms(), ids=lambda entry: entry.name)
def test_costs_grow_with_the_table(entry: object) -> None:
    cost = entry.cost  # type: ignore[attr-defined]
    assert 0 < cost(100, 5, 1) <= cost(10_000, 5, 1) <= cost(10_000, 50, 1)
    assert cost(1_000_000, 20, 1) < 24 * 3600


def _assert_usable(predictions: np.ndarray, request: FitRequest) -> None:
    assert predictions.shape[1] == request.task.n_outputs
    assert np.isfinite(predictions).all()
    if request.task.is_classification:
        assert predictions.min() >= 0.0
        np.testing.assert_allclose(predictions.sum(axis=1), 1.0, atol=1e-9)
