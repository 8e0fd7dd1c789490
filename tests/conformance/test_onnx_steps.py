"""What an exported recipe promises: the matrix that the recipe makes, whatever stands in the columns."""

import datetime as dt

import numpy as np
import onnxruntime
import polars as pl
import pytest

from yunque.data.schema import Column, Kind, Schema
from yunque.errors import ModelError
from yunque.features.encode import encode
from yunque.features.fit import Further, fit_recipe
from yunque.features.plan import Planned
from yunque.features.recipe import Recipe
from yunque.features.step import Answers
from yunque.models.export.onnx_columns import Columns
from yunque.models.export.onnx_graph import Graph
from yunque.models.export.onnx_parity import as_input
from yunque.models.export.onnx_steps import write_recipe

KINDS = {
    "amount €": Kind.NUMBER,
    "count": Kind.INTEGER,
    "is new": Kind.BOOLEAN,
    "city": Kind.CATEGORY,
    "day": Kind.DATE,
    "at": Kind.TIMESTAMP,
}
SCHEMA = Schema(columns=tuple(Column(name=name, kind=kind) for name, kind in KINDS.items()))
CITIES = ("Oslo", "Bogotá", "東京", "x y", "None", "👩‍👩‍👧", "é", "A", "B", "C", "D", "E")


def table(rows: int, seed: int) -> pl.DataFrame:
    random = np.random.default_rng(seed)
    frame = pl.DataFrame(
        {
            "amount €": random.choice([0.0, -0.0, 1e308, -1e15, 5e-324, 3.7], rows)
            + random.normal(size=rows),
            "count": random.integers(-(2**40), 2**40, rows),
            "is new": random.random(rows) < 0.5,
            "city": random.choice(CITIES[: 8 if seed == 1 else 12], rows),
            "day": [
                dt.date(1583, 1, 1) + dt.timedelta(days=int(d)) for d in random.integers(0, 300_000, rows)
            ],
            "at": [
                dt.datetime.fromisoformat("1700-01-01") + dt.timedelta(microseconds=int(m))
                for m in random.integers(0, 10**16 * 2, rows)
            ],
        }
    )
    edges = [dt.date(2000, 2, 29), dt.date(1900, 2, 28), dt.date(1900, 3, 1), dt.date(1999, 12, 31)]
    days = pl.Series("day", [*edges, *frame["day"].to_list()[len(edges) :]])
    gaps = random.random((rows, len(KINDS))) < 0.1
    return frame.with_columns(days).with_columns(
        pl.when(pl.Series(gaps[:, place])).then(None).otherwise(pl.col(name)).alias(name)
        for place, name in enumerate(KINDS)
    )


def recipe_of(view: str, frame: pl.DataFrame) -> Recipe:
    if view != "made":
        return fit_recipe(view, SCHEMA, frame)
    rows = np.arange(frame.height)
    pairs = [("amount €", "count"), ("count", "is new")]
    more = [
        Planned(step="target_mean", columns=("city",)),
        *(
            Planned(step="arithmetic", columns=pair, options={"sign": sign})
            for pair in pairs
            for sign in ("plus", "minus", "times", "over")
        ),
        *(
            Planned(step="among", columns=("city", "count"), options={"show": show})
            for show in ("mean", "distance")
        ),
        Planned(step="elapsed", columns=("day", "at")),
        Planned(step="frequency", columns=("city",)),
    ]
    answers = Answers(y=rows % 3, classes=3, part=rows % 2)
    return fit_recipe("tree", SCHEMA, frame, further=Further(answers=answers, more=more))


@pytest.mark.parametrize("view", ["tree", "linear", "made"])
def test_a_graph_makes_the_matrix_that_the_recipe_makes(view: str) -> None:
    recipe = recipe_of(view, table(400, seed=1))
    graph = Graph()
    columns = Columns(graph, SCHEMA.features)
    width = len(recipe.outputs)
    graph.give_output(write_recipe(columns, recipe, {}), "x", graph.real_type, ["rows", width])
    session = onnxruntime.InferenceSession(graph.model("recipe", {}).SerializeToString())
    unseen = table(300, seed=2)
    given = {name: as_input(unseen[name], KINDS[name], "float64")[:, None] for name in columns.read}
    got, expected = session.run(None, given)[0], encode(recipe, unseen)
    names = [output.name for output in recipe.outputs]
    for place, name in enumerate(names):
        # quotients and products are rounded alike; sums of the year 1700 in microseconds are not exact
        np.testing.assert_allclose(got[:, place], expected[:, place], rtol=1e-12, atol=1e-9, err_msg=name)


def test_a_step_without_an_equivalent_is_refused_by_its_name() -> None:
    schema = Schema(columns=(Column(name="note", kind=Kind.TEXT),))
    recipe = fit_recipe("tree", schema, pl.DataFrame({"note": ["a b", "c", "d e f"] * 9}))
    with pytest.raises(ModelError, match="no equivalent of the step 'text' of 'note'"):
        write_recipe(Columns(Graph(), schema.features), recipe, {})
