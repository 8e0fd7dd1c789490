"""Recipes from strangers: everything that Yunque did not write is refused before anything is built."""

import copy
import datetime as dt
import json
import math
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from yunque.data.schema import Column, Kind, Schema
from yunque.errors import BundleError
from yunque.features.compile_row import compile_row
from yunque.features.fit import fit_recipe
from yunque.features.serialise import recipe_from_dict, recipe_to_dict

FRAME = pl.DataFrame(
    {
        "x": [1.0, 2.0, None, 4.0],
        "city": ["a", "a", "b", None],
        "zip": ["1", "2", "3", "4"],
        "day": [dt.date(2024, 1, 1), dt.date(2024, 2, 2), dt.date(2025, 3, 3), None],
        "note": ["one", "two words", "3!", None],
    }
)
KINDS = {"x": Kind.NUMBER, "city": Kind.CATEGORY, "zip": Kind.CATEGORY, "day": Kind.DATE, "note": Kind.TEXT}
SCHEMA = Schema(columns=tuple(Column(name=name, kind=kind) for name, kind in KINDS.items()))
DOCUMENTS = [
    json.loads(json.dumps(recipe_to_dict(fit_recipe(view, SCHEMA, FRAME)))) for view in ("tree", "linear")
]
MANY = {"step": "frequency", "columns": ["zip"], "learnt": {"levels": ["1", "2"], "shares": [0.5, 0.25]}}
DOCUMENTS[0]["operations"].append(MANY)
MEANS = {"means": [0.5, 0.25], "missing": [0.1], "unseen": [0.4]}
DOCUMENTS.append(
    {
        "format": 2,
        "view": "tree",
        "operations": [
            {
                "step": "target_mean",
                "columns": ["zip"],
                "learnt": {"levels": ["1", "2"], "classes": [1], **MEANS},
            },
            {"step": "arithmetic", "columns": ["x", "y"], "learnt": {"sign": "over"}},
            {"step": "elapsed", "columns": ["day", "other"], "learnt": {}},
            {
                "step": "among",
                "columns": ["zip", "x"],
                "learnt": {"show": "distance", "levels": ["1", "2"], "means": [1.5, 2.5], "overall": 2.0},
            },
        ],
    }
)

JUNK = [
    None,
    True,
    -1,
    10**400,
    1.5,
    math.nan,
    math.inf,
    "",
    "*",
    "\ud800",
    "x" * 200_000,
    [],
    [None],
    {},
    {"a": 1},
]


