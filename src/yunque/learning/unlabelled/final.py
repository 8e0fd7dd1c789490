"""The model that is shipped: the winner fitted on all rows, its ranks, and what it found in them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

from yunque.data.schema import Column, Kind, Schema
from yunque.features.encode import encode
from yunque.features.recipe import Recipe
from yunque.kernel.blend import Blend, Member
from yunque.kernel.form import FloatArray, Form
from yunque.kernel.forms.points import Points
from yunque.learning.candidate import Candidate
from yunque.learning.leaderboard import Champion, Decision
from yunque.learning.ranks import ranks_of
from yunque.learning.scores.structure import IntArray
from yunque.learning.task import Task, TaskKind
from yunque.learning.unlabelled.measure import labels_of
from yunque.learning.unlabelled.rows import Views, drawn
from yunque.learning.unlabelled.trial import FINAL, fit

RANKED_CELLS, COMPARED_NUMBERS, FEWEST_RANKED = 5_000_000, 4_000_000_000, 10_000
CHUNK = 65_536
SHOWN_CLUSTERS, SHOWN_COLUMNS, SHOWN_ROWS = 20, 6, 10
NUMBERS = (Kind.NUMBER, Kind.INTEGER)


def build(
    candidate: Candidate, task: Task, views: Views, contamination: float
) -> tuple[Champion, dict[str, Any]]:
    """Fit the winner on all rows and give it with what it says of them, JSON-able.

    Args:
        candidate: what is fitted.
        task: the question.
        views: all rows that may be used, as training rows.
        contamination: share of them to flag.
    """
    view = candidate.algorithm.view
    _, form = fit(candidate, task, views.fitted(view), views.seed, FINAL)
    recipe = views.recipe(view)
    member = Member(name=candidate.name, form=form, recipe=0, weight=1.0)
    blend = Blend(members=(member,), n_outputs=task.n_outputs)
    rows = _ranked(views, recipe, form)
    outputs = np.concatenate(
        [
            blend.evaluate([encode(recipe, views.frame[rows[start : start + CHUNK]])])
            for start in range(0, len(rows), CHUNK)
        ]
    )
    decision = Decision()
    facts: dict[str, Any] = {}
    if task.kind is TaskKind.CLUSTERS:
        facts["clusters"] = cluster_facts(views.frame[rows], views.schema, outputs)
    else:
        ranks = ranks_of(outputs[:, 0], contamination)
        decision = Decision(ranks=ranks)
        facts |= {"contamination": contamination, "flag_from": ranks.flag_from, "flagged": ranks.flagged}
        facts["highest"] = _highest(rows, outputs[:, 0])
    return Champion(blend=blend, recipes=(recipe,), decision=decision), facts


def _ranked(views: Views, recipe: Recipe, form: Form) -> IntArray:
    """Give the rows whose answers are counted: all, or a draw where encoding or comparing takes too long."""
    most = RANKED_CELLS // max(1, len(recipe.outputs))
    if isinstance(form, Points):
        most = min(most, COMPARED_NUMBERS // form.points.size)
    return drawn(views.training, max(FEWEST_RANKED, most), views.seed)


def _highest(rows: IntArray, scores: FloatArray) -> list[dict[str, Any]]:
    first = np.argsort(-scores, kind="stable")[:SHOWN_ROWS]
    return [{"row": int(rows[place]), "score": float(scores[place])} for place in first]


def cluster_facts(frame: pl.DataFrame, schema: Schema, outputs: FloatArray) -> list[dict[str, Any]]:
    """Describe each cluster: its rows, and the columns in which it differs most from the table.

    Args:
        frame: the rows.
        schema: their columns.
        outputs: (n, 2) cluster and distance of each row.
    """
    labels = labels_of(outputs)
    found = []
    for cluster in np.unique(labels)[: SHOWN_CLUSTERS + 1].tolist():
        inside = labels == cluster
        found.append(
            {
                "cluster": int(cluster),
                "rows": int(inside.sum()),
                "share": float(inside.mean()),
                "distance": float(np.median(outputs[inside, 1])),
                "columns": _typical(frame, schema.features, pl.Series(inside)),
            }
        )
    return found


def _typical(frame: pl.DataFrame, columns: Sequence[Column], inside: pl.Series) -> list[dict[str, Any]]:
    described = [_of_column(frame.get_column(column.name), column, inside) for column in columns]
    usable = [each for each in described if each is not None]
    usable.sort(key=lambda each: -each["difference"])
    return usable[:SHOWN_COLUMNS]


def _of_column(values: pl.Series, column: Column, inside: pl.Series) -> dict[str, Any] | None:
    """Give the median of a number or the commonest value, and how far that is from the whole table's."""
    own = values.filter(inside).drop_nulls()
    if column.kind in NUMBERS:
        return None if own.is_empty() else _of_numbers(column.name, values, own)
    if column.kind not in (Kind.CATEGORY, Kind.BOOLEAN) or own.is_empty():
        return None
    counted = own.cast(pl.String).value_counts(sort=True).row(0)
    share = counted[1] / int(inside.sum())
    overall = float((values.cast(pl.String) == counted[0]).sum()) / len(values)
    return {"column": column.name, "typical": counted[0], "share": share, "difference": share - overall}


def _of_numbers(name: str, values: pl.Series, own: pl.Series) -> dict[str, Any]:
    numbers = values.drop_nulls().cast(pl.Float64)
    quarters = [float(numbers.quantile(q) or 0.0) for q in (0.25, 0.5, 0.75)]
    spread = quarters[2] - quarters[0] or float(numbers.std() or 0.0) or 1.0  # type: ignore[arg-type]
    middle = float(own.cast(pl.Float64).median() or 0.0)  # type: ignore[arg-type]
    difference = abs(middle - quarters[1]) / abs(spread)
    return {
        "column": name,
        "typical": middle,
        "overall": quarters[1],
        "difference": difference if np.isfinite(difference) else 0.0,
    }
