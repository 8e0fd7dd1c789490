"""Promises of every step: equal bits in both forms, no leakage between rows, a round trip through JSON."""

import json
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typed_tables import ALL_KINDS, DTYPES, NAMES, bits, column_values, random_columns, tables, typed_frame

from yunque.data.schema import Column, Kind, Schema
from yunque.features.compile_row import EncodeRow, compile_row
from yunque.features.encode import encode
from yunque.features.fit import Further, fit_recipe
from yunque.features.plan import Planned, plan
from yunque.features.recipe import Recipe
from yunque.features.registry import steps
from yunque.features.serialise import recipe_from_dict, recipe_to_dict
from yunque.features.step import Answers
from yunque.features.steps.among import SHOWS
from yunque.features.steps.arithmetic import SIGNS

VIEWS = ["tree", "linear", "made"]
Table = tuple[pl.DataFrame, list[tuple[Any, ...]]]
NUMBER, INTEGER, BOOLEAN, CATEGORY = (
    NAMES[k] for k in (Kind.NUMBER, Kind.INTEGER, Kind.BOOLEAN, Kind.CATEGORY)
)
DAYS = NAMES[Kind.DATE], NAMES[Kind.TIMESTAMP]
PAIRS = [(NUMBER, INTEGER), (INTEGER, NUMBER), (BOOLEAN, INTEGER), (NUMBER, BOOLEAN)]
MADE = (
    Planned(step="target_mean", columns=(CATEGORY,)),
    *(Planned(step="arithmetic", columns=pair, options={"sign": sign}) for pair in PAIRS for sign in SIGNS),
    *(Planned(step="among", columns=(CATEGORY, NUMBER), options={"show": show}) for show in SHOWS),
    Planned(step="among", columns=(CATEGORY, INTEGER), options={"show": "distance"}),
    Planned(step="elapsed", columns=DAYS),
    Planned(step="elapsed", columns=DAYS[::-1]),
)


def fitted(view: str, schema: Schema, frame: pl.DataFrame) -> Recipe:
    """Fit a view; "made" is the tree view with every step that a run may add, for an answer of three classes."""
    if view != "made":
        return fit_recipe(view, schema, frame)
    rows = np.arange(frame.height)
    answers = Answers(y=rows % 3, classes=3, part=rows % 2)
    more = [item for item in MADE if set(item.columns) <= set(schema.names)]
    return fit_recipe("tree", schema, frame, further=Further(answers=answers, more=more))


def encode_values(encode_row: EncodeRow, values: Any, width: int) -> np.ndarray:
    """Encode one row into a fresh buffer that holds other bits before."""
    out = np.full(width, 7.25)
    encode_row(values, memoryview(out))
    return out


def encode_each(recipe: Recipe, rows: list[tuple[Any, ...]]) -> np.ndarray:
    """Encode rows one by one through the compiled row form."""
    encode_row = compile_row(recipe, ALL_KINDS.names)
    width = len(recipe.outputs)
    return np.array([encode_values(encode_row, row, width) for row in rows]).reshape(len(rows), width)


@pytest.mark.parametrize("view", VIEWS)
@given(training=tables(), later=tables())
@settings(max_examples=60, deadline=None)
def test_one_row_and_many_rows_give_equal_bits(view: str, training: Table, later: Table) -> None:
    recipe = fitted(view, ALL_KINDS, training[0])
    for frame, rows in (training, later):
        many = encode(recipe, frame)
        assert many.flags.c_contiguous
        assert many.dtype == np.float64
        assert (bits(many) == bits(encode_each(recipe, rows))).all()


@pytest.mark.parametrize("view", VIEWS)
def test_thousands_of_rows_give_equal_bits(view: str) -> None:
    """Rounding differs in one of many values only, so many are drawn, of every size and sign."""
    columns = random_columns(4000)
    frame, rows = typed_frame(ALL_KINDS, columns), list(zip(*columns.values(), strict=True))
    recipe = fitted(view, ALL_KINDS, frame.head(1000))
    assert (bits(encode(recipe, frame)) == bits(encode_each(recipe, rows))).all()


