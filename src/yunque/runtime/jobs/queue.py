"""The queue: who may work on which job, for how long, and what happens when a worker disappears."""

import functools
import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from yunque.errors import ConflictError
from yunque.runtime.database import Database, moment_named
from yunque.runtime.jobs.job import Job, State
from yunque.runtime.jobs.kind import Kind
from yunque.runtime.jobs.progress import Note, write_notes
from yunque.runtime.jobs.tables import ATTEMPT, JOB, PAUSE

EVERY_KIND = "*"
_BEGIN_ATTEMPT = ATTEMPT.insert()
_NO_TIME = timedelta(0)


class LeaseLost(ConflictError):  # noqa: N818 — it names what happened, as the state machine's word
    """Another worker owns the job by now: this attempt's work is thrown away."""

    code = "lease_lost"


@dataclass(frozen=True, kw_only=True)
class Policy:
    """The queue's times and limits.

    Args:
        lease_seconds: how long a claim or heartbeat holds; a heartbeat comes every third of it.
        backoff_seconds: wait before the second attempt; doubles with each, up to `backoff_cap_seconds`.
        running_per_tenant: jobs of one tenant that may run at once; None is no limit.
        waiting_per_tenant: jobs of one tenant that may wait in line; None is no limit.
    """

    lease_seconds: float = 60.0
    backoff_seconds: float = 2.0
    backoff_cap_seconds: float = 600.0
    running_per_tenant: int | None = None
    waiting_per_tenant: int | None = None

    @property
    def lease(self) -> timedelta:
        """How long a claim or heartbeat holds."""
        return timedelta(seconds=self.lease_seconds)

    def backoff(self, job_id: str, attempts: int) -> timedelta:
        """Give the wait after `attempts` attempts; its jitter is drawn from the job's id."""
        seconds = min(self.backoff_cap_seconds, self.backoff_seconds * 2.0 ** max(0, attempts - 1))
        draw = hashlib.sha256(f"{job_id}:{attempts}".encode()).digest()
        return timedelta(seconds=seconds * (0.5 + int.from_bytes(draw[:4], "big") / 2**32))


@dataclass(frozen=True, kw_only=True)
class Queue:
    """The job table with the kinds this process knows and the rules it keeps."""

    database: Database
    kinds: Mapping[str, Kind]
    policy: Policy = field(default_factory=Policy)


class Verdict(StrEnum):
    """What a heartbeat tells the worker."""

    GO_ON = "go_on"
    CANCEL = "cancel"
    LOST = "lost"


def claim(queue: Queue, owner: str, *, job_id: str | None = None) -> Job | None:
    """Take the next job in line (or the one named), counting an attempt; None when there is nothing to do.

    The line: highest priority first, then tenants in turn, then age. A tenant at its limit of running jobs
    is passed over, a paused kind waits.
    """
    database = queue.database
    with database.writing() as connection:
        values = {"the_owner": owner, **database.moments(moment=_NO_TIME, until=queue.policy.lease)}
        if queue.policy.running_per_tenant is None:
            statement = _claiming(tuple(queue.kinds), database.server_time, job_id is not None)
            row = connection.execute(statement, values | {"the_job": job_id}).first()
        else:
            chosen = _choose(connection, queue, job_id)
            statement = _taking(database.server_time)
            row = connection.execute(statement, values | {"the_job": chosen}).first() if chosen else None
        if row is None:
            return None
        job, now = Job.from_row(row), row.lease_until - queue.policy.lease
        connection.execute(
            _BEGIN_ATTEMPT,
            {"job_id": job.id, "fence": job.fence, "tenant": job.tenant, "owner": owner, "started_at": now},
        )
        write_notes(connection, job, now, [Note.state(State.RUNNING, attempt=job.attempts)])
        return job


def heartbeat(queue: Queue, job: Job, notes: Collection[Note] = ()) -> Verdict:
    """Prolong the lease and write what the job has told since the last beat, in one transaction."""
    with queue.database.writing() as connection:
        told = [note for note in notes if note.fraction is not None]
        until = queue.database.moment(queue.policy.lease)
        values: dict[str, Any] = {"lease_until": until, "events": JOB.c.events + len(notes)}
        if told:
            values |= {"progress": told[-1].fraction, "progress_message": told[-1].text}
        row = connection.execute(held(job).values(**values).returning(JOB)).first()
        if row is None:
            return Verdict.LOST
        write_notes(connection, Job.from_row(row), row.lease_until - queue.policy.lease, notes)
        return Verdict.CANCEL if row.cancel_requested else Verdict.GO_ON


def held(job: Job) -> sa.Update:
    """Give the update that touches the job's row only while this attempt still owns it."""
    return JOB.update().where(JOB.c.id == job.id, JOB.c.state == State.RUNNING, JOB.c.fence == job.fence)


