"""Whether a score is too good to be honest; docs/decisions/0005-leak-alarm.md gives the reasons."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from yunque.data.keyed import Outcomes
from yunque.data.own_outcome import Suspect, suspects
from yunque.data.schema import Schema
from yunque.learning.leaderboard import Alarm, Baseline
from yunque.learning.plausibility import Ceiling, ceiling, distinct_rows
from yunque.learning.task import Task

PERFECT_CLASSES = 0.97
PERFECT_VALUES = 0.99
NEAR_PERFECT = 0.90
NEARLY_ALL = 0.90
WORTH_DOUBT = 0.30
IMPLAUSIBLE = 3.0
MATTERS = 0.01
MOST_TESTED = 20
SAMPLE_ROWS = 20_000


def alarms(  # noqa: PLR0913, PLR0917 - facts of a finished run, each from another stage
    task: Task,
    schema: Schema,
    frame: pl.DataFrame,
    y: npt.NDArray[Any],
    champion_loss: float,
    champion_metrics: Mapping[str, float],
    baselines: Sequence[Baseline],
    importance: Mapping[str, float],
    seed: int,
    out_of_time: Callable[[], bool] = lambda: False,
) -> tuple[Alarm, ...]:
    """Look for signs that the champion knows what it should not.

    *Skill* is the share of the constant's loss (log-loss, or squared error) that is taken away: 1 is perfect.

    - `single_column`: the best single column alone has skill 0.97 (classes) or 0.99 (values).
    - `importance`: one column holds 90 % of the permutation importance of a champion with skill 0.90, and
      has 90 % of that skill alone.
    - `own_outcome:COLUMN`: a column that holds 1 % of the importance (the twenty first are tested) was
      computed from the outcomes that it foretells: the means of keys are closer than chance allows
      (dispersion 0.8 or less, 0.7 among its own values, by five standard errors), it is the target itself at
      one end of its keys, it is the mean of all other rows of its key (correlation -0.99 within keys), or it
      foretells the next row better (1.5 times, and by 0.03) than its own.
    - `implausible_score`: the champion has skill 0.30, and three times what all columns one by one and the
      pairs of the ten most important ones add up to (rows that agree in all columns count once). Only an
      interplay of three columns and more, none of which shows in pairs, can do that honestly; rows that are
      on both sides of the split do it as a rule.

    Args:
        task: the question.
        schema: roles and kinds of the columns.
        frame: the whole typed table, ids included; the fewer rows are missing, the better is the third test.
        y: (n,) class positions or values of the same rows; rows with nan or a negative class are left out.
        champion_loss: the champion's loss by the task's metric on held-out rows.
        champion_metrics: all its metrics there.
        baselines: the constant and the best single column on the same rows.
        importance: loss increase by column; empty when it was not measured.
        seed: seeds samples and folds.
        out_of_time: asked between tests of columns; once True, the remaining ones are left out.
    """
    usable = np.isfinite(y) if not task.is_classification else y >= 0
    if not usable.all():
        frame, y = frame.filter(pl.Series(usable)), y[usable]
    skill = _skill(task, champion_loss, champion_metrics, baselines[0])
    columns = _by_importance(frame, schema, importance)
    found = _single_column(task, baselines)
    if len(y) and columns:
        outcomes = Outcomes(y=y, n_classes=task.n_outputs if task.is_classification else 0)
        tested = [name for name in columns if _matters(name, importance)][:MOST_TESTED]
        known = suspects(frame, schema, outcomes, tested, seed, out_of_time)
        found += [_own_outcome(suspect) for suspect in known]
        if skill >= WORTH_DOUBT:
            most = _ceiling(frame, columns, outcomes, seed)
            found += [*_one_column_holds_all(skill, importance, most), *_implausible(skill, most)]
    return tuple(found)


def _skill(task: Task, loss: float, metrics: Mapping[str, float], constant: Baseline) -> float:
    """Give the champion's skill by a proper score, whatever the task's metric is; 0 when none is known."""
    if not task.is_classification and "r2" in metrics:
        return metrics["r2"]
    name = "log_loss"
    if task.is_classification and name in metrics and constant.metrics.get(name, 0.0) > 0:
        return 1.0 - metrics[name] / constant.metrics[name]
    return 1.0 - loss / constant.loss if constant.loss > 0 else 0.0


def _single_column(task: Task, baselines: Sequence[Baseline]) -> list[Alarm]:
    constant, single = baselines[0], baselines[-1]
    if single.column is None:
        return []
    skill = _skill(task, single.loss, single.metrics, constant)
    if skill < (PERFECT_CLASSES if task.is_classification else PERFECT_VALUES):
        return []
    return [
        Alarm(
            id="single_column",
            message=(
                f"The column {single.column!r} alone explains {skill:.1%} of the target. Ask whether it is "
                "known at the moment of prediction."
            ),
            evidence={"column": single.column, "skill": round(skill, 4), "loss": single.loss},
        )
    ]


def _one_column_holds_all(skill: float, importance: Mapping[str, float], most: Ceiling) -> list[Alarm]:
    column, share = _largest_share(importance)
    alone = most.alone.get(column, 0.0)
    if share < NEARLY_ALL or skill < NEAR_PERFECT or alone < NEARLY_ALL * skill:
        return []
    return [
        Alarm(
            id="importance",
            message=(
                f"The column {column!r} holds {share:.0%} of the importance of a model that explains "
                f"{skill:.1%} of the target, and explains {alone:.1%} alone. Ask whether it is known at the "
                "moment of prediction."
            ),
            evidence={
                "column": column,
                "share": round(share, 4),
                "skill": round(skill, 4),
                "skill_alone": round(alone, 4),
            },
        )
    ]


def _own_outcome(suspect: Suspect) -> Alarm:
    return Alarm(
        id=f"own_outcome:{suspect.feature}",
        message=(
            f"The column {suspect.feature!r} seems to be computed from the outcomes that it foretells: "
            f"{suspect.words}. Compute it from earlier rows only."
        ),
        evidence={"column": suspect.feature, "key": suspect.key, "sign": suspect.sign, **suspect.evidence},
    )


def _ceiling(frame: pl.DataFrame, columns: Sequence[str], outcomes: Outcomes, seed: int) -> Ceiling:
    rows = np.arange(frame.height)
    if frame.height > SAMPLE_ROWS:
        rows = np.sort(np.random.default_rng(seed).choice(frame.height, SAMPLE_ROWS, replace=False))
    rows = rows[distinct_rows(frame[rows], columns)]
    return ceiling(frame[rows], columns, outcomes.take(rows).goal(seed))


def _implausible(skill: float, most: Ceiling) -> list[Alarm]:
    total = most.singles + most.synergies
    if skill <= IMPLAUSIBLE * total:
        return []
    return [
        Alarm(
            id="implausible_score",
            message=(
                f"The model explains {skill:.1%} of the target, but all columns one by one and two by two "
                f"add up to {total:.1%} (most: {most.best!r}, {most.alone[most.best]:.1%}). Look for rows "
                "that are on both sides of the split."
            ),
            evidence={
                "skill": round(skill, 4),
                "singles": round(most.singles, 4),
                "synergies_of_pairs": round(most.synergies, 4),
                "best_column": most.best,
            },
        )
    ]


def _by_importance(frame: pl.DataFrame, schema: Schema, importance: Mapping[str, float]) -> list[str]:
    there = set(frame.columns)
    names = [column.name for column in schema.features if column.name in there]
    return sorted(names, key=lambda name: -importance.get(name, 0.0))


def _largest_share(importance: Mapping[str, float]) -> tuple[str, float]:
    total = sum(max(0.0, each) for each in importance.values())
    if total <= 0:
        return "", 0.0
    column = max(importance, key=importance.__getitem__)
    return column, importance[column] / total


def _matters(name: str, importance: Mapping[str, float]) -> bool:
    """Tell whether the champion uses a column; what was not measured may matter."""
    total = sum(max(0.0, each) for each in importance.values())
    return total <= 0 or name not in importance or importance[name] >= MATTERS * total
