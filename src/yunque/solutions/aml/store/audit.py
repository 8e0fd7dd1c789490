"""Who did what, when, to what: a log that is only added to, each entry sealed over the one before it."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from yunque.runtime.database import Database
from yunque.solutions.aml.store.history import lock
from yunque.solutions.aml.store.tables import AUDIT

FIRST = "0" * 64


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One entry.

    Attributes:
        action: a word such as "analisis_creado" or "catalogo_cambiado".
        subject: what it was done to: an analysis, a client, an operation.
        details: further facts, as JSON.
    """

    actor: str
    action: str
    subject: str
    details: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Anchor:
    """An entry's number and seal, noted outside the database."""

    number: int
    digest: str

    def __str__(self) -> str:
        """Write it as a person notes it."""
        return f"{self.number}:{self.digest}"


@dataclass(frozen=True, kw_only=True)
class Verified:
    """What checking a log found.

    Attributes:
        entries: looked at; all of them when the log is whole.
        broken_at: the first entry that does not fit, None when all do.
        missing_from: the first entry that an anchor proves and the log lacks at its end, None when none is.
        last_digest: the seal of the last entry that fits.
    """

    entries: int
    broken_at: int | None
    last_digest: str
    missing_from: int | None = None

    @property
    def is_whole(self) -> bool:
        """Whether every entry fits and none is known to be missing."""
        return self.broken_at is None and self.missing_from is None


def seal(tenant: str, number: int, at: datetime, entry: Entry, previous: str) -> str:
    """Give the digest of an entry over everything in it and the one before."""
    facts = [
        *(tenant, number, at.astimezone(UTC).isoformat(timespec="microseconds")),
        *(entry.actor, entry.action, entry.subject, dict(entry.details), previous),
    ]
    text = json.dumps(facts, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def record(database: Database, tenant: str, entry: Entry) -> str:
    """Add an entry and give its digest."""
    with database.writing() as connection:
        return record_within(connection, database, tenant, entry)


def record_within(connection: sa.Connection, database: Database, tenant: str, entry: Entry) -> str:
    """Add an entry in the transaction of what it tells: both are there or neither. Give its digest."""
    lock(connection, tenant)
    mine = AUDIT.c.tenant == tenant
    newest = sa.select(AUDIT.c.number, AUDIT.c.digest).where(mine).order_by(AUDIT.c.number.desc()).limit(1)
    last = connection.execute(newest).first()
    number, previous = (last.number + 1, last.digest) if last else (1, FIRST)
    at = database.now(connection)
    digest = seal(tenant, number, at, entry, previous)
    connection.execute(
        AUDIT.insert().values(
            tenant=tenant,
            number=number,
            at=at,
            actor=entry.actor,
            action=entry.action,
            subject=entry.subject,
            details=dict(entry.details),
            previous=previous,
            digest=digest,
        )
    )
    return digest


def entries(database: Database, tenant: str, *, limit: int = 100) -> tuple[Mapping[str, Any], ...]:
    """Give the newest entries, newest first."""
    query = sa.select(AUDIT).where(AUDIT.c.tenant == tenant).order_by(AUDIT.c.number.desc()).limit(limit)
    with database.reading_as(tenant) as connection:
        return tuple(row._asdict() for row in connection.execute(query))


def newest_details(database: Database, tenant: str, *, action: str, subject: str) -> Mapping[str, Any]:
    """Give the details of the newest entry of an action on a subject; {} where there is none."""
    query = (
        sa.select(AUDIT.c.details)
        .where(AUDIT.c.tenant == tenant, AUDIT.c.action == action, AUDIT.c.subject == subject)
        .order_by(AUDIT.c.number.desc())
        .limit(1)
    )
    with database.reading_as(tenant) as connection:
        found = connection.execute(query).scalar()
    return {} if found is None else dict(found)


def verify(database: Database, tenant: str, anchors: Iterable[Anchor] = ()) -> Verified:
    """Check every entry against its seal, its number and the entry before it, and against anchors.

    Entries removed at the end show only against an anchor that is at least as new as they were.
    """
    noted: dict[int, set[str]] = {}
    for anchor in anchors:
        noted.setdefault(anchor.number, set()).add(anchor.digest)
    query = sa.select(AUDIT).where(AUDIT.c.tenant == tenant).order_by(AUDIT.c.number)
    previous, count = FIRST, 0
    with database.reading_as(tenant) as connection:
        for row in connection.execute(query):
            count += 1
            entry = Entry(actor=row.actor, action=row.action, subject=row.subject, details=row.details)
            is_next = row.number == count and row.previous == previous
            is_noted = noted.get(count, {row.digest}) == {row.digest}
            if not (is_next and is_noted) or seal(tenant, row.number, row.at, entry, previous) != row.digest:
                return Verified(entries=count, broken_at=count, last_digest=previous)
            previous = row.digest
    is_short = max(noted, default=0) > count
    missing = count + 1 if is_short else None
    return Verified(entries=count, broken_at=None, last_digest=previous, missing_from=missing)
