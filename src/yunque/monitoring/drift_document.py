"""A measurement of drift as JSON values, for programs, jobs and alerts."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from yunque.monitoring.drift_values import Drift, Moved, Verdict
from yunque.monitoring.estimated import Estimate

FORMAT = 1
ASSUMPTION = (
    "Estimated from the model's own probabilities (CBPE): it holds only while they stay calibrated, that is "
    "while the columns say of the target what they said in training. It cannot see a change of that."
)


def drift_document(drift: Drift, *, with_cells: bool = True) -> dict[str, Any]:
    """Give a measurement as JSON values.

    Args:
        drift: the measurement.
        with_cells: also name levels that training never saw: cells of today's rows.
    """
    return {
        "format": FORMAT,
        "has_drifted": bool(drift.alarms),
        "alarms": list(drift.alarms),
        "rows": drift.rows,
        "reference_rows": drift.reference_rows,
        "sample_rows": drift.sample_rows,
        "alpha": drift.alpha,
        "columns": [_moved(each, with_cells=with_cells) for each in drift.columns],
        "answers": [_moved(each, with_cells=with_cells) for each in drift.answers],
        "together": None
        if drift.together is None
        else {**_verdict(drift.together.verdict), "columns": dict(drift.together.shares)},
        "notes": [{"note": key, **facts} for key, facts in drift.notes],
    }


def estimates_document(estimates: Sequence[Estimate]) -> dict[str, Any] | None:
    """Give estimated metrics with what they assume; None where there is none."""
    if not estimates:
        return None
    return {"assumption": ASSUMPTION, "metrics": [asdict(each) for each in estimates]}


def _moved(moved: Moved, *, with_cells: bool) -> dict[str, Any]:
    facts = {name: value for name, value in moved.facts.items() if with_cells or name != "unseen"}
    return {
        "name": moved.name,
        "kind": moved.kind,
        "is_alarm": moved.is_alarm,
        "importance": moved.importance,
        "weight": moved.weight,
        "earth_mover": moved.earth_mover,
        **facts,
        "questions": [_verdict(verdict) for verdict in moved.verdicts],
        "distribution": [asdict(bar) for bar in moved.bars],
    }


def _verdict(verdict: Verdict) -> dict[str, Any]:
    return asdict(verdict)
