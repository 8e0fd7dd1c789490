"""Versions that are tried beside the champion: in its shadow, or as a canary for a share of the requests.

What runs is an alias of the registry, "shadow" or "canary"; with which numbers it runs, and how it ended,
stands in the record of events.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, get_args

import sqlalchemy as sa

from yunque.models.registry_races import repeated
from yunque.models.registry_rows import ALIASES, EVENTS, Event, EventKind, Version, insert_event, set_alias
from yunque.runtime.database import Database

TrialArm = Literal["shadow", "canary"]
TRIAL_ARMS: tuple[TrialArm, ...] = get_args(TrialArm)
STOP: EventKind = "stop"


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One trial that runs.

    Attributes:
        id: number of the event that began it.
        name, version: what is tried.
        arm: how.
        details: the numbers that it runs with, as they were given.
        actor, reason, at: who began it, why and when.
    """

    id: int
    name: str
    version: int
    arm: TrialArm
    details: Mapping[str, Any]
    actor: str
    reason: str
    at: datetime

    @property
    def label(self) -> str:
        """How the version is written: "channel@3"."""
        return f"{self.name}@{self.version}"


class Trials:
    """The trials of a registry; one shadow and one canary a model at most."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(self, version: Version, arm: TrialArm, who: tuple[str, str], details: dict[str, Any]) -> Trial:
        """Begin a trial; one of the same kind that runs ends with it.

        Args:
            version: what is tried.
            arm: how.
            who: who begins it, and why.
            details: numbers for the record.
        """

        def begin() -> None:
            with self._database.writing() as connection:
                now = self._database.now(connection)
                previous = set_alias(connection, version.name, arm, version.version, now)
                facts = {"previous": previous, **details}
                insert_event(
                    connection,
                    Event(
                        name=version.name, version=version.version, event=arm,
                        actor=who[0], reason=who[1], at=now, details=facts,
                    ),
                )  # fmt: skip

        repeated(begin)
        return next(trial for trial in self.running() if (trial.name, trial.arm) == (version.name, arm))

    def stop(self, trial: Trial, *, by: str, reason: str, automatic: bool = False) -> bool:
        """End a trial, once: say whether it still ran.

        Args:
            trial: the one to end; a younger one of the same kind goes on.
            by: who ends it.
            reason: why.
            automatic: whether the server found the reason by itself.
        """
        with self._database.writing() as connection:
            if _newest_id(connection, trial.name, trial.arm) != trial.id:
                return False
            key = sa.and_(ALIASES.c.name == trial.name, ALIASES.c.alias == trial.arm)
            if not connection.execute(ALIASES.delete().where(key)).rowcount:
                return False
            insert_event(
                connection,
                Event(
                    name=trial.name, version=trial.version, event=STOP, actor=by, reason=reason,
                    at=self._database.now(connection),
                    details={"arm": trial.arm, "trial": trial.id, "automatic": automatic},
                ),
            )  # fmt: skip
        return True

    def running(self) -> tuple[Trial, ...]:
        """Give the trials that run, by model and kind."""
        newest = (
            sa.select(sa.func.max(EVENTS.c.id).label("id"))
            .select_from(
                ALIASES.join(
                    EVENTS, sa.and_(EVENTS.c.name == ALIASES.c.name, EVENTS.c.event == ALIASES.c.alias)
                )
            )
            .where(ALIASES.c.alias.in_(TRIAL_ARMS))
            .group_by(ALIASES.c.name, ALIASES.c.alias)
            .subquery()
        )
        query = (
            sa.select(EVENTS).join(newest, EVENTS.c.id == newest.c.id).order_by(EVENTS.c.name, EVENTS.c.event)
        )
        with self._database.reading() as connection:
            return tuple(_trial(row) for row in connection.execute(query))


def _newest_id(connection: sa.Connection, name: str, arm: str) -> int | None:
    found = connection.execute(
        sa.select(sa.func.max(EVENTS.c.id)).where(EVENTS.c.name == name, EVENTS.c.event == arm)
    )
    return found.scalar()


def _trial(row: Any) -> Trial:
    return Trial(
        id=row.id,
        name=row.name,
        version=row.version,
        arm=row.event,
        details=row.details,
        actor=row.actor,
        reason=row.reason,
        at=row.at,
    )
