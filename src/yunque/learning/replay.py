"""Make the champion of a plan again: no clock, no choice, the same numbers."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import polars as pl
from threadpoolctl import threadpool_limits

from yunque.data.schema import Schema
from yunque.errors import ConflictError, UsageError
from yunque.kernel.calibration import Calibration
from yunque.learning.candidate import Candidate
from yunque.learning.fold_data import ALL_ROWS, MOST_CELLS, FoldData
from yunque.learning.fold_fit import FitJob, run_fit
from yunque.learning.leaderboard import Champion
from yunque.learning.make_split import Means
from yunque.learning.plan import FORMAT, decision_from, split_record, wish_from
from yunque.learning.prepare import prepare
from yunque.learning.registry import algorithm
from yunque.learning.ship import Part, build, references
from yunque.learning.task import Task, TaskKind

DIGESTS = ("training_digest", "holdout_digest", "fold_digests")


def replay(plan: Mapping[str, Any], frame: pl.DataFrame, schema: Schema) -> Champion:
    """Fit every model of the plan again, each for the recorded number of rounds.

    Args:
        plan: `Leaderboard.plan`, perhaps read back from JSON.
        frame: the checked table the plan was made from.
        schema: its columns.

    Returns:
        The champion. On the same machine with the same library versions its arrays equal the first one's.

    Raises:
        UsageError: the plan has an unknown format.
        ConflictError: the table splits differently, so it is not the one the plan was made from.
    """
    if plan.get("format") != FORMAT:
        raise UsageError(f"A plan of format {plan.get('format')!r} cannot be replayed.", hint="Train again.")
    task = task_from(plan["task"])
    means = Means(seconds=plan["budget_seconds"], threads=plan["threads"], seed=plan["seed"])
    table, split, _ = prepare(frame, schema, task, wish_from(plan["wish"]), means)
    made = split_record(split)
    differing = [name for name in DIGESTS if made[name] != plan["split"][name]]
    if differing:
        raise ConflictError(
            "The table gives another split than the plan records.",
            hint="Replay needs the same rows in the same order, with the same contract.",
            details={"differing": differing},
        )
    most_cells = {**MOST_CELLS, **plan.get("most_cells", {})}
    text = bool(plan.get("features", {}).get("text", False))  # older plans know of no such features
    data = FoldData(table, split, plan["seed"], most_cells, text=text)
    candidates = {record["name"]: _candidate(record) for record in plan["candidates"]}
    with threadpool_limits(limits=1, user_api="blas"):
        parts = [
            _part(task, data, candidates[record["candidate"]], record, plan["seed"])
            for record in plan["members"]
        ]
    blend, recipes = build(parts, data, task.n_outputs)
    calibration = Calibration(
        kind=plan["calibration"]["kind"], parameters=tuple(plan["calibration"]["parameters"])
    )
    return Champion(
        blend=replace(blend, calibration=calibration),
        recipes=recipes,
        decision=decision_from(plan["decision"]),
        references=references(parts),
    )


def task_from(record: Mapping[str, Any]) -> Task:
    """Read back the question of a plan."""
    return Task(
        kind=TaskKind(record["kind"]),
        target=record["target"],
        metric=record["metric"],
        classes=tuple(record["classes"]),
        reason=record["reason"],
    )


def _candidate(record: Mapping[str, Any]) -> Candidate:
    found = algorithm(record["algorithm"])
    return Candidate(
        name=record["name"],
        algorithm=replace(found, view=record.get("view", found.view)),
        params=record["params"],
        most_rows=record["most_rows"],
    )


def _part(task: Task, data: FoldData, candidate: Candidate, record: Mapping[str, Any], seed: int) -> Part:
    fold = record["fold"]
    job = FitJob(candidate=candidate, fold=fold, task=task, seed=seed, rounds=record["rounds"])
    result = run_fit(job, data.get(candidate.algorithm.view, fold), still)
    if fold != ALL_ROWS:
        data.forget(fold)
    return Part(candidate=candidate, result=result, weight=record["weight"])


def still() -> float:
    """Give the time of a clock that stands."""
    return 0.0