def next_in_line(queue: Queue, limit: int) -> tuple[str, ...]:
    """Give the ids of the jobs that would be claimed next, without any lock."""
    values = {"how_many": limit, **queue.database.moments(moment=_NO_TIME)}
    statement = _peeking(tuple(queue.kinds), queue.database.server_time, queue.policy.running_per_tenant)
    with queue.database.reading() as connection:
        return tuple(connection.execute(statement, values).scalars().all())


def has_work(queue: Queue) -> bool:
    """Say, without any lock, whether a claim would probably find a job: the idle worker's question."""
    return bool(next_in_line(queue, 1))


# Building a statement takes longer than running it, so those of every claim are built once.


@functools.lru_cache(64)
def _claiming(kinds: tuple[str, ...], server_time: bool, is_named: bool) -> sa.Update:
    """Give the update that takes the next job, where nothing has to be counted; it locks what it chooses."""
    line = _line(kinds, server_time).with_only_columns(JOB.c.id)
    if is_named:
        line = line.where(JOB.c.id == sa.bindparam("the_job"))
    return _take(_locked(line).correlate(None).scalar_subquery(), server_time)


@functools.cache
def _taking(server_time: bool) -> sa.Update:
    return _take(sa.bindparam("the_job"), server_time)


@functools.lru_cache(64)
def _peeking(kinds: tuple[str, ...], server_time: bool, running_per_tenant: int | None) -> sa.Select[Any]:
    line = _with_room(_line(kinds, server_time), running_per_tenant)
    return line.with_only_columns(JOB.c.id).limit(sa.bindparam("how_many", type_=sa.Integer()))


def _take(job_id: Any, server_time: bool) -> sa.Update:
    # Nothing that an index could be searched by: before Postgres has taken statistics, it prefers to look
    # through all that is queued over looking up the key.
    is_queued = JOB.c.state.concat("") == State.QUEUED
    return (
        JOB.update()
        .where(JOB.c.id == job_id, is_queued)
        .values(
            state=State.RUNNING,
            owner=sa.bindparam("the_owner"),
            fence=JOB.c.fence + 1,
            attempts=JOB.c.attempts + 1,
            lease_until=moment_named("until", server_time=server_time),
            started_at=sa.func.coalesce(JOB.c.started_at, moment_named("moment", server_time=server_time)),
            events=JOB.c.events + 1,
        )
        .returning(JOB)
    )


def _choose(connection: sa.Connection, queue: Queue, job_id: str | None) -> str | None:
    """Give the id of the job to claim, locked, where jobs of a tenant have to be counted."""
    line = _line(tuple(queue.kinds), queue.database.server_time)
    line = _with_room(line, queue.policy.running_per_tenant)
    if job_id is not None:
        line = line.where(JOB.c.id == job_id)
    passed_over: set[str] = set()
    while True:
        rest = line.where(JOB.c.tenant.not_in(list(passed_over))) if passed_over else line
        row = connection.execute(_locked(rest), queue.database.moments(moment=_NO_TIME)).first()
        if row is None or _has_room(connection, queue, row.tenant):
            return None if row is None else str(row.id)
        passed_over.add(row.tenant)


def _locked(line: sa.Select[Any]) -> sa.Select[Any]:
    return line.limit(1).with_for_update(skip_locked=True, of=JOB)


def _line(kinds: tuple[str, ...], server_time: bool) -> sa.Select[Any]:
    paused = sa.select(PAUSE.c.kind)
    return (
        sa.select(JOB.c.id, JOB.c.tenant)
        .where(
            JOB.c.state == State.QUEUED,
            JOB.c.run_after <= moment_named("moment", server_time=server_time),
            JOB.c.kind.in_(kinds),
            JOB.c.kind.not_in(paused),
            ~sa.exists(paused.where(PAUSE.c.kind == EVERY_KIND)),
        )
        .order_by(JOB.c.priority.desc(), JOB.c.turn, JOB.c.created_at, JOB.c.id)
    )


def _with_room(line: sa.Select[Any], limit: int | None) -> sa.Select[Any]:
    return line if limit is None else line.where(JOB.c.tenant.not_in(_full_tenants(limit)))


def _full_tenants(limit: int) -> sa.Select[tuple[str]]:
    running = JOB.alias("running")
    return (
        sa.select(running.c.tenant)
        .where(running.c.state == State.RUNNING)
        .group_by(running.c.tenant)
        .having(sa.func.count() >= limit)
    )


def _has_room(connection: sa.Connection, queue: Queue, tenant: str) -> bool:
    """Count again where two claims at once could both have seen the last free place (Postgres only)."""
    limit = queue.policy.running_per_tenant
    if limit is None or connection.dialect.name != "postgresql":
        return True
    if not connection.execute(
        sa.select(sa.func.pg_try_advisory_xact_lock(sa.func.hashtextextended(f"yunque:{tenant}", 0)))
    ).scalar_one():
        return False
    running = connection.execute(
        sa.select(sa.func.count()).where(JOB.c.tenant == tenant, JOB.c.state == State.RUNNING)
    ).scalar_one()
    return running < limit
