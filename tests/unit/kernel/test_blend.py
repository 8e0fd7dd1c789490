"""A blend: the weighted mean of its members in their order, then calibration."""

import numpy as np
import pytest

from yunque.errors import BundleError
from yunque.kernel.blend import Blend, Calibration, Member
from yunque.kernel.forms.linear import Linear


def linear(weights: list[list[float]], bias: list[float], link: str = "softmax") -> Linear:
    return Linear(weights=np.array(weights), bias=np.array(bias), link=link)  # type: ignore[arg-type]


def member(form: Linear, weight: float, recipe: int = 0) -> Member:
    return Member(name="m", form=form, recipe=recipe, weight=weight)


def test_members_are_weighted_and_read_their_own_matrix() -> None:
    first = linear([[1.0, -1.0]], [0.0, 0.0])
    second = linear([[0.5], [0.5]], [0.1], "sigmoid")
    blend = Blend(members=(member(first, 0.25), member(second, 0.75, recipe=1)), n_outputs=2)
    a, b = np.array([[2.0], [-1.0]]), np.array([[1.0, 3.0], [0.0, -2.0]])
    p1 = 1 / (1 + np.exp(2 * a[:, 0]))
    p2 = 1 / (1 + np.exp(-(0.5 * b.sum(axis=1) + 0.1)))
    expected = 0.25 * p1 + 0.75 * p2
    np.testing.assert_allclose(blend.evaluate([a, b])[:, 1], expected, rtol=1e-14)


def test_calibration_comes_last_and_the_mean_is_without_it() -> None:
    form = linear([[1.0]], [0.0], "sigmoid")
    plain = Blend(members=(member(form, 1.0),), n_outputs=2)
    cold = Blend(
        members=(member(form, 1.0),),
        n_outputs=2,
        calibration=Calibration(kind="temperature", parameters=(0.5,)),
    )
    x = np.array([[0.3], [-2.0]])
    assert np.array_equal(cold.mean([x]), plain.evaluate([x]))
    np.testing.assert_allclose(cold.evaluate([x]), plain.evaluate([2 * x]), rtol=1e-12)


def test_regression() -> None:
    blend = Blend(
        members=(
            member(linear([[2.0]], [1.0], "identity"), 0.5),
            member(linear([[0.0]], [5.0], "identity"), 0.5),
        ),
        n_outputs=1,
    )
    assert np.array_equal(blend.evaluate([np.array([[1.0], [np.nan]])]), [[4.0], [3.0]])


@pytest.mark.parametrize(
    "members",
    [
        (),
        (member(linear([[1.0, 2.0, 3.0]], [0.0, 0.0, 0.0]), 1.0),),
        (member(linear([[1.0]], [0.0], "identity"), 1.0),),
        (member(linear([[1.0]], [0.0], "sigmoid"), float("nan")),),
        (member(linear([[1.0]], [0.0], "sigmoid"), 1.0, recipe=-1),),
    ],
)
def test_members_that_do_not_fit_are_refused(members: tuple[Member, ...]) -> None:
    with pytest.raises(BundleError):
        Blend(members=members, n_outputs=2)


def test_a_linear_form_reads_missing_as_zero_and_cuts_extremes() -> None:
    form = linear([[1.0], [1.0]], [0.5], "identity")
    x = np.array([[np.nan, 2.0], [np.inf, 0.0], [-1e300, 0.0], [np.inf, -np.inf]])
    assert np.array_equal(form.raw(x)[:, 0], [2.5, 1e15 + 0.5, -1e15 + 0.5, 0.5])
