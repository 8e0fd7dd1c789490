"""Threshold policies of a tenant: learn one, run it in the shadow, approve it, roll it back, freeze it."""

from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import polars as pl

from yunque.errors import ConflictError, NotFoundError, UsageError
from yunque.services.aml_desk import Desk
from yunque.services.aml_layers import Layers
from yunque.services.aml_policy_learn import closed, periods, proposal, scored_rows
from yunque.solutions.aml.policy import SEGMENTS, Policy, PolicySettings, read_policy
from yunque.solutions.aml.stack import Stack
from yunque.solutions.aml.store.policies import (
    APPROVED,
    FROZEN,
    IN_FORCE,
    PROPOSED,
    ROLLED_BACK,
    SETTINGS,
    THAWED,
    PolicyEvent,
    add_event,
    newest,
    read_events,
)


@dataclass(frozen=True, kw_only=True)
class Shadow:
    """What a proposal would have shown since it was made, beside what was shown."""

    alerts_now: int
    alerts_proposed: int
    reviewed: int
    since: datetime
    until: datetime
    is_over: bool


def settings_of(events: tuple[PolicyEvent, ...]) -> PolicySettings:
    """Give the officer's settings; the defaults where none were set."""
    found = newest(events, SETTINGS)
    return PolicySettings() if found is None else PolicySettings(**found.content)


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


def propose(desk: Desk, *, by: str) -> PolicyEvent:
    """Learn from the periods that closed since the last proposal and propose thresholds.

    At most one step a segment, whatever the number of periods; the newest period's context decides it.

    Raises:
        ConflictError: the policy is frozen, no layers are in use, or no period closed.
    """
    events = read_events(desk.database, desk.tenant)
    refuse_frozen(events)
    stack, policy, settings = stack_in_use(desk), in_force(desk), settings_of(events)
    before = latest(events, policy)
    rows = scored_rows(desk)
    spans = closed(rows, before.learnt_until, settings, desk.clock.now())
    if not spans:
        raise ConflictError(
            "No period closed since the last proposal.",
            hint=f"A period has {settings.period_days} days and needs analyses with scores in it.",
        )
    seen = periods(rows, spans, policy, stack)
    made = proposal(replace(before, stack=stack.name, settings=settings), policy, stack, seen)
    told = {"umbrales": {name: list(pair) for name, pair in made.thresholds.items()}, **made.evidence}
    whole = replace(made, learnt_until=spans[-1][1].isoformat())
    return add_event(desk.database, desk.tenant, PROPOSED, actor=by, content=whole.document(), told=told)


def approve(desk: Desk, version: str, *, by: str) -> PolicyEvent:
    """Put a proposal in force.

    Raises:
        NotFoundError: there is no such proposal.
        ConflictError: frozen, replaced by a later one, made for other layers, or its shadow is not over.
    """
    events = read_events(desk.database, desk.tenant)
    refuse_frozen(events)
    found = next((one for one in events if one.event == PROPOSED and one.label == version), None)
    if found is None:
        raise NotFoundError(f"There is no proposal {version!r}.", hint="See yunque aml policy show.")
    last = newest(events, PROPOSED, *IN_FORCE)
    if last is None or last.number != found.number:
        raise ConflictError(
            f"The proposal {version} is not the newest: a later one, or a decision, replaced it."
        )
    policy = read_policy(found.content, version=found.label, approved_by=None)
    if policy.stack != stack_in_use(desk).name:
        raise ConflictError("The proposal was made for other layers.", hint="Propose again.")
    shadow = shadow_of(desk, found, policy)
    if not shadow.is_over:
        raise ConflictError(
            f"The proposal {version} runs in the shadow until {shadow.until.date().isoformat()}.",
            hint="Its numbers are in yunque aml policy show; approve it then.",
        )
    told = {"propuesta": version, "sombra": shadow_facts(shadow), **policy.evidence}
    return add_event(desk.database, desk.tenant, APPROVED, actor=by, content=found.content, told=told)


