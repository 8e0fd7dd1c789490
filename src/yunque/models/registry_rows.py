"""The registry's rows: versions, aliases, and the record of who changed what."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa

from yunque.runtime.database import METADATA, Json, Moment

EventKind = Literal["publish", "promote", "rollback", "alias", "shadow", "canary", "stop"]

VERSIONS = sa.Table(
    "model_version",
    METADATA,
    sa.Column("name", sa.String(200), primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("bundle_key", sa.String(600), nullable=False),
    sa.Column("bundle_digest", sa.String(80), nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("facts", Json, nullable=False),
)
ALIASES = sa.Table(
    "model_alias",
    METADATA,
    sa.Column("name", sa.String(200), primary_key=True),
    sa.Column("alias", sa.String(64), primary_key=True),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("changed_at", Moment, nullable=False),
    sa.ForeignKeyConstraint(["name", "version"], ["model_version.name", "model_version.version"]),
)
EVENTS = sa.Table(
    "model_event",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("name", sa.String(200), nullable=False, index=True),
    sa.Column("version", sa.Integer, nullable=True),
    sa.Column("event", sa.String(64), nullable=False),
    sa.Column("actor", sa.String(200), nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("at", Moment, nullable=False),
    sa.Column("details", Json, nullable=False),
)


@dataclass(frozen=True, kw_only=True)
class Version:
    """One published bundle.

    Attributes:
        name, version: how it is called.
        bundle_key: where it lies below the registry's folder.
        bundle_id: SHA-256 of its manifest.
        created_at: when it was published.
        facts: its lineage and headline numbers: dataset fingerprint, contract digest, task, metric, loss.
        aliases: names that point at it now.
    """

    name: str
    version: int
    bundle_key: str
    bundle_id: str
    created_at: datetime
    facts: Mapping[str, Any]
    aliases: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """How it is written: "channel@3"."""
        return f"{self.name}@{self.version}"


@dataclass(frozen=True, kw_only=True)
class Event:
    """One change: who did what to which version, when and why."""

    name: str
    version: int | None
    event: EventKind
    actor: str
    reason: str
    at: datetime
    details: Mapping[str, Any]


def insert_version(connection: sa.Connection, version: Version) -> None:
    """Add a version; a number that is taken is an IntegrityError."""
    connection.execute(
        VERSIONS.insert().values(
            name=version.name,
            version=version.version,
            bundle_key=version.bundle_key,
            bundle_digest=version.bundle_id,
            created_at=version.created_at,
            facts=dict(version.facts),
        )
    )


def insert_event(connection: sa.Connection, event: Event) -> None:
    """Add a line to the record."""
    connection.execute(
        EVENTS.insert().values(
            name=event.name,
            version=event.version,
            event=event.event,
            actor=event.actor,
            reason=event.reason,
            at=event.at,
            details=dict(event.details),
        )
    )


def set_alias(connection: sa.Connection, name: str, alias: str, version: int, at: datetime) -> int | None:
    """Point an alias at a version and give the version it pointed at before."""
    key = sa.and_(ALIASES.c.name == name, ALIASES.c.alias == alias)
    previous = connection.execute(sa.select(ALIASES.c.version).where(key).with_for_update()).scalar()
    if previous is None:
        connection.execute(ALIASES.insert().values(name=name, alias=alias, version=version, changed_at=at))
        return None
    connection.execute(ALIASES.update().where(key).values(version=version, changed_at=at))
    return int(previous)


def highest_version(connection: sa.Connection, name: str) -> int:
    """Give the highest version number of a model, 0 when it has none."""
    found = connection.execute(sa.select(sa.func.max(VERSIONS.c.version)).where(VERSIONS.c.name == name))
    return int(found.scalar() or 0)


def select_versions(connection: sa.Connection, name: str | None = None) -> list[Version]:
    """Give the versions of one model, or of all, by name and number."""
    rows = sa.select(VERSIONS).order_by(VERSIONS.c.name, VERSIONS.c.version)
    pointers = sa.select(ALIASES).order_by(ALIASES.c.alias)
    if name is not None:
        rows, pointers = rows.where(VERSIONS.c.name == name), pointers.where(ALIASES.c.name == name)
    aliases: dict[tuple[str, int], list[str]] = {}
    for row in connection.execute(pointers):
        aliases.setdefault((row.name, row.version), []).append(row.alias)
    return [_version(row, aliases.get((row.name, row.version), ())) for row in connection.execute(rows)]


def _version(row: Any, aliases: Sequence[str]) -> Version:
    return Version(
        name=row.name,
        version=row.version,
        bundle_key=row.bundle_key,
        bundle_id=row.bundle_digest,
        created_at=row.created_at,
        facts=row.facts,
        aliases=tuple(aliases),
    )


def select_events(connection: sa.Connection, name: str) -> list[Event]:
    """Give the record of a model, oldest first."""
    rows = connection.execute(sa.select(EVENTS).where(EVENTS.c.name == name).order_by(EVENTS.c.id))
    return [
        Event(
            name=row.name,
            version=row.version,
            event=row.event,
            actor=row.actor,
            reason=row.reason,
            at=row.at,
            details=row.details,
        )
        for row in rows
    ]


def published_once(connection: sa.Connection, name: str, once: str) -> Version | None:
    """Give the version whose record says that it was published under the words `once`."""
    if not once:
        return None
    numbers = {
        event.version
        for event in select_events(connection, name)
        if event.event == "publish" and event.details.get("once") == once
    }
    return next((each for each in select_versions(connection, name) if each.version in numbers), None)


def previous_champion(events: Sequence[Event]) -> int | None:
    """Give the version that was champion before the current one, None when there was none.

    A rollback takes the latest promotion back, so that two rollbacks go two steps back.
    """
    reigns: list[int] = []
    for event in events:
        if event.event == "promote" and event.version is not None and reigns[-1:] != [event.version]:
            reigns.append(event.version)
        elif event.event == "rollback" and len(reigns) > 1:
            reigns.pop()
    return reigns[-2] if len(reigns) > 1 else None
