"""Contributions against a plain enumeration, against the libraries' own, and against the package shap."""

from functools import cache
from itertools import combinations
from math import factorial
from typing import Any

import numpy as np
import pytest

from yunque.kernel.blend import Blend, Member
from yunque.kernel.explain_blend import explain_blend
from yunque.kernel.explain_form import Groups, explain_form, tree_table
from yunque.kernel.forest_build import Scoring, TreeNodes, build_forest
from yunque.kernel.form import FloatArray, Form
from yunque.kernel.forms.linear import Linear
from yunque.kernel.load import form_from_arrays, form_to_arrays
from yunque.learning.algorithm import FitRequest, Fitted, Matrix
from yunque.learning.registry import algorithm
from yunque.learning.target import target_of
from yunque.learning.task import Task, TaskKind

TREES = ("lightgbm", "xgboost", "catboost", "random_forest", "extra_trees")
CLASSES = {TaskKind.BINARY: 2, TaskKind.MULTICLASS: 3, TaskKind.REGRESSION: 0}


def table(rows: int = 300, seed: int = 1) -> FloatArray:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, 6))
    x[:, 2] = rng.integers(0, 4, rows)
    x[rng.random(x.shape) < 0.05] = np.nan
    return x


@cache
def fit(name: str, kind: TaskKind, *, categorical: bool = False) -> tuple[FitRequest, Fitted, Form]:
    x = table()
    score = np.nan_to_num(x[:, 0]) * 1.5 - np.nan_to_num(x[:, 1]) * np.nan_to_num(x[:, 2]) / 2
    y = {
        TaskKind.BINARY: (score > 0).astype(np.int64),
        TaskKind.MULTICLASS: np.digitize(score, [-1.0, 1.0]),
        TaskKind.REGRESSION: score,
    }[kind]
    entry = algorithm(name)
    request = FitRequest(
        task=Task(kind=kind, target="t", classes=tuple(range(CLASSES[kind])), metric="any"),
        train=Matrix(x=np.nan_to_num(x) if entry.view == "linear" else x, y=y),
        categorical=(2,) if categorical else (),
        params=entry.refit_params(15),
        seed=5,
    )
    fitted = entry.fit(request)
    return request, fitted, entry.flatten(fitted, request)


def each(x: FloatArray) -> Groups:
    return Groups(of=np.arange(x.shape[1]), count=x.shape[1])


def explained(form: Form, x: FloatArray) -> Any:
    return explain_form(form, x, each(x), x[:2])


@pytest.mark.parametrize("kind", CLASSES)
@pytest.mark.parametrize("name", TREES)
@pytest.mark.parametrize("categorical", [False, True])
def test_trees_sum_to_the_raw_score(name: str, kind: TaskKind, categorical: bool) -> None:
    form = fit(name, kind, categorical=categorical)[2]
    x = table(120, 9)
    x[:10, 2] = 77.0
    x[10:20, 0] = np.inf
    found = explained(form, x)
    tolerance = 1e-5 if name == "xgboost" else 1e-9  # XGBoost sums in float32
    assert found.method == "tree"
    np.testing.assert_allclose(found.scores, form.raw(x), rtol=tolerance, atol=tolerance)


def enumerated(form: Form, row: FloatArray) -> FloatArray:
    """Shapley's formula over all sets of columns, on the game of the module's docstring: one output."""
    held = tree_table(form)
    assert held is not None
    nodes, packed = held.nodes, held.nodes.view(np.int64)

    def expects(node: int, known: frozenset[int]) -> float:
        p = int(packed[node, 1])
        if not p & 2:
            return float(nodes[node, 0])
        left, column = p >> 32, (p >> 4) & ((1 << 28) - 1)
        if column in known:
            value = row[column]
            right = (p & 1) == 0 if np.isnan(value) else value > nodes[node, 0]
            return expects(left + int(right), known)
        return sum(held.share[child] * expects(child, known) for child in (left, left + 1))

    def worth(known: frozenset[int]) -> float:
        return sum(expects(int(start), known) for start in held.starts[:-1])

    n = row.size
    values = np.zeros(n)
    for column in range(n):
        others = [c for c in range(n) if c != column]
        for size in range(n):
            weight = factorial(size) * factorial(n - 1 - size) / factorial(n)
            for chosen in map(frozenset, combinations(others, size)):
                values[column] += weight * (worth(chosen | {column}) - worth(chosen))
    return values


def test_trees_give_shapley_values_of_the_plain_formula() -> None:
    form = fit("lightgbm", TaskKind.BINARY)[2]
    x = table(4, 3)
    found = explained(form, x)
    for r in range(4):
        np.testing.assert_allclose(found.values[r, :, 0], enumerated(form, x[r]), rtol=0, atol=1e-12)