def roll_back(desk: Desk, *, by: str, reason: str) -> PolicyEvent:
    """Put back in force what was before the policy in force.

    Raises:
        ConflictError: nothing was approved.
    """
    events = read_events(desk.database, desk.tenant)
    enforced = [one for one in events if one.event in IN_FORCE]
    if not enforced:
        raise ConflictError("No policy was approved: the model's own thresholds are in force.")
    current = enforced[-1].content
    earlier = next((one.content for one in reversed(enforced[:-1]) if one.content != current), None)
    content = earlier or Policy(stack=str(current["stack"]), settings=settings_of(events)).document()
    told = {"motivo": reason, "de": enforced[-1].label}
    return add_event(desk.database, desk.tenant, ROLLED_BACK, actor=by, content=content, told=told)


def freeze(desk: Desk, *, by: str, reason: str, thaw: bool = False) -> PolicyEvent:
    """Stop proposals and approvals, or allow them again; the policy in force stays."""
    event = THAWED if thaw else FROZEN
    return add_event(
        desk.database, desk.tenant, event, actor=by, content={"motivo": reason}, told={"motivo": reason}
    )


def change_settings(desk: Desk, settings: PolicySettings, *, by: str) -> PolicyEvent:
    """Set bounds, costs and periods for the proposals to come."""
    facts = asdict(settings)
    return add_event(desk.database, desk.tenant, SETTINGS, actor=by, content=facts, told=facts)


def read_settings(now: PolicySettings, changes: tuple[str, ...]) -> PolicySettings:
    """Read "lowest=0.3" and the like into settings.

    Raises:
        UsageError: no such setting, no number, or one out of its range.
    """
    values = asdict(now)
    for text in changes:
        name, _, number = text.partition("=")
        if name not in values:
            raise NotFoundError.among("setting", name, tuple(values))
        try:
            values[name] = type(values[name])(number)
        except ValueError as error:
            raise UsageError(f"{number!r} is no number for {name}.") from error
    return PolicySettings(**values)


def refuse_frozen(events: tuple[PolicyEvent, ...]) -> None:
    """Refuse while the policy is frozen.

    Raises:
        ConflictError: it is.
    """
    found = newest(events, FROZEN, THAWED)
    if found is not None and found.event == FROZEN:
        raise ConflictError(
            "The policy is frozen.", hint=f"{found.actor} froze it: {found.content.get('motivo', '')}"
        )


def latest(events: tuple[PolicyEvent, ...], policy: Policy) -> Policy:
    """Give what was learnt last, whether or not it was approved: cells outlive proposals."""
    found = newest(events, PROPOSED)
    if found is None:
        return policy
    return read_policy(found.content, version=found.label, approved_by=None)


def shadow_of(desk: Desk, event: PolicyEvent, policy: Policy) -> Shadow:
    """Say what a proposal would have shown since it was made."""
    stack, now = stack_in_use(desk), in_force(desk)
    rows = scored_rows(desk)
    recent = rows.filter(pl.col("cuando") >= event.at)
    counts = {"now": 0, "proposed": 0}
    for segment in SEGMENTS:
        if recent.is_empty():
            break
        risk = recent.filter(pl.col("segmento") == segment)["riesgo"]
        for name, one in (("now", now), ("proposed", policy)):
            counts[name] += int((risk >= one.thresholds.get(segment, (stack.unusual, 1.0))[0]).sum())
    until = event.at + timedelta(days=policy.settings.shadow_days)
    reviewed = 0 if recent.is_empty() else recent["sospecha"].is_not_null().sum()
    return Shadow(
        alerts_now=counts["now"],
        alerts_proposed=counts["proposed"],
        reviewed=int(reviewed),
        since=event.at,
        until=until,
        is_over=desk.clock.now() >= until,
    )


def shadow_facts(shadow: Shadow) -> dict[str, Any]:
    """Give a shadow as JSON."""
    return {
        "alertas_en_vigor": shadow.alerts_now,
        "alertas_propuestas": shadow.alerts_proposed,
        "revisadas": shadow.reviewed,
        "desde": shadow.since.isoformat(),
        "hasta": shadow.until.isoformat(),
        "terminada": shadow.is_over,
    }
