"""Metrics of what is watched while serving: drift, confidence, the log, shadows and canaries."""

from collections.abc import Iterator

import numpy as np

from yunque.monitoring.online import stability
from yunque.monitoring.trial_counts import TrialCounts
from yunque.services.score import OpenModel, View
from yunque.surfaces.http.metrics import Counts, Labels, head, line
from yunque.surfaces.http.watch import CONFIDENCE_BINS, Watch, labels_of

LEAST_ROWS = 500  # below, the stability index of unmoved data is above 0.1 by chance alone


def watch_lines(counts: Counts, view: View, watch: Watch) -> Iterator[str]:
    """Give the lines.

    Args:
        counts: of all workers.
        view: what is served.
        watch: of this worker, for the profiles and the trials.
    """
    served = [(model, "champion") for model in view.champions.values()]
    served += [(found.model, found.trial.arm) for found in view.trials if found.model is not None]
    yield from head("yunque_version_served", "gauge", "Versions that answer, and as what.")
    for model, arm in served:
        yield line("yunque_version_served", (*labels_of(model.name, model.version), ("arm", arm)), 1)
    yield from head("yunque_requests_in_flight", "gauge", "Requests being answered.")
    yield line("yunque_requests_in_flight", (), counts.in_flight)
    yield from _log_lines(counts)
    yield from head("yunque_confidence", "histogram", "Rows by the confidence of their answer.")
    for labels, bins in sorted(counts.confidence.items()):
        yield from _confidence(labels, bins)
    yield from _drift_lines(counts, [model for model, _ in served], watch)
    yield from _trial_lines(view, watch)


def _log_lines(counts: Counts) -> Iterator[str]:
    yield from head("yunque_log_rows_total", "counter", "Rows of the prediction log.")
    for outcome, count in (("written", counts.log_written), ("dropped", counts.log_dropped)):
        yield line("yunque_log_rows_total", (("outcome", outcome),), count)
    yield from head("yunque_log_waiting_rows", "gauge", "Rows in memory that wait for the log.")
    yield line("yunque_log_waiting_rows", (), counts.log_waiting)


def _confidence(labels: Labels, bins: list[int]) -> Iterator[str]:
    seen = 0
    for position, count in enumerate(bins, start=1):
        seen += count
        bound = "+Inf" if position == CONFIDENCE_BINS else repr(position / CONFIDENCE_BINS)
        yield line("yunque_confidence_bucket", (*labels, ("le", bound)), seen)
    middles = (np.arange(CONFIDENCE_BINS) + 0.5) / CONFIDENCE_BINS
    yield line("yunque_confidence_sum", labels, round(float(middles @ np.array(bins)), 6))
    yield line("yunque_confidence_count", labels, seen)


def _drift_lines(counts: Counts, served: list[OpenModel], watch: Watch) -> Iterator[str]:
    drift: list[str] = []
    rows: list[str] = []
    for model in {(m.name, m.version): m for m in served}.values():
        labels = labels_of(model.name, model.version)
        window = counts.windows.get(labels, {})
        rows.append(line("yunque_drift_rows", labels, max((sum(b) for b in window.values()), default=0)))
        for reference in watch.references(model):
            seen = np.array(window.get(reference.column, ()), np.int64)
            if seen.size == reference.counts.size and seen.sum() >= LEAST_ROWS:
                place = (*labels, ("column", reference.column))
                drift.append(line("yunque_drift_psi", place, f"{stability(reference.counts, seen):.6g}"))
    yield from head("yunque_drift_psi", "gauge", "Stability index of the last rows against training.")
    yield from drift
    yield from head("yunque_drift_rows", "gauge", "Rows that the stability index is taken over.")
    yield from rows


def _trial_lines(view: View, watch: Watch) -> Iterator[str]:
    shadows: list[tuple[Labels, TrialCounts]] = []
    canaries: list[tuple[Labels, TrialCounts]] = []
    for found in view.trials:
        labels = labels_of(found.trial.name, found.trial.version)
        (shadows if found.trial.arm == "shadow" else canaries).append(
            (labels, watch.book.total(found.trial.id))
        )
    yield from head("yunque_shadow_rows_total", "counter", "Rows that a shadow answered, by outcome.")
    for labels, seen in shadows:
        for outcome, count in (
            ("same", seen.compared - seen.differing), ("different", seen.differing), ("failed", seen.failed),
        ):  # fmt: skip
            yield line("yunque_shadow_rows_total", (*labels, ("outcome", outcome)), count)
    yield from head("yunque_shadow_distance", "gauge", "Mean and largest difference of a shadow's answers.")
    for labels, seen in shadows:
        mean = seen.distance / seen.compared if seen.compared else 0.0
        yield line("yunque_shadow_distance", (*labels, ("of", "mean")), f"{mean:.6g}")
        yield line("yunque_shadow_distance", (*labels, ("of", "largest")), f"{seen.largest:.6g}")
    yield from head("yunque_canary_requests_total", "counter", "Requests where a canary runs.")
    for labels, seen in canaries:
        for outcome, count in (
            ("champion", seen.champion.answers - seen.tried.errors), ("canary", seen.tried.answers),
            ("failed", seen.tried.errors),
        ):  # fmt: skip
            yield line("yunque_canary_requests_total", (*labels, ("answered", outcome)), count)