@pytest.mark.parametrize("kind", CLASSES)
@pytest.mark.parametrize("categorical", [False, True])
def test_lightgbm_agrees_with_its_own_contributions(kind: TaskKind, categorical: bool) -> None:
    _, fitted, form = fit("lightgbm", kind, categorical=categorical)
    x, target = table(50, 4), fitted.native.target
    own = fitted.native.booster.predict(x, pred_contrib=True, num_iteration=fitted.rounds)
    own = own.reshape(50, form.n_raw, 7).transpose(0, 2, 1) * target.scale
    found = explained(form, x)
    np.testing.assert_allclose(found.values, own[:, :6], rtol=0, atol=1e-9)
    np.testing.assert_allclose(found.base, own[0, 6] + target.centre, rtol=0, atol=1e-9)


@pytest.mark.parametrize("kind", CLASSES)
def test_xgboost_agrees_with_its_own_contributions(kind: TaskKind) -> None:
    import xgboost

    _, fitted, form = fit("xgboost", kind)
    x = table(50, 4)
    own = fitted.native.booster.predict(xgboost.DMatrix(x), pred_contribs=True).reshape(50, form.n_raw, 7)
    found = explained(form, x).values / fitted.native.target.scale
    np.testing.assert_allclose(found, own[:, :, :6].transpose(0, 2, 1), rtol=1e-3, atol=1e-4)


def without_scale(model: Any) -> tuple[float, Any]:
    """CatBoost explains models without a scale only: give the scale, and the model without it."""
    scale, _ = model.get_scale_and_bias()
    plain = model.copy()
    if scale != 1.0:
        plain.set_scale_and_bias(1.0, 0.0)
    return scale, plain


@pytest.mark.parametrize("kind", [TaskKind.BINARY, TaskKind.REGRESSION])
def test_catboost_agrees_with_its_own_contributions(kind: TaskKind) -> None:
    import catboost

    _, fitted, form = fit("catboost", kind)
    x = table(50, 4)
    pool = catboost.Pool(x.astype(np.float32))
    scale, plain = without_scale(fitted.native.model)
    own = plain.get_feature_importance(pool, type="ShapValues", shap_mode="NoPreCalc")
    np.testing.assert_allclose(explained(form, x).values[:, :, 0], own[:, :6] * scale, rtol=0, atol=1e-7)


@pytest.mark.filterwarnings("ignore:LightGBM binary classifier:UserWarning")
@pytest.mark.parametrize("kind", CLASSES)
@pytest.mark.parametrize("name", TREES)
def test_trees_agree_with_the_package_shap(name: str, kind: TaskKind) -> None:
    shap = pytest.importorskip("shap")
    request, fitted, form = fit(name, kind)
    x, native = table(40, 6), fitted.native
    scale = 1.0 if request.task.is_classification else target_of(request).scale
    model = {"lightgbm": "booster", "xgboost": "booster", "catboost": "model"}.get(name)
    model = native if model is None else getattr(native, model)
    if name == "catboost":
        scale, model = without_scale(model)
    if name in ("random_forest", "extra_trees"):
        x = np.nan_to_num(x)  # shap's own walk sends missing values the default way of other libraries
    theirs = np.asarray(shap.TreeExplainer(model).shap_values(x.astype(np.float32).astype(np.float64)))
    if theirs.ndim == 2:
        theirs = theirs[:, :, None]
    ours = explained(form, x.astype(np.float32).astype(np.float64)).values
    tolerance = 1e-6 if name in ("lightgbm", "catboost", "random_forest", "extra_trees") else 1e-3
    np.testing.assert_allclose(ours, theirs * scale, rtol=tolerance, atol=tolerance)


def test_linear_forms_count_from_the_training_mean() -> None:
    shap = pytest.importorskip("shap")
    _, _, form = fit("linear", TaskKind.REGRESSION)
    assert isinstance(form, Linear)
    train = np.nan_to_num(table())
    found = explained(form, train[:9])
    background = shap.maskers.Independent(train, max_samples=len(train))
    theirs = shap.LinearExplainer((form.weights[:, 0], form.bias[0]), background).shap_values(train[:9])
    np.testing.assert_allclose(found.values[:, :, 0], theirs, rtol=0, atol=1e-9)
    np.testing.assert_allclose(found.scores, form.raw(train[:9]), rtol=0, atol=1e-9)


