"""Exponential and logarithm from basic operations."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from yunque.kernel.elementary import exponential, logarithm


def units_apart(ours: float, exact: float) -> float:
    return abs(ours - exact) / math.ulp(exact)


@given(st.floats(-740.0, 709.0))
@settings(max_examples=300, deadline=None)
def test_exponential_is_within_two_units_in_the_last_place(x: float) -> None:
    assert units_apart(exponential(x), math.exp(x)) <= 2.0


@given(st.floats(min_value=5e-324, max_value=1.7e308))
@settings(max_examples=300, deadline=None)
def test_logarithm_is_within_two_units_in_the_last_place(x: float) -> None:
    exact = math.log(x)
    assert exact == logarithm(x) or units_apart(logarithm(x), exact) <= 2.0


@pytest.mark.parametrize(
    ("x", "expected"),
    [(0.0, 1.0), (-0.0, 1.0), (math.inf, math.inf), (710.0, math.inf), (-math.inf, 0.0), (-746.0, 0.0)],
)
def test_exponential_at_the_edges(x: float, expected: float) -> None:
    assert exponential(x) == expected


@pytest.mark.parametrize(("x", "expected"), [(1.0, 0.0), (0.0, -math.inf), (math.inf, math.inf)])
def test_logarithm_at_the_edges(x: float, expected: float) -> None:
    assert logarithm(x) == expected


def test_not_a_number_stays_so() -> None:
    assert math.isnan(exponential(math.nan))
    assert math.isnan(logarithm(math.nan))
    assert math.isnan(logarithm(-1.0))


def test_exponential_never_falls() -> None:
    values = [exponential(x) for x in np.linspace(-3.0, 3.0, 5001)]
    assert all(low <= high for low, high in pairwise(values))
