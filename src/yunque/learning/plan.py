"""The clock-free record of a run: all that is needed to make the same champion again."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np

from yunque.kernel.calibration import Calibration
from yunque.learning.ensemble import Mixture
from yunque.learning.leaderboard import Decision
from yunque.learning.race import Standing
from yunque.learning.ship import Part, member_name
from yunque.learning.splits import IntArray, Split, SplitWish
from yunque.learning.task import Task

FORMAT = 1


def digest(*rows: IntArray) -> str:
    """Give the SHA-256 of lists of row positions."""
    state = hashlib.sha256()
    for each in rows:
        state.update(np.ascontiguousarray(each, dtype="<i8").tobytes())
        state.update(b"|")
    return state.hexdigest()


def split_record(split: Split) -> dict[str, Any]:
    """Give the split's facts with digests of the rows of every part."""
    return {
        **split.facts,
        "training_digest": digest(split.training),
        "holdout_digest": digest(split.holdout),
        "fold_digests": [digest(fold.train, fold.valid) for fold in split.folds],
    }


def candidate_record(standing: Standing) -> dict[str, Any]:
    """Give what was run of one candidate, and how it ended."""
    candidate = standing.candidate
    return {
        "name": candidate.name,
        "algorithm": candidate.algorithm.name,
        "view": candidate.algorithm.view,
        "params": dict(candidate.params),
        "most_rows": candidate.most_rows,
        "state": standing.state,
        "reason": standing.reason,
        "folds": [
            {
                "fold": fold,
                "rounds": result.rounds,
                "cut_by_clock": result.fitted.stopped_early,
                "loss": standing.losses[fold],
            }
            for fold, result in sorted(standing.results.items())
        ],
    }


def member_record(part: Part) -> dict[str, Any]:
    """Give one model of the champion: what to fit, on which fold, for how many rounds, with which weight."""
    return {
        "name": member_name(part.result.name, part.result.fold),
        "candidate": part.result.name,
        "fold": part.result.fold,
        "rounds": part.result.rounds,
        "weight": part.weight,
    }


def mixture_record(mixture: Mixture) -> dict[str, Any]:
    """Give one point of quality against cost."""
    return {
        "weights": dict(mixture.weights),
        "loss": mixture.loss,
        "microseconds_per_row": mixture.microseconds,
    }


def wish_record(wish: SplitWish) -> dict[str, Any]:
    """Give what was asked of the split, JSON-able."""
    holdout, gap = wish.holdout, wish.gap
    return {
        "kind": wish.kind,
        "holdout": holdout.isoformat() if isinstance(holdout, date) else holdout,
        "folds": wish.folds,
        "gap": {"seconds": gap.total_seconds()} if isinstance(gap, timedelta) else gap,
    }


def wish_from(record: Mapping[str, Any]) -> SplitWish:
    """Read back what `wish_record` gave."""
    holdout, gap = record["holdout"], record["gap"]
    return SplitWish(
        kind=record["kind"],
        holdout=datetime.fromisoformat(holdout) if isinstance(holdout, str) else holdout,
        folds=record["folds"],
        gap=timedelta(seconds=gap["seconds"]) if isinstance(gap, Mapping) else gap,
    )


def task_record(task: Task) -> dict[str, Any]:
    """Give the question, JSON-able."""
    return {
        "kind": task.kind.value,
        "target": task.target,
        "metric": task.metric,
        "classes": list(task.classes),
        "reason": task.reason,
    }


def make_plan(
    split: Split,
    standings: Mapping[str, Standing],
    parts: Sequence[Part],
    facts: Mapping[str, Any],
) -> dict[str, Any]:
    """Give the plan: JSON-able, without any moment of the clock.

    Args:
        split: the rows.
        standings: all candidates.
        parts: the champion's models, in order.
        facts: task, seed, limits, mode, calibration, decision and whatever else was decided on the way.
    """
    return {
        "format": FORMAT,
        "split": split_record(split),
        "candidates": [candidate_record(standing) for standing in standings.values()],
        "members": [member_record(part) for part in parts],
        **facts,
    }


def calibration_record(calibration: Calibration) -> dict[str, Any]:
    """Give a calibration as JSON-able values."""
    return {"kind": calibration.kind, "parameters": list(calibration.parameters)}


def decision_record(decision: Decision) -> dict[str, Any]:
    """Give a decision as JSON-able values."""
    return asdict(decision)


def decision_from(record: Mapping[str, Any]) -> Decision:
    """Read back what `decision_record` gave, perhaps by way of JSON."""
    factors, costs = record.get("factors"), record.get("costs")
    tuples = {
        "factors": None if factors is None else tuple(factors),
        "costs": None if costs is None else tuple(tuple(row) for row in costs),
    }
    return Decision(**{**record, **tuples})