def paths(value: Any, here: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """List the path of every value inside a document."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [here, *(path for key, inner in items for path in paths(inner, (*here, key)))]


def changed(document: dict[str, Any], path: tuple[Any, ...], value: Any) -> Any:
    """Copy a document with another value at a path."""
    if not path:
        return value
    result = copy.deepcopy(document)
    parent = result
    for key in path[:-1]:
        parent = parent[key]
    parent[path[-1]] = value
    return result


@pytest.mark.parametrize("document", DOCUMENTS)
@given(data=st.data())
@settings(max_examples=400, deadline=None)
def test_a_changed_document_is_refused_or_gives_a_sound_recipe(
    document: dict[str, Any], data: st.DataObject
) -> None:
    """Whatever stands anywhere: a BundleError, or a recipe that compiles and says the same again."""
    path = data.draw(st.sampled_from(paths(document)))
    hostile = changed(document, path, data.draw(st.sampled_from(JUNK)))
    try:
        recipe = recipe_from_dict(hostile)
    except BundleError:
        return
    assert recipe_to_dict(recipe) == hostile
    compile_row(recipe, tuple({name for op in recipe.operations for name in op.columns}))


@pytest.mark.parametrize("document", DOCUMENTS)
def test_absent_and_extra_keys_are_refused(document: dict[str, Any]) -> None:
    objects = [path for path in paths(document) if isinstance(_at(document, path), dict)]
    for path in objects:
        value = _at(document, path)
        with pytest.raises(BundleError):
            recipe_from_dict(changed(document, path, {**value, "extra": 1}))
        for key in value:
            with pytest.raises(BundleError):
                recipe_from_dict(changed(document, path, {k: v for k, v in value.items() if k != key}))


def _at(document: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        document = document[key]
    return document


def _with(learnt: dict[str, Any], step: str) -> dict[str, Any]:
    return {"format": 1, "view": "tree", "operations": [{"step": step, "columns": ["c"], "learnt": learnt}]}


SINE = [0.0] * 12
SCALED = {"part": "value", "roots": 0, "low": 0.0, "high": 1.0, "mean": 0.5, "factor": 1.0, "missing": 0.0}


@pytest.mark.parametrize(
    ("step", "learnt"),
    [
        ("eval", {}),
        ("number", {"x": 1}),
        ("category", {"levels": [str(i) for i in range(20_001)]}),
        ("category", {"levels": ["a", "a"]}),
        ("category", {"levels": ["a", None]}),
        ("category", {"levels": "ab"}),
        ("onehot", {"levels": [str(i) for i in range(201)], "missing": True}),
        ("onehot", {"levels": [], "missing": 1}),
        ("frequency", {"levels": ["a"], "shares": [2.0]}),
        ("frequency", {"levels": ["a"], "shares": [math.nan]}),
        ("frequency", {"levels": ["a"], "shares": []}),
        ("date", {"parts": []}),
        ("date", {"parts": ["year", "year"]}),
        ("date", {"parts": ["length"]}),
        ("text", {"parts": ["__class__"]}),
        ("cycle", {"part": "year", "sine": SINE, "cosine": SINE}),
        ("cycle", {"part": "month", "sine": SINE[:-1], "cosine": SINE}),
        ("scaled", {**SCALED, "roots": 10**9}),
        ("scaled", {**SCALED, "mean": math.inf}),
        ("scaled", {**SCALED, "mean": 1}),
        ("scaled", {**SCALED, "part": "value; import os"}),
        ("missing", {"nan": "yes"}),
    ],
)
def test_hostile_operations_are_refused(step: str, learnt: dict[str, Any]) -> None:
    with pytest.raises(BundleError):
        recipe_from_dict(_with(learnt, step))


def test_sizes_are_bounded() -> None:
    operation = {"step": "number", "columns": ["c"], "learnt": {}}
    with pytest.raises(BundleError, match="bounded"):
        recipe_from_dict({"format": 1, "view": "tree", "operations": [operation] * 100_001})
    wide = {
        "step": "onehot",
        "columns": ["c"],
        "learnt": {"levels": [str(i) for i in range(200)], "missing": True},
    }
    with pytest.raises(BundleError, match="columns"):
        recipe_from_dict({"format": 1, "view": "tree", "operations": [wide] * 1_000})


def test_another_format_says_what_to_do() -> None:
    with pytest.raises(BundleError, match="format '3'") as caught:
        recipe_from_dict({**DOCUMENTS[0], "format": 3})
    assert "newer" in caught.value.hint


def test_the_lowest_format_that_holds_a_recipe_is_written_and_later_steps_need_the_later_one() -> None:
    assert [document["format"] for document in DOCUMENTS] == [1, 1, 2]
    with pytest.raises(BundleError, match="format 1 does not know"):
        recipe_from_dict({**DOCUMENTS[2], "format": 1})


@pytest.mark.parametrize("columns", [["x"], ["x", "x"], ["x", "y", "z"], []])
def test_a_step_names_as_many_columns_as_it_reads(columns: list[str]) -> None:
    operation = {"step": "arithmetic", "columns": columns, "learnt": {"sign": "over"}}
    with pytest.raises(BundleError, match="column"):
        recipe_from_dict({"format": 2, "view": "tree", "operations": [operation]})
