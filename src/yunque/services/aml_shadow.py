"""A proposal in the shadow: what it would have shown, and cost, beside the thresholds in force."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import polars as pl

from yunque.errors import ConflictError
from yunque.services.aml_desk import Desk
from yunque.services.aml_layers import Layers
from yunque.services.aml_policy_learn import period_of, scored_rows
from yunque.solutions.aml.bandit import Outcome, outcome
from yunque.solutions.aml.policy import SEGMENTS, Policy
from yunque.solutions.aml.stack import Stack
from yunque.solutions.aml.store.policies import PolicyEvent


@dataclass(frozen=True, kw_only=True)
class Shadow:
    """What a proposal would have shown since it was made, beside what was shown.

    Attributes:
        reviewed, needed: decisions on operations analysed since then, and how many there must be.
        cost_now, cost_proposed: by the reward of the settings, per thousand operations of each segment.
        is_over: whether both the days and the decisions are complete.
    """

    alerts_now: int
    alerts_proposed: int
    reviewed: int
    needed: int
    cost_now: float
    cost_proposed: float
    since: datetime
    until: datetime
    is_over: bool


def stack_in_use(desk: Desk) -> Stack:
    """Give the record of the layers that score this desk's files.

    Raises:
        ConflictError: nothing is learnt, so there is no threshold.
    """
    if not isinstance(desk.scorer, Layers):
        raise ConflictError(
            "No learnt layers are in use, so there are no thresholds.",
            hint="Train with yunque aml train, or make the base model with yunque aml base-model.",
        )
    return desk.scorer.stack


def in_force(desk: Desk) -> Policy:
    """Give the policy that results are made with."""
    stack_in_use(desk)
    assert isinstance(desk.scorer, Layers)  # noqa: S101 - told by the line above
    return desk.scorer.policy


def shadow_of(desk: Desk, event: PolicyEvent, policy: Policy) -> Shadow:
    """Say what a proposal would have shown since it was made."""
    rows = scored_rows(desk)
    recent = rows.filter(pl.col("cuando") >= event.at)
    now, proposed = told_by(desk, recent, policy)
    until = event.at + timedelta(days=policy.settings.shadow_days)
    reviewed = 0 if recent.is_empty() else int(recent["sospecha"].is_not_null().sum())
    return Shadow(
        alerts_now=sum(one.alerts for one in now),
        alerts_proposed=sum(one.alerts for one in proposed),
        reviewed=reviewed,
        needed=policy.settings.shadow_decisions,
        cost_now=-sum(one.reward for one in now),
        cost_proposed=-sum(one.reward for one in proposed),
        since=event.at,
        until=until,
        is_over=desk.clock.now() >= until and reviewed >= policy.settings.shadow_decisions,
    )


def told_by(desk: Desk, recent: pl.DataFrame, policy: Policy) -> tuple[list[Outcome], list[Outcome]]:
    """Give the outcome of each segment under the thresholds in force, and under those proposed."""
    stack, current = stack_in_use(desk), in_force(desk)
    now: list[Outcome] = []
    proposed: list[Outcome] = []
    if recent.is_empty():
        return now, proposed
    for segment in SEGMENTS:
        own = recent.filter(pl.col("segmento") == segment)
        if own.height:
            low, after = (one.thresholds.get(segment, (stack.unusual, 1.0))[0] for one in (current, policy))
            period = period_of(own, low)
            now.append(outcome(period, low, policy.settings))
            proposed.append(outcome(period, after, policy.settings))
    return now, proposed


def shadow_facts(shadow: Shadow) -> dict[str, Any]:
    """Give a shadow as JSON."""
    return {
        "alertas_en_vigor": shadow.alerts_now,
        "alertas_propuestas": shadow.alerts_proposed,
        "revisadas": shadow.reviewed,
        "revisadas_necesarias": shadow.needed,
        "costo_en_vigor": round(shadow.cost_now, 4),
        "costo_propuesto": round(shadow.cost_proposed, 4),
        "desde": shadow.since.isoformat(),
        "hasta": shadow.until.isoformat(),
        "terminada": shadow.is_over,
    }
