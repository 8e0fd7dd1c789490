"""Writing a new job behind those that wait: in one statement on Postgres, in a few on SQLite."""

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert as postgres_insert

from yunque.errors import LimitError, NotFoundError
from yunque.runtime.database import Moment, moment_named
from yunque.runtime.jobs.job import State
from yunque.runtime.jobs.progress import Note, body_of
from yunque.runtime.jobs.queue import Queue
from yunque.runtime.jobs.tables import JOB, JOB_EVENT, UPLOAD

_GIVEN = (
    "id", "tenant", "kind", "payload", "idempotency_key", "request_hash", "upload_id", "retry_of",
    "priority", "max_attempts", "timeout_seconds", "memory_bytes", "request_id",
)  # fmt: skip
_NEW: Mapping[str, Any] = {
    "state": State.QUEUED,
    "fence": 0,
    "attempts": 0,
    "cancel_requested": False,
    "progress": 0.0,
    "progress_message": "",
    "events": 1,
}
_FIRST_EVENT: Mapping[str, Any] = {"number": 1, "kind": "state", "body": body_of(Note.state(State.QUEUED))}
_PUT, _TELL = JOB.insert(), JOB_EVENT.insert()
_TENANT = JOB.c.tenant == sa.bindparam("tenant")


@dataclass(frozen=True, kw_only=True)
class Line:
    """How the line stood: the moment, the job that the key names, and the turn of the new one.

    Attributes:
        known: id of the job that the key named before, as far as it could be seen.
        is_put: whether the new job was written; it is not when its key is taken.
    """

    now: datetime
    known: str | None
    turn: int
    is_put: bool


def new_row(**given: Any) -> dict[str, Any]:
    """Give the row of a job that nobody has worked on, but for its place in line."""
    return {**_NEW, **given}


def put_at_once(connection: sa.Connection, queue: Queue, row: Mapping[str, Any]) -> Line:
    """Look, check and write in one statement, which may be a transaction of its own (Postgres).

    Raises:
        LimitError, NotFoundError: the line is full, there is no such upload; then nothing was written.
    """
    limit = queue.policy.waiting_per_tenant
    statement = _putting(queue.database.server_time, row["upload_id"] is not None, limit is not None)
    values = _asked(queue, row) | {f"job_{name}": row[name] for name in _GIVEN}
    found = connection.execute(statement, values | {"limit": limit}).one()
    if found.known is None:
        _refuse(queue, found.waiting, has_upload=found.has_upload)
    return Line(now=found.now, known=found.known, turn=found.turn or 0, is_put=found.turn is not None)


def put_in_steps(connection: sa.Connection, queue: Queue, row: Mapping[str, Any]) -> Line:
    """Look, check and write within a transaction that holds the lock on all writing (SQLite).

    Raises:
        LimitError, NotFoundError: the line is full, there is no such upload.
    """
    server_time, has_upload = queue.database.server_time, row["upload_id"] is not None
    limit = queue.policy.waiting_per_tenant
    values = _asked(queue, row) | {"job_upload_id": row["upload_id"]}
    found = connection.execute(_looking(server_time, has_upload, limit is not None), values).one()
    turn = max(found.first_turn or 0, -1 if found.last_turn is None else found.last_turn + 1)
    line = Line(now=found.now, known=found.known, turn=turn, is_put=found.known is None)
    if line.is_put:
        _refuse(queue, found.waiting, has_upload=found.has_upload)
        place = {"turn": line.turn, "run_after": line.now, "created_at": line.now}
        connection.execute(_PUT, dict(row) | place)
        event = {"job_id": row["id"], "tenant": row["tenant"], "at": line.now}
        connection.execute(_TELL, {**_FIRST_EVENT, **event})
    return line


def known_job(connection: sa.Connection, queue: Queue, row: Mapping[str, Any]) -> str | None:
    """Give the id of the job that the key names by now."""
    statement = _looking(queue.database.server_time, has_upload=False, has_limit=False)
    known: str | None = connection.execute(statement, _asked(queue, row)).one().known
    return known


def _asked(queue: Queue, row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "has_key": row["idempotency_key"] is not None,
        "key": row["idempotency_key"] or "",
        "tenant": row["tenant"],
        "priority": row["priority"],
        **queue.database.moments(moment=timedelta(0)),
    }


