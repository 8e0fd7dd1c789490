"""Looking at jobs without touching them: one, many, their attempts, how many stand where."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from yunque.errors import NotFoundError
from yunque.runtime.database import Database
from yunque.runtime.jobs.job import Job, State
from yunque.runtime.jobs.tables import ATTEMPT, JOB, PAUSE


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One try at a job: who made it, when, how it ended and where its log stands."""

    fence: int
    owner: str
    started_at: datetime
    ended_at: datetime | None
    outcome: str | None
    reason: str | None
    log_key: str | None


@dataclass(frozen=True, kw_only=True)
class JobFilter:
    """Which jobs to list; None is all. `after` continues a list after the job of that id."""

    tenant: str | None = None
    state: State | None = None
    kind: str | None = None
    after: str | None = None
    limit: int = 50


def job_of(database: Database, tenant: str, job_id: str) -> Job:
    """Give the tenant's job; a job of another tenant does not exist for this one (NotFoundError)."""
    query = sa.select(JOB).where(JOB.c.id == job_id, JOB.c.tenant == tenant)
    with database.reading_as(tenant) as connection:
        row = connection.execute(query).first()
    if row is None:
        raise NotFoundError("There is no such job.")
    return Job.from_row(row)


def any_job(database: Database, job_id: str) -> Job:
    """Give a job of any tenant: for workers and operators only."""
    with database.reading() as connection:
        row = connection.execute(sa.select(JOB).where(JOB.c.id == job_id)).first()
    if row is None:
        raise NotFoundError("There is no such job.")
    return Job.from_row(row)


def list_jobs(database: Database, wanted: JobFilter) -> tuple[Job, ...]:
    """Give the jobs asked for, newest first."""
    query = sa.select(JOB).order_by(JOB.c.created_at.desc(), JOB.c.id).limit(wanted.limit)
    for column, value in (
        (JOB.c.tenant, wanted.tenant),
        (JOB.c.state, wanted.state),
        (JOB.c.kind, wanted.kind),
    ):
        if value is not None:
            query = query.where(column == value)
    if wanted.after is not None:
        last = sa.select(JOB.c.created_at).where(JOB.c.id == wanted.after).scalar_subquery()
        same_moment = sa.and_(JOB.c.created_at == last, JOB.c.id > wanted.after)
        query = query.where(sa.or_(JOB.c.created_at < last, same_moment))
    with database.reading_as(wanted.tenant) as connection:
        return tuple(Job.from_row(row) for row in connection.execute(query))


def attempts_of(database: Database, job_id: str) -> tuple[Attempt, ...]:
    """Give every attempt at a job, oldest first."""
    query = sa.select(ATTEMPT).where(ATTEMPT.c.job_id == job_id).order_by(ATTEMPT.c.fence)
    with database.reading() as connection:
        return tuple(
            Attempt(**{name: getattr(row, name) for name in Attempt.__dataclass_fields__})
            for row in connection.execute(query)
        )


def count_jobs(database: Database) -> Mapping[str, Mapping[str, int]]:
    """Give how many jobs of each kind stand in each state: {kind: {state: count}}."""
    query = sa.select(JOB.c.kind, JOB.c.state, sa.func.count()).group_by(JOB.c.kind, JOB.c.state)
    found: dict[str, dict[str, int]] = {}
    with database.reading() as connection:
        for kind, state, count in connection.execute(query):
            found.setdefault(kind, {})[state] = count
    return found


def pauses(database: Database) -> Mapping[str, Any]:
    """Give the kinds that are paused, each with its reason."""
    with database.reading() as connection:
        return {row.kind: row.reason for row in connection.execute(sa.select(PAUSE))}
