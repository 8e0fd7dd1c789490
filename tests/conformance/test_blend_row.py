"""A blend on one row in one compiled call gives the bits of the blend, whatever its members."""

import gc
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_tables import PAIRS, small_form

from yunque.kernel.blend import Blend, Calibration, Member
from yunque.kernel.blend_row import compile_blend
from yunque.kernel.form import FloatArray
from yunque.learning.registry import algorithm
from yunque.learning.task import TaskKind

OUTPUTS = {TaskKind.BINARY: 2, TaskKind.MULTICLASS: 3, TaskKind.REGRESSION: 1}
# Algorithms of the default portfolio; the others flatten to the same forms, or to forms that have no program.
KNOWN = {
    kind: [name for name, of in PAIRS if of is kind and not algorithm(name).only_when_named]
    for kind in sorted(OUTPUTS)
}
CALIBRATIONS = {
    TaskKind.BINARY: (
        Calibration(),
        Calibration(kind="platt", parameters=(0.7, 0.1)),
        Calibration(kind="isotonic", parameters=(0.0, 0.5, 1.0, 0.1, 0.4, 0.9)),
    ),
    TaskKind.MULTICLASS: (Calibration(), Calibration(kind="temperature", parameters=(1.3,))),
    TaskKind.REGRESSION: (Calibration(),),
}


def rows_for(width: int, seed: int) -> FloatArray:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(12, width)) * 10.0 ** rng.integers(-3, 12, (12, width))
    x[rng.random(x.shape) < 0.2] = np.nan
    x[0], x[1], x[2] = np.inf, -np.inf, 0.0
    return x


def blend_of(
    kind: TaskKind, names: list[str], calibration: Calibration
) -> tuple[Blend, tuple[int, int, int]]:
    """Members that read three recipes in turn; the second recipe is wider than any form and unused."""
    forms = [small_form(name, kind) for name in names]
    members = tuple(
        Member(name=f"{number}", form=form, recipe=2 * (number % 2), weight=1 / (number + 1.7))
        for number, form in enumerate(forms)
    )
    width = forms[0].n_features
    return Blend(members=members, n_outputs=OUTPUTS[kind], calibration=calibration), (width, 9, width)


def assert_same_bits(blend: Blend, widths: tuple[int, int, int], seed: int, *, collect: bool = False) -> None:
    program = compile_blend(blend, widths)
    assert program is not None
    if collect:
        gc.collect()  # the program holds addresses: what they point at must be held as well
    starts = np.cumsum([0, *widths])
    for row in rows_for(sum(widths), seed):
        parts = [np.ascontiguousarray(row[None, a:b]) for a, b in pairwise(starts)]
        assert program.evaluate(row).tobytes() == blend.evaluate(parts)[0].tobytes()


@pytest.mark.parametrize("kind", sorted(OUTPUTS))
def test_all_algorithms_together_give_the_bits_of_the_blend(kind: TaskKind) -> None:
    for seed, calibration in enumerate(CALIBRATIONS[kind]):
        assert_same_bits(*blend_of(kind, KNOWN[kind], calibration), seed, collect=seed == 0)


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_one_call_gives_the_bits_of_the_blend(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(sorted(OUTPUTS)))
    names = data.draw(st.lists(st.sampled_from(KNOWN[kind]), min_size=1, max_size=6))
    blend, widths = blend_of(kind, names, data.draw(st.sampled_from(CALIBRATIONS[kind])))
    assert_same_bits(blend, widths, data.draw(st.integers(0, 99)))


def test_a_form_that_has_no_program_is_told() -> None:
    assert compile_blend(*blend_of(TaskKind.BINARY, ["naive_bayes", "lightgbm"], Calibration())) is None


def test_a_row_of_another_width_is_refused() -> None:
    blend, widths = blend_of(TaskKind.BINARY, ["lightgbm"], Calibration())
    program = compile_blend(blend, widths)
    assert program is not None
    for size in (0, sum(widths) - 1, sum(widths) + 1):
        with pytest.raises(ValueError, match="columns"):
            program.evaluate(np.zeros(size))


def test_a_member_that_reads_more_than_its_recipe_gives_is_refused() -> None:
    blend, widths = blend_of(TaskKind.BINARY, ["lightgbm", "xgboost"], Calibration())
    with pytest.raises(ValueError, match="columns"):
        compile_blend(blend, (widths[0] - 1, 9, widths[2]))
    with pytest.raises(ValueError, match="recipe"):
        compile_blend(blend, widths[:2])
