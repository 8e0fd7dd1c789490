"""Groups of columns that say the same are worth something together, when one alone seems worth nothing."""

import numpy as np
import polars as pl

from yunque.data.schema import Column, Kind, Schema
from yunque.features.fit import fit_recipe
from yunque.kernel.blend import Blend, Member
from yunque.kernel.forms.linear import Linear
from yunque.learning.ablation import column_groups, group_importance
from yunque.learning.importance import Explained
from yunque.learning.judge import Judged
from yunque.learning.task import Task, TaskKind

NAMES = ("size", "weight", "noise", "colour", "shape")
KINDS = (Kind.NUMBER, Kind.NUMBER, Kind.NUMBER, Kind.CATEGORY, Kind.CATEGORY)


def table(rows: int = 600) -> tuple[Schema, pl.DataFrame]:
    rng = np.random.default_rng(0)
    size = rng.normal(size=rows)
    frame = pl.DataFrame(
        {
            "size": size,
            "weight": size + 0.05 * rng.normal(size=rows),
            "noise": rng.normal(size=rows),
            "colour": rng.choice(["red", "blue"], rows),
            "shape": rng.choice(["round", "flat"], rows),
        }
    )
    return Schema(columns=tuple(Column(name=n, kind=k) for n, k in zip(NAMES, KINDS, strict=True))), frame


def explained() -> tuple[Schema, Explained]:
    schema, frame = table()
    recipe = fit_recipe("tree", schema, frame)
    weights = np.zeros((len(recipe.outputs), 1))
    weights[0] = weights[1] = 1.0
    form = Linear(weights=weights, bias=np.zeros(1), link="identity")
    member = Member(name="line", form=form, recipe=0, weight=1.0)
    y = (frame["size"] + frame["weight"]).to_numpy()
    task = Task(kind=TaskKind.REGRESSION, target="y", metric="rmse")
    blend = Blend(members=(member,), n_outputs=1)
    return schema, Explained(blend=blend, recipes=(recipe,), frame=frame, judged=Judged(task=task, y=y))


def test_columns_are_grouped_by_kind_and_by_moving_together() -> None:
    schema, frame = table()
    groups = column_groups(schema.features, frame, 0)
    assert groups == {
        "kind:number": ("size", "weight", "noise"),
        "kind:category": ("colour", "shape"),
        "together:size": ("size", "weight"),
    }
    assert column_groups(schema.features[:1], frame, 0) == {}


def test_a_group_is_worth_what_its_columns_are_worth_together() -> None:
    schema, asked = explained()
    groups = {**column_groups(schema.features, asked.frame, 0), "alone": ("size",)}
    found = group_importance(asked, groups, seed=0, until=1.0, clock=lambda: 0.0)
    assert found["kind:category"] == 0.0
    assert found["together:size"] > 1.3 * found["alone"] > 0.0


def test_without_time_nothing_is_measured() -> None:
    schema, asked = explained()
    groups = column_groups(schema.features, asked.frame, 0)
    assert group_importance(asked, groups, seed=0, until=0.0, clock=lambda: 0.0) == {}