def test_sampled_walks_sum_exactly_and_find_additive_effects() -> None:
    linear = fit("linear", TaskKind.REGRESSION)[2]

    class Hidden:
        """A form that the explanation knows nothing about."""

        kind, link, n_features, n_raw = "hidden", "identity", 6, 1

        def raw(self, x: FloatArray) -> FloatArray:
            return linear.raw(x)

    x = np.nan_to_num(table(5, 2))
    found = explain_form(Hidden(), x, each(x), x[:2])  # type: ignore[arg-type]
    assert (found.method, found.evaluations) == ("sampled", 64 * 7)
    np.testing.assert_allclose(found.scores, linear.raw(x), rtol=0, atol=1e-9)
    expected = (x - x[:2].mean(axis=0)) * linear.weights[:, 0]  # type: ignore[attr-defined]
    np.testing.assert_allclose(found.values[:, :, 0], expected, rtol=0, atol=1e-9)


def test_columns_are_summed_to_their_groups() -> None:
    form = fit("random_forest", TaskKind.BINARY)[2]
    x = table(20, 8)
    of = np.array([0, 1, 1, 0, 2, 2])
    grouped = explain_form(form, x, Groups(of=of, count=3), x[:2]).values
    single = explained(form, x).values
    summed = np.stack([single[:, of == g].sum(axis=1) for g in range(3)], axis=1)
    np.testing.assert_allclose(grouped, summed, rtol=0, atol=1e-12)


def test_arrays_of_an_old_release_without_covers_are_explained_by_sampling() -> None:
    form = fit("lightgbm", TaskKind.BINARY)[2]
    kind, facts, arrays = form_to_arrays(form)
    del arrays["leaf_cover"]
    old = form_from_arrays(kind, facts, arrays)
    x = table(3, 8)
    found = explained(old, x)
    assert found.method == "sampled"
    np.testing.assert_allclose(found.scores, form.raw(x), rtol=0, atol=1e-9)


def test_a_leaf_that_no_training_row_reached_does_no_harm() -> None:
    tree = TreeNodes(
        left=np.array([1, 3, -1, -1, -1]), right=np.array([2, 4, -1, -1, -1]), feature=np.array([0, 1, 0, 0, 0]),
        threshold=np.array([0.0, 0.0, 5.0, 1.0, 2.0]), default_left=np.zeros(5, np.bool_),
        cover=np.array([10.0, 0.0, 10.0, 0.0, 0.0]),
    )  # fmt: skip
    form = build_forest([tree], Scoring(link="identity", n_features=2, n_outputs=1))
    x = np.array([[-1.0, -1.0], [-1.0, 1.0], [1.0, 1.0]])
    found = explained(form, x)
    np.testing.assert_allclose(found.base, [5.0])
    np.testing.assert_allclose(found.scores, form.raw(x), atol=1e-12)


BLENDS = {
    TaskKind.BINARY: (["lightgbm", "random_forest", "logistic_regression"], "log_odds"),
    TaskKind.MULTICLASS: (["xgboost", "extra_trees", "logistic_regression"], "log_probability"),
    TaskKind.REGRESSION: (["catboost", "random_forest", "linear"], "value"),
}


@pytest.mark.parametrize("kind", BLENDS)
def test_a_blend_sums_to_its_own_score(kind: TaskKind) -> None:
    names, space = BLENDS[kind]
    members = tuple(
        Member(name=name, form=fit(name, kind)[2], recipe=0, weight=weight)
        for name, weight in zip(names, (0.5, 0.3, 0.2), strict=True)
    )
    blend = Blend(members=members, n_outputs=max(1, CLASSES[kind]))
    x = np.nan_to_num(table(60, 7))
    found = explain_blend(blend, [x], [each(x)], [x[:2]])
    mean = blend.mean([x])
    expected = {
        TaskKind.BINARY: lambda: np.log(mean[:, 1:] / mean[:, :1]),
        TaskKind.MULTICLASS: lambda: np.log(mean),
        TaskKind.REGRESSION: lambda: mean,
    }[kind]()
    assert found.space == space
    assert set(found.methods.values()) == {"tree", "linear"}
    tolerance = 1e-5 if "xgboost" in names else 1e-9
    np.testing.assert_allclose(found.scores, expected, rtol=tolerance, atol=tolerance)
    assert np.abs(found.values[:, [0, 1]]).mean() > 3 * np.abs(found.values[:, 3:]).mean()


def test_one_member_is_explained_in_its_own_raw_score() -> None:
    for name, space in (("lightgbm", "log_odds"), ("random_forest", "probability")):
        form = fit(name, TaskKind.BINARY)[2]
        blend = Blend(members=(Member(name=name, form=form, recipe=0, weight=1.0),), n_outputs=2)
        x = table(6, 7)
        found = explain_blend(blend, [x], [each(x)], [x[:2]])
        assert found.space == space
        np.testing.assert_array_equal(found.values, explained(form, x).values[:, :, -1:])
