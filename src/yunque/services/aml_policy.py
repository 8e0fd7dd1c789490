"""Threshold policies of a tenant: learn one, run it in the shadow, approve it, roll it back, freeze it."""

from dataclasses import asdict, replace

from yunque.errors import AccessError, ConflictError, NotFoundError, UsageError
from yunque.services.aml_desk import Desk
from yunque.services.aml_policy_learn import closed, periods, proposal, scored_rows
from yunque.services.aml_shadow import Shadow, in_force, shadow_facts, shadow_of, stack_in_use
from yunque.solutions.aml.policy import Policy, PolicySettings, read_policy
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

LEAST_COST = 1e-9
LONGEST_REASON = 4_000


def settings_of(events: tuple[PolicyEvent, ...]) -> PolicySettings:
    """Give the officer's settings; the defaults where none were set."""
    found = newest(events, SETTINGS)
    return PolicySettings() if found is None else PolicySettings(**found.content)


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
        AccessError: who proposed it would approve it.
        ConflictError: frozen, replaced by a later one, made for other layers, its shadow is not over, or the
            shadow says that it costs more.
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
    refuse_same_person(found, by)
    shadow = shadow_of(desk, found, policy)
    refuse_early(version, shadow)
    told = {"propuesta": version, "sombra": shadow_facts(shadow), **policy.evidence}
    return add_event(desk.database, desk.tenant, APPROVED, actor=by, content=found.content, told=told)


def refuse_same_person(proposed: PolicyEvent, by: str) -> None:
    """Refuse that who proposed thresholds puts them in force: two people answer for them.

    Raises:
        AccessError: it is the same person.
    """
    if by.strip().casefold() == proposed.actor.strip().casefold():
        raise AccessError(
            f"{proposed.actor} proposed {proposed.label} and cannot approve it.",
            hint="Another person has to approve it, in that person's own name.",
        )


def refuse_early(version: str, shadow: Shadow) -> None:
    """Refuse while the shadow has not told enough, or where it told against the proposal.

    Raises:
        ConflictError: it has not, or did.
    """
    if not shadow.is_over:
        raise ConflictError(
            f"The proposal {version} runs in the shadow until {shadow.until.date().isoformat()} and until "
            f"{shadow.needed} operations analysed since then were decided on; so far {shadow.reviewed} were.",
            hint="Its numbers are in the policy's status; approve it then.",
        )
    if shadow.cost_proposed > shadow.cost_now + LEAST_COST:
        raise ConflictError(
            f"In the shadow the proposal {version} cost {shadow.cost_proposed:.2f} per thousand operations, "
            f"the thresholds in force {shadow.cost_now:.2f}.",
            hint="Propose again: the periods that closed since then are learnt from.",
        )


def roll_back(desk: Desk, *, by: str, reason: str) -> PolicyEvent:
    """Put back in force what was before the policy in force; one person may, and says why.

    Raises:
        UsageError: no reason is given.
        ConflictError: nothing was approved.
    """
    refuse_silence(reason)
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
    """Stop proposals and approvals, or allow them again; the policy in force stays.

    Raises:
        UsageError: no reason is given.
    """
    refuse_silence(reason)
    event = THAWED if thaw else FROZEN
    return add_event(
        desk.database, desk.tenant, event, actor=by, content={"motivo": reason}, told={"motivo": reason}
    )


def refuse_silence(reason: str) -> None:
    """Refuse an act without a reason: the audit log is read by others.

    Raises:
        UsageError: there is none, or one that no database holds.
    """
    if not reason.strip() or len(reason) > LONGEST_REASON or "\0" in reason:
        raise UsageError("A reason is needed.", hint=f"Say why, in at most {LONGEST_REASON:,} characters.")


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
