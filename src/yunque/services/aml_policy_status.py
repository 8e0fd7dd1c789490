"""Where the threshold policy stands, for people: layers, thresholds in force, the proposal and its shadow."""

from typing import Any

from yunque.services.aml_desk import Desk
from yunque.services.aml_policy import settings_of
from yunque.services.aml_shadow import in_force, shadow_facts, shadow_of, stack_in_use
from yunque.solutions.aml.policy import SEGMENTS, read_policy
from yunque.solutions.aml.store.policies import (
    FROZEN,
    IN_FORCE,
    PROPOSED,
    THAWED,
    PolicyEvent,
    newest,
    read_events,
)


def policy_status(desk: Desk) -> dict[str, Any]:
    """Give what is in force, what waits, and what happened, as JSON.

    Raises:
        ConflictError: no layers are in use, so there is no threshold.
    """
    stack, policy = stack_in_use(desk), in_force(desk)
    events = read_events(desk.database, desk.tenant)
    held = newest(events, FROZEN, THAWED)
    lines = {name: policy.thresholds.get(name, (stack.unusual, stack.worrying)) for name in SEGMENTS}
    return {
        "capas": stack.facts(),
        "umbrales_del_modelo": {"inusual": stack.unusual, "preocupante": stack.worrying},
        "umbrales": {name: {"inusual": low, "preocupante": high} for name, (low, high) in lines.items()},
        "en_vigor": policy.facts(),
        "ajustes": vars(settings_of(events)),
        "congelada": held is not None and held.event == FROZEN,
        "propuesta": waiting(desk, events),
        "historia": [history_line(event) for event in events],
    }


def waiting(desk: Desk, events: tuple[PolicyEvent, ...]) -> dict[str, Any] | None:
    """Give the proposal that waits for approval, with what its shadow tells; None where none does."""
    found = newest(events, PROPOSED, *IN_FORCE)
    if found is None or found.event != PROPOSED:
        return None
    proposed = read_policy(found.content, version=found.label, approved_by=None)
    return {
        "version": found.label,
        "propuesta_por": found.actor,
        "umbrales": {
            name: {"inusual": low, "preocupante": high} for name, (low, high) in proposed.thresholds.items()
        },
        "evidencia": dict(proposed.evidence),
        "sombra": shadow_facts(shadow_of(desk, found, proposed)),
    }


def history_line(event: PolicyEvent) -> dict[str, Any]:
    """Give an event without its content."""
    return {
        "version": event.label,
        "evento": event.event,
        "por": event.actor,
        "cuando": event.at.isoformat(),
    }


def event_document(event: PolicyEvent) -> dict[str, Any]:
    """Give an event whole."""
    return {**history_line(event), "contenido": dict(event.content)}
