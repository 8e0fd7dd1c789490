"""Learn thresholds from closed periods: what was scored, what officers said of it, and one step a segment."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import polars as pl

from yunque.errors import StorageError
from yunque.services.aml_desk import Desk
from yunque.services.aml_labels import told_by
from yunque.solutions.aml.bandit import Outcome, Period, choose, key, learn, moved, outcome
from yunque.solutions.aml.classify import ALERTS
from yunque.solutions.aml.policy import SEGMENTS, Policy, PolicySettings
from yunque.solutions.aml.stack import Stack
from yunque.solutions.aml.store.answers import read_answers
from yunque.solutions.aml.store.dispositions import read_dispositions

REPLAYED = 6  # periods that a proposal is held against
NEEDED = ("segmento", "riesgo", "piso", "muestra")


def proposal(before: Policy, policy: Policy, stack: Stack, seen: Mapping[str, list[Period]]) -> Policy:
    """Update the cells by every period and take the steps that the evidence allows."""
    settings = before.settings
    cells, counts = before.cells, dict(before.counts)
    thresholds: dict[str, tuple[float, float]] = dict(policy.thresholds)
    steps: dict[str, Any] = {}
    for segment, mine in seen.items():
        state = ""
        for period in mine:
            found = learn(cells, segment, period, settings)
            cells, state = found.cells, found.state
            counts[state] = counts.get(state, 0) + period.reviewed
        if not mine:
            continue
        low, high = policy.thresholds.get(segment, (stack.unusual, stack.worrying))
        step = choose(cells, state, counts.get(state, 0), settings)
        after = moved(low, step, settings) if step else low
        replayed = replay(mine[-REPLAYED:], low, after, settings)
        is_short = after > low and counts.get(state, 0) < 2 * settings.least_dispositions
        if after != low and (is_short or not replayed["aprobado"]):  # bounds may turn a step upwards
            after, step = low, 0.0
        thresholds[segment] = (after, max(after, high))
        steps[segment] = {
            "contexto": state,
            "disposiciones": counts.get(state, 0),
            "paso": key(step),
            "antes": low,
            "despues": after,
            "repeticion": replayed,
        }
    return replace(
        before, thresholds=thresholds, cells=cells, counts=counts, evidence={"pasos": steps}, approved_by=None
    )


def replay(periods_: list[Period], now: float, after: float, settings: PolicySettings) -> dict[str, Any]:
    """Hold a threshold against the one in force over past periods: cost must fall, recall must not."""
    old = [outcome(period, now, settings) for period in periods_]
    new = [outcome(period, after, settings) for period in periods_]
    cost = (-sum(one.reward for one in old), -sum(one.reward for one in new))
    recall = (recall_of(old), recall_of(new))
    keeps = not np.isfinite(recall[0]) or recall[1] >= recall[0] - 1e-9
    return {
        "periodos": len(periods_),
        "costo_antes": round(cost[0], 4),
        "costo_despues": round(cost[1], 4),
        "recall_antes": number(recall[0]),
        "recall_despues": number(recall[1]),
        "aprobado": bool(cost[1] < cost[0] and keeps),
    }


def recall_of(outcomes: list[Outcome]) -> float:
    """Give the recall over several periods; NaN where nothing suspicious is known."""
    hits, missed = sum(one.hits for one in outcomes), sum(one.missed for one in outcomes)
    return hits / (hits + missed) if hits + missed > 0 else float("nan")


def number(value: float) -> float | None:
    """Give a number as JSON has it."""
    return round(value, 4) if np.isfinite(value) else None


def scored_rows(desk: Desk) -> pl.DataFrame:
    """Give every scored operation with its day of analysis, verdict and draw; the first analysis counts."""
    parts = []
    for answer in read_answers(desk.database, desk.tenant):
        if answer.at is None:
            raise StorageError("An answer has no date.")
        if set(NEEDED) <= set(answer.rows.columns):
            own = answer.rows.filter(pl.col("riesgo").is_not_null() & ~pl.col("piso").is_in(ALERTS))
            chosen = own.select("id_operacion", *(name for name in NEEDED if name != "piso"))
            parts.append(chosen.with_columns(cuando=pl.lit(answer.at, pl.Datetime("us", "UTC"))))
    if not parts:
        return pl.DataFrame(schema={"cuando": pl.Datetime("us", "UTC")})
    whole = pl.concat(parts).unique("id_operacion", keep="first", maintain_order=True)
    told = told_by(read_dispositions(desk.database, desk.tenant))
    return whole.join(told, on="id_operacion", how="left", maintain_order="left")


def closed(
    rows: pl.DataFrame, learnt_until: str, settings: PolicySettings, now: datetime
) -> list[tuple[datetime, datetime]]:
    """Give the periods that have ended since the last was learnt from, those without operations left out."""
    first = rows["cuando"].min()
    if not isinstance(first, datetime):
        return []
    start = datetime.fromisoformat(learnt_until) if learnt_until else first
    length, found = timedelta(days=settings.period_days), []
    while start + length <= now:
        inside = (rows["cuando"] >= start) & (rows["cuando"] < start + length)
        if inside.any():
            found.append((start, start + length))
        start += length
    return found


def periods(
    rows: pl.DataFrame, spans: list[tuple[datetime, datetime]], policy: Policy, stack: Stack
) -> dict[str, list[Period]]:
    """Cut the scored operations into the periods of each segment."""
    found: dict[str, list[Period]] = {name: [] for name in SEGMENTS}
    for since, until in spans:
        inside = rows.filter((pl.col("cuando") >= since) & (pl.col("cuando") < until))
        for segment, mine in found.items():
            own = inside.filter(pl.col("segmento") == segment)
            if own.height:
                mine.append(period_of(own, policy.thresholds.get(segment, (stack.unusual, 1.0))[0]))
    return found


def period_of(rows: pl.DataFrame, threshold: float) -> Period:
    """Give some rows as a period under one threshold."""
    return Period(
        risk=rows["riesgo"].to_numpy(),
        verdict=rows["sospecha"].cast(pl.Float64).fill_null(float("nan")).to_numpy(),
        drawn=rows["muestra"].fill_null(value=False).to_numpy(),
        threshold=threshold,
    )
