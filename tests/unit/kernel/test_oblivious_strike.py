"""Setting bits by the borders below a value gives the bits of walking the trees, on any oblivious trees."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from yunque.kernel.form import FloatArray
from yunque.kernel.forms.oblivious import Oblivious
from yunque.kernel.oblivious_strike import strike_oblivious

F = 4
CUTS = np.array([-np.inf, -1.0, -0.0, 0.0, 0.1, 0.5, 1.0, 3e38, np.inf], np.float32)
EVIL = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 0.1, np.float32(0.1), 1e39, -1e39, 1e-46, 2.0, 1e300])


def random_trees(seed: int) -> Oblivious:
    rng = np.random.default_rng(seed)
    n_trees, n_outputs, n_shown = (int(rng.integers(low, high)) for low, high in ((0, 12), (1, 4), (0, 6)))
    depth = rng.integers(0, 7, n_trees)
    splits = int(depth.sum())
    borders = np.where(rng.random(splits) < 0.5, rng.choice(CUTS, splits), rng.normal(size=splits))
    leaves = int((1 << depth).sum())
    return Oblivious.from_arrays(
        {"link": "identity", "n_features": F, "n_outputs": n_outputs, "scale": 0.7},
        {
            "split_feature": rng.integers(0, F + n_shown, splits).astype(np.int32),
            "border": borders.astype(np.float32),
            "indicator_column": rng.integers(0, F, n_shown).astype(np.int32),
            "indicator_code": rng.integers(-1, 3, n_shown).astype(np.float32),
            "split_start": np.concatenate(([0], np.cumsum(depth))).astype(np.int64),
            "leaf_start": np.concatenate(([0], np.cumsum(1 << depth))).astype(np.int64),
            "leaves": rng.normal(size=(leaves, n_outputs)),
            "bias": rng.normal(size=n_outputs),
            "nan_is_largest": rng.integers(0, 2, F).astype(np.uint8),
            "leaf_cover": np.zeros(0, np.float32),
        },
    )


def rows(seed: int) -> FloatArray:
    rng = np.random.default_rng(seed)
    pick = rng.random((30, F))
    codes, evil = rng.integers(-1, 3, pick.shape).astype(np.float64), rng.choice(EVIL, pick.shape)
    return np.where(pick < 0.3, evil, np.where(pick < 0.6, codes, rng.normal(size=pick.shape)))


@settings(max_examples=200, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_both_ways_give_the_same_bits(seed: int) -> None:
    trees, x = random_trees(seed), rows(seed + 1)
    out = np.full((x.shape[0], trees.n_raw), np.nan)
    strike_oblivious(trees.borders, x, out)
    assert out.tobytes() == trees.raw(x).tobytes()
