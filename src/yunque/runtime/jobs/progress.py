"""What a job tells while it runs: numbered events that a client can follow from any point."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from yunque.runtime.database import Database
from yunque.runtime.jobs.job import Job, State
from yunque.runtime.jobs.tables import JOB_EVENT

_WRITE = JOB_EVENT.insert()


@dataclass(frozen=True, kw_only=True)
class Note:
    """One thing to tell: a change of state, progress (`fraction` in 0..1), or a line of the log."""

    kind: str
    text: str = ""
    fraction: float | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def state(cls, state: State, **facts: Any) -> "Note":
        """Tell that the job has changed its state."""
        return cls(kind="state", text=state.value, facts=facts)

    @classmethod
    def progress(cls, fraction: float, text: str = "") -> "Note":
        """Tell how far the job is, `fraction` in 0..1."""
        return cls(kind="progress", text=text, fraction=min(1.0, max(0.0, fraction)))

    @classmethod
    def log(cls, text: str) -> "Note":
        """Tell a line that the person who waits may read."""
        return cls(kind="log", text=text)


@dataclass(frozen=True, kw_only=True)
class Event:
    """One numbered event of a job; numbers start at 1 and have no gap."""

    number: int
    at: datetime
    kind: str
    text: str
    fraction: float | None
    facts: Mapping[str, Any]


def body_of(note: Note) -> dict[str, Any]:
    """Give what an event's row keeps of a note beside its kind."""
    return {"text": note.text, "fraction": note.fraction, "facts": dict(note.facts)}


def write_notes(connection: sa.Connection, job: Job, now: datetime, notes: Collection[Note]) -> None:
    """Write `notes` as the job's newest events.

    The caller has added their number to `job.events` in the same transaction, which holds the row: that is
    why numbers have no gap and a reader never sees a later one first.
    """
    if not notes:
        return
    first = job.events - len(notes) + 1
    rows = [
        {
            "job_id": job.id,
            "number": first + place,
            "tenant": job.tenant,
            "at": now,
            "kind": note.kind,
            "body": body_of(note),
        }
        for place, note in enumerate(notes)
    ]
    connection.execute(_WRITE, rows if len(rows) > 1 else rows[0])


def events_after(
    database: Database, tenant: str, job_id: str, number: int = 0, *, limit: int = 500
) -> tuple[Event, ...]:
    """Give the events after `number`, oldest first; a client that lost its line goes on from its last."""
    query = (
        sa.select(JOB_EVENT)
        .where(JOB_EVENT.c.job_id == job_id, JOB_EVENT.c.tenant == tenant, JOB_EVENT.c.number > number)
        .order_by(JOB_EVENT.c.number)
        .limit(limit)
    )
    with database.reading_as(tenant) as connection:
        return tuple(
            Event(number=row.number, at=row.at, kind=row.kind, **row.body)
            for row in connection.execute(query)
        )
