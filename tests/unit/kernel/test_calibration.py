"""Calibration maps: bounded, monotone, the same for one row and for many."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from yunque.errors import BundleError
from yunque.kernel.calibration import Calibration, apply_calibration, check_calibration, isotonic

slopes = st.floats(0.0, 50.0)
shifts = st.floats(-50.0, 50.0)
unit = st.floats(0.0, 1.0)


@st.composite
def knots(draw: st.DrawFn) -> tuple[list[float], list[float]]:
    size = draw(st.integers(1, 6))
    return sorted(draw(st.lists(unit, min_size=size, max_size=size))), sorted(
        draw(st.lists(unit, min_size=size, max_size=size))
    )


@st.composite
def calibrations(draw: st.DrawFn, maps: int) -> Calibration:
    kind = draw(st.sampled_from(["identity", "temperature", "platt", "beta", "isotonic"]))
    if kind == "isotonic":
        return isotonic([draw(knots()) for _ in range(maps)])
    parameters = {
        "identity": [],
        "temperature": [draw(st.floats(0.05, 20.0))],
        "platt": [v for _ in range(maps) for v in (draw(slopes), draw(shifts))],
        "beta": [v for _ in range(maps) for v in (draw(slopes), draw(slopes), draw(shifts))],
    }[kind]
    return Calibration(kind=kind, parameters=tuple(parameters))


@given(calibrations(1), st.lists(unit, min_size=2, max_size=20))
@settings(max_examples=200, deadline=None)
def test_two_classes(calibration: Calibration, positive: list[float]) -> None:
    check_calibration(calibration, 2)
    p = np.sort(np.array([*positive, 0.0, 1.0]))
    both = np.column_stack((1.0 - p, p))
    out = apply_calibration(calibration, both)
    assert np.isfinite(out).all()
    assert ((out >= 0.0) & (out <= 1.0)).all()
    assert np.allclose(out.sum(axis=1), 1.0)
    assert (np.diff(out[:, 1]) >= -1e-15).all()
    alone = np.concatenate([apply_calibration(calibration, both[i : i + 1]) for i in range(both.shape[0])])
    assert np.array_equal(out, alone)


@given(calibrations(4), st.lists(st.lists(unit, min_size=4, max_size=4), min_size=1, max_size=8))
@settings(max_examples=200, deadline=None)
def test_many_classes(calibration: Calibration, rows: list[list[float]]) -> None:
    check_calibration(calibration, 4)
    p = np.array(rows) + 1e-9
    p /= p.sum(axis=1, keepdims=True)
    before = p.copy()
    out = apply_calibration(calibration, p)
    assert np.array_equal(p, before)
    assert ((out >= 0.0) & (out <= 1.0)).all()
    np.testing.assert_allclose(out.sum(axis=1), 1.0, rtol=1e-9)
    alone = np.concatenate([apply_calibration(calibration, p[i : i + 1]) for i in range(p.shape[0])])
    assert np.array_equal(out, alone)


def test_known_values() -> None:
    p = np.array([0.1, 0.5, 0.9])
    both = np.column_stack((1.0 - p, p))
    logit = np.log(p / (1.0 - p))
    for calibration, expected in (
        (Calibration(kind="temperature", parameters=(2.0,)), 1 / (1 + np.exp(-logit / 2.0))),
        (Calibration(kind="platt", parameters=(1.5, -0.2)), 1 / (1 + np.exp(-(1.5 * logit - 0.2)))),
        (
            Calibration(kind="beta", parameters=(1.2, 0.8, 0.1)),
            1 / (1 + np.exp(-(1.2 * np.log(p) - 0.8 * np.log(1 - p) + 0.1))),
        ),
        (isotonic([([0.2, 0.5, 0.8], [0.1, 0.3, 0.6])]), np.interp(p, [0.2, 0.5, 0.8], [0.1, 0.3, 0.6])),
    ):
        np.testing.assert_allclose(apply_calibration(calibration, both)[:, 1], expected, rtol=1e-12)
    three = np.array([[0.2, 0.3, 0.5]])
    cooled = apply_calibration(Calibration(kind="temperature", parameters=(0.5,)), three)
    np.testing.assert_allclose(cooled, three**2 / (three**2).sum(), rtol=1e-12)


def test_isotonic_maps_of_unequal_length_are_filled_up() -> None:
    calibration = isotonic([([0.0, 1.0], [0.0, 1.0]), ([0.0, 0.5, 1.0], [0.0, 0.2, 1.0]), ([0.5], [0.4])])
    check_calibration(calibration, 3)
    out = apply_calibration(calibration, np.array([[0.2, 0.5, 0.3]]))
    np.testing.assert_allclose(out, np.array([[0.2, 0.2, 0.4]]) / 0.8)


def test_a_row_mapped_to_nothing_stays_as_it_was() -> None:
    nothing = isotonic([([0.0, 1.0], [0.0, 0.0])] * 3)
    row = np.array([[0.2, 0.3, 0.5]])
    assert np.array_equal(apply_calibration(nothing, row), row)


@pytest.mark.parametrize(
    ("calibration", "n_outputs"),
    [
        (Calibration(kind="temperature", parameters=(0.0,)), 2),
        (Calibration(kind="temperature", parameters=(1.0, 2.0)), 2),
        (Calibration(kind="temperature", parameters=(1.0,)), 1),
        (Calibration(kind="platt", parameters=(-1.0, 0.0)), 2),
        (Calibration(kind="platt", parameters=(1.0, 0.0)), 3),
        (Calibration(kind="platt", parameters=(1.0, float("nan"))), 2),
        (Calibration(kind="beta", parameters=(1.0, float("inf"), 0.0)), 2),
        (Calibration(kind="beta", parameters=(1.0, -1.0, 0.0)), 2),
        (Calibration(kind="isotonic", parameters=()), 2),
        (Calibration(kind="isotonic", parameters=(0.0, 1.0, 0.5)), 2),
        (Calibration(kind="isotonic", parameters=(0.5, 0.1, 0.2, 0.3)), 2),
        (Calibration(kind="isotonic", parameters=(0.1, 0.5, 0.3, 0.2)), 2),
        (Calibration(kind="isotonic", parameters=(0.1, 0.5, 0.3, 1.2)), 2),
        (Calibration(kind="identity", parameters=(1.0,)), 2),
        (Calibration(kind="magic"), 2),  # type: ignore[arg-type]
    ],
)
def test_unusable_parameters_are_refused(calibration: Calibration, n_outputs: int) -> None:
    with pytest.raises(BundleError, match="calibration"):
        check_calibration(calibration, n_outputs)
