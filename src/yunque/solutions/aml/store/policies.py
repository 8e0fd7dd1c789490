"""The record of models and threshold policies: events that are added, the newest of which holds."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from yunque.runtime.database import Database
from yunque.solutions.aml.store.audit import Entry, record_within
from yunque.solutions.aml.store.history import lock
from yunque.solutions.aml.store.learnt_tables import POLICY

STACK, PROPOSED, APPROVED, ROLLED_BACK = "pila", "propuesta", "aprobada", "revertida"
FROZEN, THAWED, SETTINGS = "congelada", "descongelada", "ajustes"
IN_FORCE = (APPROVED, ROLLED_BACK)


@dataclass(frozen=True, kw_only=True)
class PolicyEvent:
    """One event: the number is the version that results cite."""

    number: int
    at: datetime
    event: str
    actor: str
    content: Mapping[str, Any]

    @property
    def label(self) -> str:
        """How results cite it."""
        return f"v{self.number}"


def add_event(
    database: Database,
    tenant: str,
    event: str,
    *,
    actor: str,
    content: Mapping[str, Any],
    told: Mapping[str, Any],
) -> PolicyEvent:
    """Add an event with its entry in the audit log, which holds `told`, both or neither."""
    with database.writing() as connection:
        lock(connection, tenant)
        newest = sa.select(sa.func.max(POLICY.c.number)).where(POLICY.c.tenant == tenant)
        number = int(connection.execute(newest).scalar() or 0) + 1
        at = database.now(connection)
        row = {"number": number, "at": at, "event": event, "actor": actor, "content": dict(content)}
        connection.execute(POLICY.insert().values(tenant=tenant, **row))
        entry = Entry(actor=actor, action=f"politica_{event}", subject=f"v{number}", details=dict(told))
        record_within(connection, database, tenant, entry)
    return PolicyEvent(number=number, at=at, event=event, actor=actor, content=dict(content))


def read_events(database: Database, tenant: str) -> tuple[PolicyEvent, ...]:
    """Give a tenant's events, oldest first."""
    query = sa.select(POLICY).where(POLICY.c.tenant == tenant).order_by(POLICY.c.number)
    with database.reading_as(tenant) as connection:
        return tuple(
            PolicyEvent(number=row.number, at=row.at, event=row.event, actor=row.actor, content=row.content)
            for row in connection.execute(query)
        )


def newest(events: tuple[PolicyEvent, ...], *kinds: str) -> PolicyEvent | None:
    """Give the newest event of some kinds."""
    return next((one for one in reversed(events) if one.event in kinds), None)
