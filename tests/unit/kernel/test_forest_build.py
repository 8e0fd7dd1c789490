"""Trees given by hand, laid out and walked."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from yunque.errors import BundleError, TrainingError
from yunque.kernel.forest_build import Scoring, TreeNodes, build_forest
from yunque.kernel.forms.forest import Forest


def stump(feature: int, threshold: float, low: float, high: float, *, left: bool = True) -> TreeNodes:
    return TreeNodes(
        left=np.array([1, -1, -1]),
        right=np.array([2, -1, -1]),
        feature=np.array([feature, 0, 0]),
        threshold=np.array([threshold, low, high]),
        default_left=np.array([left, False, False]),
    )


def leaf(value: float) -> TreeNodes:
    nothing = np.array([-1])
    return TreeNodes(
        left=nothing,
        right=nothing,
        feature=nothing,
        threshold=np.array([value]),
        default_left=np.array([False]),
    )


def chain(depth: int) -> TreeNodes:
    """A tree that goes right at every level: x <= level ends there with the number of the level."""
    count = 2 * depth + 1
    left, right = np.full(count, -1), np.full(count, -1)
    threshold = np.zeros(count)
    for level in range(depth):
        node = 2 * level
        left[node], right[node], threshold[node] = node + 1, node + 2, float(level)
        threshold[node + 1] = float(level)
    threshold[-1] = float(depth)
    return TreeNodes(
        left=left,
        right=right,
        feature=np.zeros(count, np.int64),
        threshold=threshold,
        default_left=np.zeros(count, np.bool_),
    )


def scoring(**changes: Any) -> Scoring:
    return Scoring(**({"link": "identity", "n_features": 2, "n_outputs": 1} | changes))


def test_thresholds_belong_to_the_left_and_missing_goes_where_it_is_told() -> None:
    forest = build_forest(
        [stump(0, 1.0, -1.0, 1.0), stump(1, 0.0, 10.0, 20.0, left=False)], scoring(base=[100.0])
    )
    x = np.array([[1.0, 0.0], [1.0000001, 0.1], [np.nan, np.nan], [np.inf, -np.inf]])
    assert np.array_equal(forest.raw(x)[:, 0], [109.0, 121.0, 119.0, 111.0])


@given(st.integers(0, 40), st.integers(1, 20), st.floats(-3, 60))
@settings(max_examples=60, deadline=None)
def test_any_number_of_trees_of_any_depth(depth: int, n_trees: int, x: float) -> None:
    forest = build_forest([chain(depth)] * n_trees, scoring())
    expected = min(max(np.ceil(x), 0.0), float(depth))
    assert forest.raw(np.array([[x, 0.0]]))[0, 0] == n_trees * expected


def test_float32_sums_round_after_every_tree() -> None:
    trees = [leaf(float(np.float32(0.1)))] * 11
    total = np.float32(0.0)
    for _ in trees:
        total += np.float32(0.1)
    assert build_forest(trees, scoring(sums="float32")).raw(np.zeros((1, 2)))[0, 0] == float(total)
    assert build_forest(trees, scoring()).raw(np.zeros((1, 2)))[0, 0] != float(total)


def test_float32_inputs_are_rounded_first() -> None:
    near = 1.7e9 + 30.0
    tree = [stump(0, float(np.float32(near)), 1.0, 2.0)]
    x = np.array([[near + 20.0, 0.0]])
    assert build_forest(tree, scoring(inputs="float32")).raw(x)[0, 0] == 1.0
    assert build_forest(tree, scoring()).raw(x)[0, 0] == 2.0


def test_trees_add_to_their_outputs_in_turn() -> None:
    forest = build_forest([leaf(1.0), leaf(2.0), leaf(4.0), leaf(8.0)], scoring(n_outputs=2))
    assert np.array_equal(forest.raw(np.zeros((3, 2))), [[5.0, 10.0]] * 3)


def test_vectors_scale_and_bias() -> None:
    forest = build_forest(
        [stump(0, 0.0, 0.0, 1.0), leaf(1.0)],
        scoring(
            n_outputs=2,
            leaf_vectors=np.array([[1.0, 0.0], [0.0, 1.0]]),
            divisor=2,
            scale=10.0,
            bias=[1.0, 2.0],
        ),
    )
    assert np.array_equal(forest.raw(np.array([[-1.0, 0.0], [1.0, 0.0]])), [[6.0, 7.0], [1.0, 12.0]])


def test_category_sets() -> None:
    tree = TreeNodes(
        left=np.array([1, -1, -1]), right=np.array([2, -1, -1]), feature=np.array([0, 0, 0]),
        threshold=np.array([0.0, 1.0, 2.0]), default_left=np.array([False] * 3), categorical=np.array([True, False, False]),
    )  # fmt: skip
    forest = build_forest([tree], scoring(category_sets=[np.array([0b1001, 0b1], np.uint32)]))
    codes = [0, 3, 32, 1, 2, 33, 64, -1, 1e30, np.nan, np.inf, -np.inf, 3.9]
    x = np.column_stack((codes, np.zeros(len(codes))))
    assert forest.raw(x)[:, 0].tolist() == [1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1]


def test_no_tree_at_all_is_the_base() -> None:
    assert np.array_equal(
        build_forest([], scoring(base=[0.5], bias=[1.0])).raw(np.zeros((2, 2))), [[1.5], [1.5]]
    )


def test_a_tree_that_is_too_deep_is_refused() -> None:
    with pytest.raises(TrainingError, match="deeper"):
        build_forest([chain(3000)], scoring())


def _set(name: str, place: int, value: Any) -> Callable[[dict[str, Any], dict[str, np.ndarray]], None]:
    def change(facts: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
        arrays[name][place] = value

    return change


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (_set("left", 0, 0), "points out of its tree"),
        (_set("left", 0, 2), "points out of its tree"),
        (_set("left", 0, 4), "points out of its tree"),
        (_set("left", 3, 1), "points out of its tree"),
        (_set("left", 0, -1), "points out of its tree"),
        (_set("flags", 1, 2), "points out of its tree"),
        (_set("flags", 0, 0), "do not form trees"),
        (_set("flags", 0, 255), "unknown flags"),
        (_set("flags", 0, 6), "categorical node points out of bounds"),
        (_set("feature", 0, 2), "a node points out of bounds"),
        (_set("feature", 0, -1), "a node points out of bounds"),
        (_set("threshold", 0, np.nan), "not a number"),
        (_set("threshold", 1, np.inf), "not finite"),
        (_set("threshold", 1, 1e300), "too large"),
        (_set("tree_output", 0, 1), "output points out of bounds"),
        (_set("tree_start", 1, 0), "has no node"),
        (_set("tree_start", 1, 7), "must not fall"),
        (_set("tree_start", 2, 7), "run from 0 to 6"),
        (_set("base", 0, np.nan), "must be finite"),
    ],
)
def test_broken_arrays_are_refused_with_the_reason(change: Any, problem: str) -> None:
    forest = build_forest([stump(0, 1.0, -1.0, 1.0), stump(1, 0.0, 2.0, 3.0)], scoring())
    facts, arrays = forest.to_arrays()
    arrays = {name: array.copy() for name, array in arrays.items()}
    change(facts, arrays)
    with pytest.raises(BundleError, match=problem):
        Forest.from_arrays(facts, arrays)


def test_a_bomb_of_shared_children_is_refused_at_once() -> None:
    """Both children of each node lead to the same pair: 2**1000 paths if it were followed."""
    facts, arrays = build_forest([chain(1000)], scoring()).to_arrays()
    arrays = {name: array.copy() for name, array in arrays.items()}
    arrays["flags"][1:-2] = 2
    arrays["left"][1:-2] = np.arange(1, arrays["left"].size - 2) // 2 * 2 + 1
    with pytest.raises(BundleError):
        Forest.from_arrays(facts, arrays)


@pytest.mark.parametrize(
    ("fact", "value"),
    [("n_features", 10**12), ("n_features", 0), ("n_features", 2.0), ("n_features", True), ("n_outputs", 10**9),
     ("divisor", 0.0), ("divisor", float("nan")), ("scale", float("inf")), ("link", "eval"), ("inputs", "float16")],
)  # fmt: skip
def test_absurd_facts_are_refused(fact: str, value: Any) -> None:
    facts, arrays = build_forest([stump(0, 1.0, -1.0, 1.0)], scoring()).to_arrays()
    with pytest.raises(BundleError, match=fact):
        Forest.from_arrays(facts | {fact: value}, arrays)
