"""From raw scores to predictions."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from yunque.kernel.link import apply_link, n_predictions

raw_scores = arrays(
    np.float64, st.tuples(st.integers(1, 9), st.integers(2, 5)), elements=st.floats(-1e290, 1e290)
)


@given(raw_scores)
@settings(max_examples=100, deadline=None)
def test_softmax_gives_probabilities_row_by_row(raw: np.ndarray) -> None:
    p = apply_link("softmax", raw)
    assert ((p >= 0.0) & (p <= 1.0)).all()
    np.testing.assert_allclose(p.sum(axis=1), 1.0, rtol=1e-12)
    alone = np.concatenate([apply_link("softmax", raw[i : i + 1]) for i in range(raw.shape[0])])
    assert np.array_equal(p, alone)
    assert (np.take_along_axis(p, raw.argmax(axis=1)[:, None], 1)[:, 0] == p.max(axis=1)).all()


@given(raw_scores)
@settings(max_examples=100, deadline=None)
def test_two_class_links_give_both_probabilities(raw: np.ndarray) -> None:
    one = np.ascontiguousarray(raw[:, :1])
    for link in ("sigmoid", "complement"):
        p = apply_link(link, one)
        assert p.shape == (raw.shape[0], 2)
        assert ((p >= 0.0) & (p <= 1.0)).all()
        np.testing.assert_allclose(p.sum(axis=1), 1.0, rtol=1e-12)


def test_known_values() -> None:
    raw = np.array([[0.0], [2.0], [-700.0], [800.0]])
    np.testing.assert_allclose(apply_link("sigmoid", raw)[:, 1], 1.0 / (1.0 + np.exp(-raw[:, 0])))
    np.testing.assert_allclose(
        apply_link("complement", np.array([[0.3], [1.2], [-0.1]]))[:, 1], [0.3, 1.0, 0.0]
    )
    np.testing.assert_allclose(apply_link("exp", raw[:2])[:, 0], np.exp(raw[:2, 0]))
    np.testing.assert_allclose(apply_link("expm1", raw[:2])[:, 0], np.expm1(raw[:2, 0]), atol=1e-15)
    assert np.array_equal(apply_link("identity", raw), raw)


def test_values_of_log_links_stay_finite() -> None:
    raw = np.array([[1e9], [-1e9]])
    assert np.isfinite(apply_link("exp", raw)).all()
    assert np.isfinite(apply_link("expm1", raw)).all()


@pytest.mark.parametrize(
    ("link", "n_raw", "expected"),
    [("sigmoid", 1, 2), ("complement", 1, 2), ("softmax", 5, 5), ("identity", 1, 1)],
)
def test_width_of_predictions(link: str, n_raw: int, expected: int) -> None:
    assert n_predictions(link, n_raw) == expected  # type: ignore[arg-type]
