"""The one-row form: buffers, field order, and no text of a recipe in its source."""

from array import array

import numpy as np
import polars as pl
import pytest

from yunque.data.schema import Column, Kind, Schema
from yunque.errors import ContractError
from yunque.features.compile_row import compile_row
from yunque.features.encode import encode
from yunque.features.fit import fit_recipe

SCHEMA = Schema(columns=(Column(name="x", kind=Kind.NUMBER), Column(name="city", kind=Kind.CATEGORY)))
FRAME = pl.DataFrame({"x": [1.0, 2.0, None], "city": ["a", "a", None]})
RECIPE = fit_recipe("tree", SCHEMA, FRAME)


@pytest.mark.parametrize("out", [np.zeros(2), memoryview(np.zeros(2)), array("d", [0, 0]), np.zeros((1, 2))])
def test_any_writable_buffer_of_float64_is_filled(out: object) -> None:
    compile_row(RECIPE, ("x", "city"))([2.5, "a"], out)
    assert np.asarray(out).ravel().tolist() == [2.5, 1.0]


def test_values_come_in_the_order_of_the_given_columns() -> None:
    out = np.zeros(2)
    compile_row(RECIPE, ("city", "not read", "x"))(["a", object(), 7], out)
    assert out.tolist() == [7.0, 1.0]


def test_another_number_of_values_is_refused() -> None:
    with pytest.raises(ValueError, match="values"):
        compile_row(RECIPE, ("x", "city"))([1.0], np.zeros(2))


def test_a_column_that_rows_do_not_have_is_refused() -> None:
    with pytest.raises(ContractError, match="city"):
        compile_row(RECIPE, ("x",))


def test_a_category_value_that_no_encoder_can_hold_is_unseen() -> None:
    out = np.zeros(2)
    compile_row(RECIPE, ("x", "city"))([1.0, "\ud800"], out)
    assert out.tolist() == [1.0, 0.0]


def test_text_of_a_recipe_never_becomes_source() -> None:
    wicked = 'x\'); raise SystemExit #\n"""'
    schema = Schema(columns=(Column(name=wicked, kind=Kind.CATEGORY),))
    recipe = fit_recipe("linear", schema, pl.DataFrame({wicked: [wicked, wicked, "b", "b"]}))
    encode_row = compile_row(recipe, (wicked,))
    names = (
        *encode_row.__code__.co_names,
        *encode_row.__code__.co_varnames,
        *encode_row.__code__.co_freevars,
    )
    assert all(name.isidentifier() and len(name) < 8 for name in names)
    assert wicked not in encode_row.__code__.co_consts
    out = np.zeros(2)
    encode_row([wicked], out)
    assert out.sum() == 1.0


def test_two_thousand_columns() -> None:
    frame = pl.DataFrame({f"x{i}": [float(i), None] for i in range(2000)})
    schema = Schema(columns=tuple(Column(name=name, kind=Kind.NUMBER) for name in frame.columns))
    recipe = fit_recipe("linear", schema, frame)
    out = np.zeros(len(recipe.outputs))
    compile_row(recipe, schema.names)(frame.row(0), out)
    np.testing.assert_array_equal(out, encode(recipe, frame)[0])
