"""One column of today against the same column of training."""

from typing import Any

import numpy as np
import polars as pl

from yunque.data.profile import to_json_value
from yunque.data.schema import Column
from yunque.kernel.form import FloatArray
from yunque.models.bundle_reference import LEVELS
from yunque.monitoring.drift_reference import DriftReference
from yunque.monitoring.drift_tests import (
    distance_test,
    earth_mover,
    novelty_test,
    share_test,
    stability_test,
)
from yunque.monitoring.drift_values import MOST_BARS, Bar, Floors, Moved, Verdict
from yunque.monitoring.online import Reference

MOST_SORTED = 100_000  # cells of today that are put in order; every cell is counted into bins
SEED = 11
SHOWN_LEVELS = 5


def compare_column(
    reference: DriftReference, column: Column, typed: pl.Series, measured: pl.Series, floors: Floors
) -> Moved:
    """Ask of a column whatever the bundle remembers enough for.

    Args:
        reference: what the bundle remembers.
        column: of the contract.
        typed: today's cells, as the contract types them.
        measured: the same as drift measures them.
        floors: effects below which nothing is an alarm.
    """
    name, present = column.name, measured.drop_nulls()
    verdicts, facts = _missing(reference, name, measured, floors)
    bins, distance = reference.bins.get(name), None
    bars: tuple[Bar, ...] = ()
    if bins is not None and len(present):
        counted = bins.count(typed)
        found = stability_test(bins.counts[:-1], counted[:-1], is_ordered=bins.edges is not None)
        floor = max(floors.stability, found.usual)
        verdicts.append(Verdict(question="stability", effect=found.effect, floor=floor, p=found.p))
        bars = bars_of(bins, counted)
    if column.kind in LEVELS:
        _unseen(reference, column, present, floors, verdicts, facts)
    elif reference.sample is not None and name in reference.sample.frame.columns and len(present):
        before, now = ordered(reference.sample.frame[name]), ordered(present)
        moved = distance_test(before, now)
        floor = max(floors.distance, moved.usual)
        verdicts.append(Verdict(question="distance", effect=moved.effect, floor=floor, p=moved.p))
        distance = earth_mover(before, now)
        if len(before):
            facts |= {"median_before": float(np.median(before)), "median_now": float(np.median(now))}
    return Moved(
        name=name,
        kind=str(column.kind),
        verdicts=tuple(verdicts),
        importance=reference.importance.get(name, 0.0),
        earth_mover=distance,
        facts=facts,
        bars=bars,
    )


def ordered(values: pl.Series) -> FloatArray:
    """Give values ascending, at most 100,000 of them, without missing ones."""
    present = values.drop_nulls()
    if len(present) > MOST_SORTED:
        present = present.sample(MOST_SORTED, seed=SEED)
    return np.sort(present.to_numpy())


def _missing(
    reference: DriftReference, name: str, measured: pl.Series, floors: Floors
) -> tuple[list[Verdict], dict[str, Any]]:
    if name not in reference.present:
        return [], {}
    there, gone = reference.present[name]
    found = share_test(gone, there + gone, measured.null_count(), len(measured))
    facts = {
        "missing_before": gone / max(1, there + gone),
        "missing_now": measured.null_count() / max(1, len(measured)),
    }
    return [Verdict(question="missing", effect=found.effect, floor=floors.missing, p=found.p)], facts


def _unseen(
    reference: DriftReference,
    column: Column,
    present: pl.Series,
    floors: Floors,
    verdicts: list[Verdict],
    facts: dict[str, Any],
) -> None:
    """Ask for levels that training never saw."""
    known = reference.sample.levels.get(column.name) if reference.sample else None
    there, _ = reference.present.get(column.name, (0, 0))
    bins = reference.bins.get(column.name)
    if known is not None:
        names, once, twice = known.names, known.once, known.twice
    elif bins is not None and bins.levels is not None and not bins.counts[-2]:  # the profile holds them all
        names = list(bins.levels)
        once, twice = (int((bins.counts[:-2] == times).sum()) for times in (1, 2))
    else:
        return
    new = present.filter(~present.is_in(names))
    found = novelty_test(once, twice, there, len(new), len(present))
    verdicts.append(Verdict(question="unseen", effect=found.effect, floor=floors.unseen, p=found.p))
    if len(new):
        counts = new.alias("level").value_counts().sort(["count", "level"], descending=[True, False])
        facts |= {"unseen": counts["level"].head(SHOWN_LEVELS).to_list(), "unseen_cells": len(new)}


def bars_of(bins: Reference, counted: np.ndarray) -> tuple[Bar, ...]:
    """Give the shares before and now, of at most 12 bins: the largest levels, or neighbours joined."""
    before, now = _shares(bins.counts[:-1]), _shares(counted[:-1])
    if bins.edges is None:
        names = [*(bins.levels or {}), "…"]
        order = np.argsort(-(before + now), kind="stable")[:MOST_BARS].tolist()
        return tuple(Bar(label=names[i], before=before[i], now=now[i]) for i in order if before[i] + now[i])
    edges = [to_json_value(edge) for edge in bins.edges]
    step = -(-len(before) // MOST_BARS)
    starts = range(0, len(before), step)
    return tuple(
        Bar(
            label=_range(edges, start, min(start + step, len(before)) - 1),
            before=float(before[start : start + step].sum()),
            now=float(now[start : start + step].sum()),
        )
        for start in starts
    )


def _shares(counts: np.ndarray) -> FloatArray:
    return np.asarray(counts / max(1, counts.sum()), dtype=np.float64)


def _range(edges: list[Any], first: int, last: int) -> str:
    """Name the values of the bins from `first` to `last`."""
    low = None if first == 0 else edges[first - 1]
    high = None if last >= len(edges) else edges[last]
    if low is None:
        return f"≤ {_short(high)}" if high is not None else "…"
    return f"> {_short(low)}" if high is None else f"{_short(low)} – {_short(high)}"


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)[:16]
