"""The outbox: what webhooks must tell is committed with the job and delivered afterwards, at least once."""

import base64
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import sqlalchemy as sa

from yunque.errors import NotFoundError
from yunque.runtime.database import Database
from yunque.runtime.jobs.job import Job, State
from yunque.runtime.jobs.tables import ENDPOINT, OUTBOX

# Waits before the second to the tenth try, in the manner of the Standard Webhooks specification.
_WAITS_SECONDS = (10, 30, 120, 300, 900, 1800, 3600, 3 * 3600, 6 * 3600)
MAX_TRIES = len(_WAITS_SECONDS) + 1


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """Where a tenant wants to be told; `secrets` sign each message, two of them while one is replaced.

    `events` are the kinds it is told of, None for every one.
    """

    id: str
    tenant: str
    url: str
    secrets: tuple[str, ...]
    is_active: bool
    events: tuple[str, ...] | None = None
    created_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """One message to one endpoint; `id` is the same at every try, so that a receiver can drop repeats."""

    id: str
    tenant: str
    job_id: str
    event: str
    body: Mapping[str, Any]
    created_at: datetime
    state: str
    tries: int
    next_at: datetime
    last_result: str | None


@dataclass(frozen=True, kw_only=True)
class Answer:
    """How one try went: accepted, refused for good (the endpoint is gone), or worth another try."""

    is_accepted: bool
    text: str
    is_gone: bool = False


def new_secret() -> str:
    """Give a fresh signing secret in the form of Standard Webhooks: `whsec_` and 32 random bytes."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


def add_endpoint(database: Database, tenant: str, url: str, events: Sequence[str] | None = None) -> Endpoint:
    """Register where the tenant wants to be told; the caller has checked `url` (webhook.check_url).

    The secret in the answer is the only time it is shown.
    """
    values: dict[str, Any] = {
        "id": str(uuid4()),
        "tenant": tenant,
        "url": url,
        "secrets": [new_secret()],
        "is_active": True,
        "events": None if events is None else list(events),
    }
    with database.writing() as connection:
        values["created_at"] = database.now(connection)
        connection.execute(ENDPOINT.insert().values(values))
        return _endpoint(connection, tenant, values["id"])


def endpoints_of(database: Database, tenant: str) -> tuple[Endpoint, ...]:
    """Give where the tenant is told, oldest first; removed endpoints are left out."""
    query = (
        sa.select(ENDPOINT)
        .where(ENDPOINT.c.tenant == tenant, ENDPOINT.c.is_active)
        .order_by(ENDPOINT.c.created_at, ENDPOINT.c.id)
    )
    with database.reading() as connection:  # tenants' own role may not read secrets
        return tuple(_to_endpoint(row) for row in connection.execute(query))


def rotate_secret(database: Database, tenant: str, endpoint_id: str) -> Endpoint:
    """Put a new secret in front; the one before it signs as well until the next rotation."""
    with database.writing() as connection:
        endpoint = _endpoint(connection, tenant, endpoint_id)
        kept = (new_secret(), *endpoint.secrets[:1])
        connection.execute(ENDPOINT.update().where(ENDPOINT.c.id == endpoint_id).values(secrets=list(kept)))
        return _endpoint(connection, tenant, endpoint_id)


def remove_endpoint(database: Database, tenant: str, endpoint_id: str) -> None:
    """Tell this endpoint nothing more; what it was told stays on record."""
    with database.writing() as connection:
        _endpoint(connection, tenant, endpoint_id)
        connection.execute(ENDPOINT.update().where(ENDPOINT.c.id == endpoint_id).values(is_active=False))


def announce(connection: sa.Connection, job: Job, now: datetime) -> None:
    """Write one message for each of the tenant's endpoints that wants it, as the job ends."""
    _put(connection, (job.tenant, job.id), f"job.{job.state.value}", _facts(job), now)


def tell(database: Database, job: tuple[str, str], event: str, data: Mapping[str, Any]) -> int:
    """Write a message that a job has beside its end, once however often the job is tried.

    Args:
        database: of the outbox.
        job: its tenant and its id.
        event: one kind of message; a job tells each kind once.
        data: of the message.

    Returns:
        How many endpoints are told.
    """
    tenant, job_id = job
    with database.writing() as connection:
        known = sa.select(OUTBOX.c.endpoint_id).where(OUTBOX.c.job_id == job_id, OUTBOX.c.event == event)
        found = len(connection.execute(known).all())
        return found or _put(connection, (tenant, job_id), event, data, database.now(connection))


def _put(
    connection: sa.Connection, job: tuple[str, str], event: str, data: Mapping[str, Any], now: datetime
) -> int:
    tenant, job_id = job
    endpoints = connection.execute(
        sa.select(ENDPOINT.c.id, ENDPOINT.c.events).where(ENDPOINT.c.tenant == tenant, ENDPOINT.c.is_active)
    ).all()
    wanting = [endpoint_id for endpoint_id, wanted in endpoints if wanted is None or event in wanted]
    for endpoint_id in wanting:
        connection.execute(
            OUTBOX.insert().values(
                id=str(uuid4()),
                tenant=tenant,
                job_id=job_id,
                endpoint_id=endpoint_id,
                event=event,
                body={"type": event, "timestamp": now.isoformat(), "data": dict(data)},
                created_at=now,
                state="waiting",
                tries=0,
                next_at=now,
            )
        )
    return len(wanting)