def _refuse(queue: Queue, waiting: int, *, has_upload: bool) -> None:
    limit = queue.policy.waiting_per_tenant
    if limit is not None and waiting >= limit:
        raise LimitError(
            f"{waiting} jobs wait already, which is the limit.", hint="Wait until some are done."
        )
    if not has_upload:
        raise NotFoundError("There is no such upload.", hint="Upload the file first; uploads expire.")


@functools.lru_cache(16)  # building a statement takes longer than running it
def _looking(server_time: bool, has_upload: bool, has_limit: bool) -> sa.Select[Any]:
    """Ask for everything that a submission depends on.

    The turn makes tenants take turns (start-time fair queueing, Goyal et al. 1996): a tenant's next job comes
    one turn after its last; a tenant that waits for nothing starts where the line stands now, so a flood by
    one delays the others by one job, not by all of them.
    """
    waiting = (JOB.c.state == State.QUEUED, JOB.c.priority == sa.bindparam("priority"))
    # Without a key there is nothing to find: "= NULL" would become "IS NULL" and find every such job.
    has_key = sa.bindparam("has_key", type_=sa.Boolean())
    known = sa.select(JOB.c.id).where(has_key, _TENANT, JOB.c.idempotency_key == sa.bindparam("key"))
    first = sa.select(sa.func.min(JOB.c.turn)).where(*waiting)
    last = sa.select(sa.func.max(JOB.c.turn)).where(_TENANT, *waiting)
    count = sa.select(sa.func.count()).where(_TENANT, JOB.c.state == State.QUEUED)
    return sa.select(
        sa.type_coerce(moment_named("moment", server_time=server_time), Moment()).label("now"),
        known.scalar_subquery().label("known"),
        first.scalar_subquery().label("first_turn"),
        last.scalar_subquery().label("last_turn"),
        (count.scalar_subquery() if has_limit else sa.literal_column("0", sa.Integer())).label("waiting"),
        (_upload().is_not(None) if has_upload else sa.literal(True, sa.Boolean())).label("has_upload"),
    )


def _upload() -> sa.ScalarSelect[Any]:
    # On Postgres the row stays locked until the job names it, so that it cannot be collected in between.
    named = (UPLOAD.c.id == sa.bindparam("job_upload_id"), UPLOAD.c.tenant == sa.bindparam("tenant"))
    return sa.select(UPLOAD.c.id).where(*named).with_for_update(read=True).scalar_subquery()


@functools.lru_cache(16)
def _putting(server_time: bool, has_upload: bool, has_limit: bool) -> sa.Select[Any]:
    """Look, write the job unless something speaks against it, and tell its first event."""
    line = _looking(server_time, has_upload, has_limit).cte("line")
    turn = sa.func.greatest(sa.func.coalesce(line.c.first_turn, 0), line.c.last_turn + 1)
    columns: dict[str, Any] = {
        name: sa.bindparam(f"job_{name}", type_=JOB.c[name].type) for name in _GIVEN
    } | {name: sa.literal(value, JOB.c[name].type) for name, value in _NEW.items()}
    columns |= {"turn": turn, "run_after": line.c.now, "created_at": line.c.now}
    wanted = [line.c.known.is_(None), line.c.has_upload]
    if has_limit:
        wanted.append(line.c.waiting < sa.bindparam("limit", type_=sa.Integer()))
    source = sa.select(*columns.values()).select_from(line).where(*wanted)
    put = (
        postgres_insert(JOB)
        .from_select(list(columns), source)
        .on_conflict_do_nothing()
        .returning(JOB.c.id, JOB.c.tenant, JOB.c.turn, JOB.c.created_at)
        .cte("put")
    )
    event: dict[str, Any] = {
        name: sa.literal(value, JOB_EVENT.c[name].type) for name, value in _FIRST_EVENT.items()
    }
    event |= {"job_id": put.c.id, "tenant": put.c.tenant, "at": put.c.created_at}
    told = JOB_EVENT.insert().from_select(list(event), sa.select(*event.values())).cte("told")
    return (
        sa.select(line.c.now, line.c.known, line.c.waiting, line.c.has_upload, put.c.turn)
        .select_from(line.outerjoin(put, sa.true()))
        .add_cte(told)
    )
