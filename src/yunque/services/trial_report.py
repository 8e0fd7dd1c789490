"""Tell what a trial has shown so far, as JSON values."""

from typing import Any

import msgspec

from yunque.errors import StorageError
from yunque.models.registry import Registry
from yunque.models.registry_trials import STOP, Trial, Trials
from yunque.monitoring.trial_counts import Side, TrialBook, TrialCounts


def describe_trial(trial: Trial, book: TrialBook) -> dict[str, Any]:
    """Give who began a trial, with which numbers, and what its two sides answered.

    Raises:
        StorageError: its counts cannot be read.
    """
    try:
        counts = book.total(trial.id)
    except (OSError, msgspec.DecodeError) as error:
        raise StorageError("The counts of the trial cannot be read.") from error
    return {
        "arm": trial.arm,
        "name": trial.name,
        "version": trial.version,
        "by": trial.actor,
        "reason": trial.reason,
        "since": trial.at.isoformat(),
        **{name: value for name, value in trial.details.items() if name != "previous"},
        "shown": _shadow(counts) if trial.arm == "shadow" else _canary(counts),
    }


def all_trials(registry: Registry, trials: Trials, name: str, book: TrialBook) -> dict[str, Any]:
    """Give the trials of a model that run, with what they showed, and how the past ones ended.

    Raises:
        NotFoundError: there is no such model.
        StorageError: counts cannot be read.
    """
    events = registry.history(name)
    return {
        "running": [describe_trial(trial, book) for trial in trials.running() if trial.name == name],
        "ended": [
            {
                "version": event.version,
                "at": event.at.isoformat(),
                "by": event.actor,
                "reason": event.reason,
                **event.details,
            }
            for event in events
            if event.event == STOP
        ],
    }


def _shadow(counts: TrialCounts) -> dict[str, Any]:
    rows = counts.compared
    return {
        "rows": rows,
        "different": counts.differing,
        "mean_difference": counts.distance / rows if rows else 0.0,
        "largest_difference": counts.largest,
        "failed": counts.failed,
        "last_failure": counts.failure,
    }


def _canary(counts: TrialCounts) -> dict[str, Any]:
    return {
        "champion": _side(counts.champion),
        "canary": _side(counts.tried),
        "failed": counts.tried.errors,
        "last_failure": counts.failure,
        "drift": counts.drift,
    }


def _side(side: Side) -> dict[str, Any]:
    return {
        "requests": side.answers,
        "rows": side.rows,
        "p50_milliseconds": 1e3 * side.quantile(0.5),
        "p99_milliseconds": 1e3 * side.quantile(0.99),
    }
