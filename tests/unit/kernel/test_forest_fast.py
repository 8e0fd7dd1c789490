"""Striking out leaves, one row or a block of rows, gives the bits of a walk on any forest."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from yunque.errors import BundleError
from yunque.kernel import forest_lines, forest_masks
from yunque.kernel.forest_build import Scoring, TreeNodes, build_forest
from yunque.kernel.forest_masks import strike
from yunque.kernel.forest_ranks import score_blocks
from yunque.kernel.forest_walk import walk
from yunque.kernel.form import FloatArray
from yunque.kernel.forms.forest import Forest

F = 5
CUTS = np.array([-1e300, -2.5, -1.0, -1e-36, 0.0, 1e-36, 0.1, 0.30000000000000004, 1.0, 16777217.0, np.inf])
EVIL = np.array(
    [np.nan, np.inf, -np.inf, 0.0, -0.0, -0.5, -1.0, 1e-37, 5.0, 1e10, 2.0**31, 0.1, np.float32(0.1), 1e300]
)


def random_tree(rng: np.random.Generator, leaves: int, n_sets: int, vectors: int) -> TreeNodes:
    """Grow a tree by splitting leaves at random; column 1 holds codes when there are sets."""
    left, right = [-1], [-1]
    while left.count(-1) < leaves:
        at = int(rng.choice([i for i, child in enumerate(left) if child < 0]))
        left[at], right[at] = len(left), len(left) + 1
        left += [-1, -1]
        right += [-1, -1]
    inner = np.array(left) >= 0
    feature = rng.integers(0, F, len(left))
    categorical = inner & (feature == 1) & (n_sets > 0)
    cuts = np.where(
        rng.random(len(left)) < 0.5, rng.choice(CUTS, len(left)), rng.normal(size=len(left)).round(2)
    )
    values = rng.integers(0, vectors, len(left)) if vectors else rng.normal(size=len(left))
    threshold = np.where(
        categorical, rng.integers(0, max(n_sets, 1), len(left)), np.where(inner, cuts, values)
    )
    return TreeNodes(
        left=np.array(left), right=np.array(right), feature=np.where(inner, feature, -1), threshold=threshold,
        default_left=rng.random(len(left)) < 0.5, categorical=categorical,
    )  # fmt: skip


def random_forest(seed: int, most_leaves: int, single: bool, vectors: bool) -> Forest:
    rng = np.random.default_rng(seed)
    n_outputs = int(rng.integers(1, 4))
    sets = [
        rng.integers(0, 2**32, int(rng.integers(1, 4)), dtype=np.uint32)
        for _ in range(int(rng.integers(0, 5)))
    ]
    if sets and seed % 3 == 0:
        sets[0][:] = 0
    n_vectors = 9 if vectors else 0
    trees = [
        random_tree(rng, int(rng.integers(1, most_leaves + 1)), len(sets), n_vectors)
        for _ in range(int(rng.integers(1, 20)))
    ]
    if single and seed % 2:  # as XGBoost's: leaves that are float32 are summed as such
        with np.errstate(over="ignore"):
            trees = [replace(t, threshold=t.threshold.astype(np.float32).astype(np.float64)) for t in trees]
    scoring = Scoring(
        link="identity", n_features=F, n_outputs=n_outputs, inputs="float32" if single else "float64",
        sums="float32" if single else "float64", divisor=3.0, scale=0.7, base=rng.normal(size=n_outputs),
        bias=rng.normal(size=n_outputs), category_sets=sets, zero_is_missing=rng.random(F) < 0.3,
        leaf_vectors=rng.normal(size=(9, n_outputs)) if vectors else None,
    )  # fmt: skip
    return build_forest(trees, scoring)


def rows(seed: int, count: int) -> FloatArray:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(count, F)).round(2)
    pick = rng.random(x.shape)
    x = np.where(pick < 0.25, rng.choice(EVIL, x.shape), np.where(pick < 0.5, rng.choice(CUTS, x.shape), x))
    codes = rng.integers(-2, 110, count).astype(np.float64)
    x[:, 1] = np.where(pick[:, 1] < 0.5, codes, x[:, 1])
    return np.ascontiguousarray(x)


def by_walk(forest: Forest, x: FloatArray) -> FloatArray:
    out = np.empty((x.shape[0], forest.n_raw))
    walk(forest.trees, forest.sums, x, out)
    return out


@settings(max_examples=200, deadline=None)
@given(seed=st.integers(0, 10**6), leaves=st.sampled_from([1, 2, 5, 32, 33, 64]), single=st.booleans(), vectors=st.booleans(),
       count=st.sampled_from([1, 3, 255, 256, 300, 513]))  # fmt: skip
def test_all_ways_give_the_same_bits(seed: int, leaves: int, single: bool, vectors: bool, count: int) -> None:
    forest, x = random_forest(seed, leaves, single, vectors), rows(seed, count)
    expected = by_walk(forest, x)
    assert forest.masks is not None and forest.ranks is not None
    for score, laid_out in ((strike, (forest.masks,)), (score_blocks, forest.ranks)):
        out = np.full_like(expected, np.nan)
        score(*laid_out, forest.sums, x, out)
        assert out.tobytes() == expected.tobytes(), score


@pytest.mark.parametrize(
    ("name", "most"), [("MOST_LINE_CODES", 5), ("MOST_BYTES", 2_000), ("MOST_BYTES", 8_000)]
)
def test_few_lines_or_none_give_the_same_bits(monkeypatch: pytest.MonkeyPatch, name: str, most: int) -> None:
    """What has no line is asked question by question; a forest that has no room for its lines is walked."""
    monkeypatch.setattr(forest_masks if name == "MOST_LINE_CODES" else forest_lines, name, most)
    struck = 0
    for seed in range(40):
        forest, x = random_forest(seed, 40, seed % 2 == 0, False), rows(seed, 60)
        if forest.masks is None:
            continue
        struck += 1
        out = np.empty((60, forest.n_raw))
        strike(forest.masks, forest.sums, x, out)
        assert out.tobytes() == by_walk(forest, x).tobytes()
    assert struck


@pytest.mark.parametrize("count", [0, 1, 63, 64, 1023, 1024, 2000])
def test_raw_gives_the_same_bits_whatever_it_chooses(count: int) -> None:
    forest, x = random_forest(5, 40, False, False), rows(5, count)
    expected = by_walk(forest, x)
    assert forest.raw(x).tobytes() == expected.tobytes()
    assert forest.masks is not None
    assert forest.raw(x).tobytes() == expected.tobytes()
    assert forest.ranks is not None
    assert forest.raw(x).tobytes() == expected.tobytes()


def test_large_trees_are_walked() -> None:
    rng = np.random.default_rng(1)
    scoring = Scoring(link="identity", n_features=F, n_outputs=1)
    forest = build_forest([random_tree(rng, 65, 0, 0), random_tree(rng, 3, 0, 0)], scoring)
    assert forest.masks is None and forest.ranks is None
    x = rows(1, 1500)
    assert forest.raw(x).tobytes() == by_walk(forest, x).tobytes()


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6), data=st.data())
def test_nodes_that_form_no_tree_are_walked_and_nothing_is_read_out_of_bounds(seed: int, data: Any) -> None:
    """Bundles of strangers may name a child twice; the checks let that pass because a walk does no harm."""
    facts, arrays = random_forest(seed, 12, False, False).to_arrays()
    left = arrays["left"].copy()
    inner = np.flatnonzero(arrays["flags"] & 2)
    for at in data.draw(st.lists(st.sampled_from(inner.tolist() or [0]), max_size=3)):
        left[at] = data.draw(st.integers(0, int(left.size)))
    try:
        forest = Forest.from_arrays(facts, arrays | {"left": left})
    except BundleError:
        return
    x = rows(seed, 70)
    expected = by_walk(forest, x)
    for laid_out, score in ((forest.masks, strike), (forest.ranks, score_blocks)):
        if laid_out is not None:
            out = np.empty_like(expected)
            score(*((laid_out,) if score is strike else laid_out), forest.sums, x, out)
            assert out.tobytes() == expected.tobytes()
