"""The clock-free record of a run without a target, and the champion made from it again."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import polars as pl
from threadpoolctl import threadpool_limits

from yunque.data.schema import Schema
from yunque.errors import ConflictError
from yunque.learning.candidate import Candidate
from yunque.learning.leaderboard import Champion
from yunque.learning.plan import FORMAT, digest, task_record
from yunque.learning.registry import algorithm
from yunque.learning.task import Task, TaskKind
from yunque.learning.unlabelled.final import build
from yunque.learning.unlabelled.request import ExploreRequest
from yunque.learning.unlabelled.rows import Divided, Views, divide
from yunque.learning.unlabelled.trial import FINAL, Trial


def split_record(divided: Divided) -> dict[str, Any]:
    """Give how the rows were divided, with digests."""
    return {
        "kind": "judged_apart",
        "rows": len(divided.usable),
        "training_rows": len(divided.training),
        "judging_rows": len(divided.judging),
        "usable_digest": digest(divided.usable),
        "training_digest": digest(divided.training),
        "judging_digest": digest(divided.judging),
    }


def plan_record(
    request: ExploreRequest, trials: Sequence[Trial], best: Trial, facts: Mapping[str, Any]
) -> dict[str, Any]:
    """Give the plan: JSON-able, without any moment of the clock."""
    return {
        "format": FORMAT,
        "task": task_record(request.task),
        "seed": request.seed,
        "budget_seconds": request.budget.seconds,
        "wish": asdict(request.wish),
        "candidates": [
            {
                "name": trial.name,
                "algorithm": trial.candidate.algorithm.name,
                "params": dict(trial.candidate.params),
                "state": trial.state,
                "reason": trial.reason,
                "folds": [],
            }
            for trial in trials
        ],
        "members": [{"name": best.name, "candidate": best.name, "fold": FINAL, "weight": 1.0}],
        **facts,
    }


def remake(
    plan: Mapping[str, Any], split: Mapping[str, Any], frame: pl.DataFrame, schema: Schema
) -> Champion:
    """Fit the champion of a plan again.

    Args:
        plan: of `plan_record`, perhaps read back from JSON.
        split: of `split_record`.
        frame: the checked table the plan was made from.
        schema: its columns.

    Raises:
        ConflictError: the table divides differently, so it is not the one the plan was made from.
    """
    told = plan["task"]
    task = Task(kind=TaskKind(told["kind"]), metric=told["metric"], reason=told["reason"])
    seconds, seed, wish = plan["budget_seconds"], plan["seed"], plan["wish"]
    divided = divide(frame, schema, task, seconds=seconds, seed=seed, clusters=wish["clusters"])
    if split_record(divided) != dict(split):
        raise ConflictError(
            "The table gives another division of its rows than the plan records.",
            hint="Replay needs the same rows in the same order, with the same contract.",
        )
    wanted = plan["members"][0]["candidate"]
    record = next(each for each in plan["candidates"] if each["name"] == wanted)
    candidate = Candidate(name=wanted, algorithm=algorithm(record["algorithm"]), params=record["params"])
    views = Views(
        frame=frame,
        schema=schema,
        training=divided.usable,
        judging=divided.judging,
        seed=seed,
        seconds=seconds,
    )
    with threadpool_limits(limits=1, user_api="blas"):
        champion, _ = build(candidate, task, views, wish["contamination"])
    return champion