def take_due(
    database: Database, *, limit: int, lease_seconds: float
) -> tuple[tuple[Delivery, Endpoint], ...]:
    """Lease the messages that are due; one whose sender disappears is due again after the lease."""
    due = (OUTBOX.c.state == "waiting", OUTBOX.c.next_at)
    with database.reading() as connection:
        now = database.now(connection)
        if connection.execute(sa.select(OUTBOX.c.id).where(due[0], due[1] <= now).limit(1)).first() is None:
            return ()
    with database.writing() as connection:
        now = database.now(connection)
        ids = connection.execute(
            sa.select(OUTBOX.c.id)
            .where(due[0], due[1] <= now)
            .order_by(OUTBOX.c.next_at)
            .limit(limit)
            .with_for_update(skip_locked=True)
        ).scalars()
        rows = connection.execute(
            OUTBOX.update()
            .where(OUTBOX.c.id.in_(ids.all()))
            .values(tries=OUTBOX.c.tries + 1, next_at=now + timedelta(seconds=lease_seconds))
            .returning(OUTBOX)
        ).all()
        return tuple((_delivery(row), _endpoint(connection, row.tenant, row.endpoint_id)) for row in rows)


def record_answer(database: Database, delivery: Delivery, answer: Answer) -> Delivery:
    """Write how a try went: delivered, due again later, or dead after the last."""
    with database.writing() as connection:
        now = database.now(connection)
        values: dict[str, Any] = {"last_result": answer.text}
        if answer.is_accepted:
            values |= {"state": "delivered", "done_at": now}
        elif answer.is_gone or delivery.tries >= MAX_TRIES:
            values |= {"state": "dead", "done_at": now}
        else:
            values["next_at"] = now + timedelta(seconds=_WAITS_SECONDS[delivery.tries - 1])
        # A sender that was stopped past its lease may answer late: only the newest try counts, except
        # that a delivery which did arrive is never sent again.
        owned = sa.true() if answer.is_accepted else OUTBOX.c.tries == delivery.tries
        connection.execute(
            OUTBOX.update()
            .where(OUTBOX.c.id == delivery.id, OUTBOX.c.state == "waiting", owned)
            .values(**values)
        )
        return _delivery(connection.execute(sa.select(OUTBOX).where(OUTBOX.c.id == delivery.id)).one())


def deliveries(
    database: Database, *, state: str | None = None, tenant: str | None = None, limit: int = 100
) -> tuple[Delivery, ...]:
    """Give the newest messages, of all or of one state or tenant; "dead" are the dead letters."""
    query = sa.select(OUTBOX).order_by(OUTBOX.c.created_at.desc()).limit(limit)
    if state is not None:
        query = query.where(OUTBOX.c.state == state)
    if tenant is not None:
        query = query.where(OUTBOX.c.tenant == tenant)
    with database.reading() as connection:
        return tuple(_delivery(row) for row in connection.execute(query))


def replay(database: Database, delivery_id: str, tenant: str | None = None) -> Delivery:
    """Send a message again from its first try on, whatever became of it; of one tenant where it is named."""
    own = sa.true() if tenant is None else OUTBOX.c.tenant == tenant
    with database.writing() as connection:
        row = connection.execute(
            OUTBOX.update()
            .where(OUTBOX.c.id == delivery_id, own)
            .values(state="waiting", tries=0, next_at=database.now(connection), done_at=None)
            .returning(OUTBOX)
        ).first()
        if row is None:
            raise NotFoundError("There is no such webhook message.")
        return _delivery(row)


def _facts(job: Job) -> dict[str, Any]:
    facts: dict[str, Any] = {"job_id": job.id, "kind": job.kind, "state": job.state.value}
    if job.state is State.SUCCEEDED:
        facts["result"] = dict(job.result or {})
    if job.state is State.FAILED:
        facts["error"] = {"code": job.error_code, "message": job.error_message}
    return facts


def _delivery(row: sa.Row[Any]) -> Delivery:
    return Delivery(**{name: getattr(row, name) for name in Delivery.__dataclass_fields__})


def _endpoint(connection: sa.Connection, tenant: str, endpoint_id: str) -> Endpoint:
    row = connection.execute(
        sa.select(ENDPOINT).where(ENDPOINT.c.id == endpoint_id, ENDPOINT.c.tenant == tenant)
    ).first()
    if row is None:
        raise NotFoundError("There is no such webhook endpoint.")
    return _to_endpoint(row)


def _to_endpoint(row: sa.Row[Any]) -> Endpoint:
    facts = {name: getattr(row, name) for name in Endpoint.__dataclass_fields__}
    events = None if row.events is None else tuple(row.events)
    return Endpoint(**{**facts, "secrets": tuple(row.secrets), "events": events})