@pytest.mark.parametrize("view", VIEWS)
@given(training=tables(), later=tables(), data=st.data())
@settings(max_examples=20, deadline=None)
def test_a_row_does_not_depend_on_the_rows_it_travels_with(
    view: str, training: Table, later: Table, data: st.DataObject
) -> None:
    recipe = fitted(view, ALL_KINDS, training[0])
    together = encode(recipe, pl.concat([training[0], later[0]]))
    order = data.draw(st.permutations(range(later[0].height)))
    shuffled = encode(recipe, later[0][order])
    assert (bits(shuffled) == bits(together[training[0].height :][list(order)])).all()


@pytest.mark.parametrize("view", VIEWS)
@given(training=tables(), other=tables(), data=st.data())
@settings(max_examples=20, deadline=None)
def test_rows_outside_the_training_rows_and_their_order_change_nothing(
    view: str, training: Table, other: Table, data: st.DataObject
) -> None:
    """A fold's recipe is fitted on a part of a larger table: the rest of that table does not exist for it."""
    whole = pl.concat([other[0], training[0], other[0]])
    part = whole.slice(other[0].height, training[0].height)
    assert fitted(view, ALL_KINDS, part) == fitted(view, ALL_KINDS, training[0])


@pytest.mark.parametrize("view", VIEWS)
@given(training=tables(), later=tables())
@settings(max_examples=20, deadline=None)
def test_json_round_trip_gives_equal_recipe_and_bits(view: str, training: Table, later: Table) -> None:
    recipe = fitted(view, ALL_KINDS, training[0])
    document = json.loads(json.dumps(recipe_to_dict(recipe), allow_nan=False))
    read = recipe_from_dict(document)
    assert read == recipe
    assert (bits(encode(read, later[0])) == bits(encode(recipe, later[0]))).all()


@given(training=tables(), later=tables())
@settings(max_examples=40, deadline=None)
def test_the_linear_view_is_always_finite(training: Table, later: Table) -> None:
    recipe = fit_recipe("linear", ALL_KINDS, training[0])
    assert np.isfinite(encode(recipe, later[0])).all()


@pytest.mark.parametrize("view", VIEWS)
@given(training=tables())
@settings(max_examples=20, deadline=None)
def test_outputs_are_named_once_and_codes_stay_below_their_levels(view: str, training: Table) -> None:
    recipe = fitted(view, ALL_KINDS, training[0])
    names = [output.name for output in recipe.outputs]
    assert len(set(names)) == len(names)
    matrix = encode(recipe, training[0])
    for position in recipe.categorical:
        codes = matrix[:, position]
        present = codes[~np.isnan(codes)]
        assert (
            (present >= 0) & (present < recipe.outputs[position].levels) & (present == present.round())
        ).all()


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("view", VIEWS)
@given(data=st.data())
@settings(max_examples=15, deadline=None)
def test_every_kind_stands_alone(view: str, kind: Kind, data: st.DataObject) -> None:
    """Each kind is learnt from alone, from missing values only too, and an all-missing row is encoded."""
    schema = Schema(columns=(Column(name=NAMES[kind], kind=kind),))
    values = data.draw(column_values(kind, data.draw(st.integers(1, 6))) | st.just([None, None]))
    recipe = fitted(view, schema, typed_frame(schema, {NAMES[kind]: values}))
    if not recipe.outputs:
        pytest.fail(f"{kind} gives no column in the {view} view")
    encode_row = compile_row(recipe, schema.names)
    missing = encode(recipe, pl.DataFrame({NAMES[kind]: pl.Series([None], dtype=DTYPES[kind])}))
    assert (bits(missing[0]) == bits(encode_values(encode_row, [None], len(recipe.outputs)))).all()


def test_every_step_is_used_and_reads_the_kinds_it_names() -> None:
    planned = [*(item for view in VIEWS[:2] for item in plan(view, ALL_KINDS)), *MADE]
    assert {item.step for item in planned} == set(steps())
    for item in planned:
        assert steps()[item.step].reads([ALL_KINDS.column(name).kind for name in item.columns])
