"""The measures under the findings: bins, one column alone, and the scatter of key means."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from yunque.data.bins import bin_codes, bin_column, first_seen
from yunque.data.key_means import ratios_of
from yunque.data.single_column import Goal, strength


@settings(max_examples=60, deadline=None)
@given(st.lists(st.one_of(st.none(), st.floats(-1e6, 1e6), st.sampled_from([0.0, 1.0])), max_size=300))
def test_bins_keep_order_and_put_missing_values_apart(values):
    series = pl.Series(values, dtype=pl.Float64)
    bins = bin_column(series)
    codes = bin_codes(bins, series)
    assert bins.count <= 65
    assert ((codes == 0) == series.is_null().to_numpy()).all()
    assert codes.max(initial=0) < max(1, bins.count)
    known = series.drop_nulls().to_numpy()
    assert (np.diff(codes[codes > 0][np.argsort(known, kind="stable")]) >= 0).all()


def test_levels_never_seen_fall_into_bin_zero():
    bins = bin_column(pl.Series(["a", "b", "a"]))
    assert bin_codes(bins, pl.Series(["b", "new", None, "a"])).tolist() == [2, 0, 0, 1]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.one_of(st.none(), st.sampled_from(["x", "y", "z"])), min_size=1, max_size=50))
def test_first_seen_numbers_values_in_order_of_appearance(values):
    seen = list(dict.fromkeys(values))
    assert first_seen(pl.Series(values, dtype=pl.String)).tolist() == [seen.index(each) for each in values]


def test_first_seen_tells_large_whole_numbers_apart():
    assert first_seen(pl.Series([2**60, 2**60 + 1, 2**60])).tolist() == [0, 1, 0]


def test_strength_is_the_cross_validated_loss_of_smoothed_means():
    random = np.random.default_rng(0)
    level, y, fold = random.choice(["a", "b", "c"], 300), random.normal(size=300), random.integers(0, 3, 300)
    series = pl.Series(level)
    bins = bin_column(series)
    found = strength(bins, bin_codes(bins, series), Goal(y=y, n_classes=0, fold=fold, n_folds=3))
    errors = np.empty(300)
    for row in range(300):
        learnt = fold != fold[row]
        same = learnt & (level == level[row])
        smoothing = found.shape.smoothing
        mean = (y[same].sum() + smoothing * y[learnt].mean()) / (same.sum() + smoothing)
        errors[row] = (y[row] - mean) ** 2
    assert found.loss == pytest.approx(errors.mean())


@pytest.mark.parametrize("seed", range(3))
def test_key_means_of_pure_chance_scatter_as_chance_does(seed):
    random = np.random.default_rng(seed)
    size = 2 + random.poisson(5.0, 3_000)
    key = np.repeat(np.arange(3_000), size)
    spread = np.where(size > 7, 5.0, 1.0)[key]  # the larger keys vary more
    found = ratios_of((spread * random.normal(size=len(key)))[:, None], key)
    assert found.ratio[0] == pytest.approx(1.0, abs=5 * found.error[0])
    assert found.error[0] < 0.1


def test_key_means_that_know_the_outcome_do_not_scatter():
    random = np.random.default_rng(0)
    key = np.repeat(np.arange(500), 6)
    y = random.normal(size=3_000)
    means = np.bincount(key, weights=y) / 6
    found = ratios_of((y - means[key])[:, None], key)
    assert found.ratio[0] == pytest.approx(0.0, abs=1e-9)
    assert found.keys == 500
