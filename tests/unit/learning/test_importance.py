"""Permutation importance finds the columns that a model uses, and ends on time."""

import time

import numpy as np
import polars as pl
from learning_tables import table, ticking

from yunque.features.encode import encode
from yunque.features.fit import fit_recipe
from yunque.kernel.blend import Blend, Member
from yunque.kernel.forms.linear import Linear
from yunque.learning.importance import Explained, permutation_importance
from yunque.learning.judge import Judged
from yunque.learning.task import TaskKind


def explained(rows: int = 1_000) -> tuple[Explained, list[str]]:
    """Give a model that is the first column times ten, and knows nothing else."""
    frame, schema, task = table(rows, TaskKind.REGRESSION)
    recipe = fit_recipe("tree", schema, frame)
    weights = np.zeros((len(recipe.outputs), 1))
    weights[[output.sources == ("number 0",) for output in recipe.outputs]] = 10.0
    form = Linear(weights=weights, bias=np.array([0.0]), link="identity")
    blend = Blend(members=(Member(name="m", form=form, recipe=0, weight=1.0),), n_outputs=1)
    y = blend.evaluate([encode(recipe, frame)])[:, 0]
    given = Explained(blend=blend, recipes=(recipe,), frame=frame, judged=Judged(task=task, y=y))
    return given, [column.name for column in schema.features]


def test_only_the_column_that_is_used_matters() -> None:
    given, columns = explained()
    found, skipped = permutation_importance(
        given, columns, seed=1, until=time.monotonic() + 60.0, clock=time.monotonic
    )
    assert skipped == []
    assert next(iter(found)) == "number 0" and found["number 0"] > 5.0
    assert all(found[name] == 0.0 for name in columns if name != "number 0")


def test_a_column_that_no_recipe_reads_is_worth_nothing() -> None:
    given, columns = explained(300)
    wider = Explained(
        blend=given.blend,
        recipes=given.recipes,
        frame=given.frame.with_columns(unread=pl.lit(1.0)),
        judged=given.judged,
    )
    found, _ = permutation_importance(
        wider, ["unread", *columns], seed=1, until=time.monotonic() + 60.0, clock=time.monotonic
    )
    assert found["unread"] == 0.0


def test_columns_without_time_are_named() -> None:
    given, columns = explained(300)
    found, skipped = permutation_importance(given, columns, seed=1, until=4.5, clock=ticking(1.0))
    assert skipped and set(found) | set(skipped) == set(columns)
    assert not set(found) & set(skipped)


def test_the_same_seed_gives_the_same_numbers() -> None:
    given, columns = explained(300)
    runs = [permutation_importance(given, columns, seed=3, until=1e9, clock=lambda: 0.0)[0] for _ in range(2)]
    assert runs[0] == runs[1]
