"""The questions that drift asks: their effects are the textbook's, their p-values are right or too large."""

import numpy as np
import pytest
from scipy import stats

from yunque.monitoring.drift_bins import joined
from yunque.monitoring.drift_tests import (
    distance_test,
    earth_mover,
    holm,
    novelty_test,
    share_test,
    stability_test,
)

RANDOM = np.random.default_rng(5)


def counts(*numbers: int) -> np.ndarray:
    return np.array(numbers, np.int64)


def test_the_stability_index_is_the_textbook_sum() -> None:
    a, b = counts(3000, 4000, 3000), counts(2000, 4000, 4000)
    p, q = a / a.sum(), b / b.sum()
    found = stability_test(a, b, is_ordered=True)
    assert found.effect == pytest.approx(((q - p) * np.log(q / p)).sum(), rel=1e-3)
    assert found.p < 1e-50
    assert found.usual == pytest.approx((2 / 10_000) * stats.chi2.isf(0.01, 2))


def test_small_samples_are_not_judged_by_bins_that_cannot_be_filled() -> None:
    a, b = joined(counts(*[1000] * 20), counts(*[2] * 20), is_ordered=True)
    assert a.sum() == 20_000 and b.sum() == 40 and a.size == 5
    rare, seen = joined(counts(5000, 4000, 3, 2, 1), counts(20, 20, 1, 0, 0), is_ordered=False)
    assert rare.tolist() == [5000, 4006] and seen.tolist() == [20, 21]
    assert stability_test(counts(10, 10), counts(1, 0), is_ordered=True).p == 1.0
    assert stability_test(counts(0, 0), counts(1, 0), is_ordered=True).p == 1.0


def test_where_nothing_moved_small_p_values_are_as_rare_as_they_say() -> None:
    shares = RANDOM.dirichlet(np.ones(12) * 2)
    for rows in (60, 3_000):
        drawn = [(RANDOM.multinomial(5_000, shares), RANDOM.multinomial(rows, shares)) for _ in range(2_000)]
        p = np.array([stability_test(a, b, is_ordered=False).p for a, b in drawn])
        assert (p < 0.01).mean() <= 0.016 and (p < 0.001).mean() <= 0.004


def test_the_distance_is_that_of_scipy_and_its_p_errs_on_the_side_of_silence() -> None:
    a, b = np.sort(RANDOM.normal(size=400)), np.sort(RANDOM.normal(0.3, size=90))
    exact = stats.ks_2samp(a, b, method="exact")
    found = distance_test(a, b)
    assert found.effect == pytest.approx(exact.statistic)
    assert exact.pvalue <= found.p <= 2 * exact.pvalue
    assert distance_test(a, b[:0]).p == 1.0


def test_numbers_that_moved_by_their_middle_half_moved_by_one() -> None:
    a = np.linspace(0, 1, 101)
    assert earth_mover(a, a + 0.5) == pytest.approx(1.0)
    assert earth_mover(np.zeros(5), np.zeros(3)) == 0.0


def test_shares_are_compared_exactly() -> None:
    found = share_test(0, 1_000, 3, 100)
    exact = stats.fisher_exact([[3, 97], [0, 1_000]], alternative="greater").pvalue
    assert found.effect == 0.03 and found.p == pytest.approx(2 * exact)
    large = share_test(300_000, 1_000_000, 302_000, 1_000_000)
    assert large.p == pytest.approx(2 * stats.norm.sf(3.083), rel=0.02)
    assert share_test(5, 5, 7, 7).p == 1.0 and share_test(0, 0, 1, 2).p == 1.0


def test_new_levels_are_expected_where_many_levels_stood_once() -> None:
    many = novelty_test(once=3_000, twice=1_000, rows=10_000, unseen=310, seen_rows=1_000)
    assert many.p > 0.05 and many.effect == pytest.approx(0.01)
    none = novelty_test(once=0, twice=0, rows=10_000, unseen=10, seen_rows=1_000)
    assert none.p < 1e-9 and none.effect == pytest.approx(0.01)


def test_holm_is_the_textbook_procedure() -> None:
    assert holm(np.array([0.01, 0.04, 0.03])).tolist() == pytest.approx([0.03, 0.06, 0.06])
    assert holm(np.array([])).size == 0
