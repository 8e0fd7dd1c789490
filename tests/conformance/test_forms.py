"""What every kernel form promises: bits that do not depend on company, and no harm from hostile arrays."""

import os
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_tables import PAIRS, UNLABELLED, predict, small_form

from yunque.errors import BundleError
from yunque.kernel.blend import Blend, Member
from yunque.kernel.form import Form
from yunque.kernel.load import form_from_arrays, form_kinds, form_to_arrays
from yunque.learning.registry import algorithm

# Algorithms of one kind of form need not all be tried here: those of the default portfolio, and one or two more
# for each kind that it does not have.
OWN_FORMS = ("naive_bayes", "k_nearest", "rbf_svm", "mlp", "adaboost", "realmlp")
FORMS = {
    f"{name}-{kind}": (name, kind)
    for name, kind in PAIRS
    if name in OWN_FORMS or not algorithm(name).only_when_named
} | {f"{name}-{kind}": (name, kind) for name, kind in UNLABELLED}
each_form = pytest.mark.parametrize("key", FORMS)


def form_of(key: str) -> Form:
    return small_form(*FORMS[key])


def rows_for(form: Form, rows: int = 50) -> np.ndarray:
    rng = np.random.default_rng(4)
    x = rng.normal(size=(rows, form.n_features)) * 10.0 ** rng.integers(-3, 12, (rows, form.n_features))
    x[rng.random(x.shape) < 0.2] = np.nan
    x[0], x[1], x[2], x[3] = np.inf, -np.inf, np.nan, 0.0
    return x


def test_every_kind_of_form_is_tried_here() -> None:
    assert {form_of(key).kind for key in FORMS} == set(form_kinds())


@each_form
def test_company_layout_and_threads_do_not_change_a_bit(key: str) -> None:
    form = form_of(key)
    x = np.tile(rows_for(form), (180, 1))  # 9,000 rows: more than two blocks
    blend = Blend(
        members=(Member(name="a", form=form, recipe=0, weight=1.0),), n_outputs=predict(form, x[:1]).shape[1]
    )
    together = blend.evaluate([x])
    assert np.array_equal(together, blend.evaluate([x], threads=3))
    assert np.array_equal(together, np.tile(together[:50], (180, 1)))
    assert np.array_equal(together[:50], np.concatenate([blend.evaluate([x[i : i + 1]]) for i in range(50)]))
    read_only = x[:50].copy()
    read_only.flags.writeable = False
    assert np.array_equal(form.raw(read_only), form.raw(x[:50]))
    assert form.raw(x[:0]).shape == (0, form.raw(x[:1]).shape[1])


@each_form
def test_a_matrix_of_another_width_is_refused(key: str) -> None:
    form = form_of(key)
    for width in (0, form.n_features - 1, form.n_features + 1):
        with pytest.raises(ValueError, match="columns"):
            form.raw(np.zeros((2, width)))


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(BundleError, match="kind"):
        form_from_arrays("pickle", {}, {})


NUMBERS: dict[str, list[Any]] = {
    "f": [0.0, -1.0, 0.5, 1.0, 3.0, 1e9, -1e308, 1e308, np.inf, -np.inf, np.nan],
    "i": [0, 1, 2, -1, 5, 7, 1000, 2**31 - 1, -(2**31)],
    "u": [0, 1, 2, 3, 4, 5, 6, 7, 8, 255],
    "b": [False, True],
}
FACTS: list[Any] = [None, 0, -1, 1, 2, 3, 5, 10**6, 10**12, 0.0, 1.5, np.inf, np.nan, True, "", "softmax", "sigmoid",
                    "float64", "float32", [1], {"a": 1}]  # fmt: skip


@st.composite
def mutations(draw: st.DrawFn, facts: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
    """Change facts and arrays in place, one to three times."""
    for _ in range(draw(st.integers(1, 3))):
        if draw(st.integers(0, 4)) == 0:
            facts[draw(st.sampled_from(sorted(facts)))] = draw(st.sampled_from(FACTS))
            continue
        name = draw(st.sampled_from(sorted(arrays)))
        array = arrays[name]
        how = draw(
            st.sampled_from(
                ["cell", "cell", "cell", "cell", "drop", "cut", "grow", "type", "axis", "shuffle"]
            )
        )
        if how == "cell" and array.size:
            changed = array.copy()
            place = draw(st.integers(0, array.size - 1))
            other = draw(st.sampled_from([*NUMBERS[array.dtype.kind], "neighbour", "copied"]))
            if other == "neighbour":
                other = changed.flat[place] + np.asarray(1, array.dtype)
            elif other == "copied":
                other = changed.flat[draw(st.integers(0, array.size - 1))]
            with np.errstate(all="ignore"):
                changed.flat[place] = np.array(other).astype(array.dtype)
            arrays[name] = changed
        elif how == "drop":
            del arrays[name]
            if not arrays:
                return
        elif how == "cut":
            arrays[name] = array[: draw(st.integers(0, array.shape[0]))]
        elif how == "grow":
            arrays[name] = np.concatenate((array, array[-1:], array[-1:]))
        elif how == "type":
            arrays[name] = array.astype(draw(st.sampled_from(["<f4", "<i8", "|b1", ">f8", "<f8", "<i4"])))
        elif how == "axis":
            arrays[name] = array[None] if draw(st.booleans()) else array.reshape(-1, 1)
        elif how == "shuffle" and array.size:
            arrays[name] = array[::-1]


@given(data=st.data())
@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@pytest.mark.filterwarnings("ignore:invalid value encountered in cast")
def test_hostile_arrays_are_refused_or_harmless(data: st.DataObject) -> None:
    form = form_of(data.draw(st.sampled_from(sorted(FORMS))))
    kind, facts, arrays = form_to_arrays(form)
    data.draw(mutations(facts, arrays))
    try:
        changed = form_from_arrays(kind, facts, arrays)
    except BundleError:
        return
    assert np.isfinite(changed.raw(rows_for(changed, 8))).all()
    assert np.isfinite(predict(changed, rows_for(changed, 8))).all()


@pytest.mark.slow  # compiles the kernels once more
def test_no_hostile_array_is_read_out_of_bounds(tmp_path: Any) -> None:
    """The test above once more, with every compiled access checked."""
    checked = {
        **os.environ,
        "NUMBA_BOUNDSCHECK": "1",
        "NUMBA_CACHE_DIR": str(tmp_path),
        "OMP_NUM_THREADS": "1",
    }
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:randomly", "-p", "no:cacheprovider", __file__]
    done = subprocess.run(
        [*command, "-k", "hostile_arrays_are_refused"],
        env=checked,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:]
    assert "1 passed" in done.stdout
