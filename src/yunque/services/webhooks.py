"""Webhooks as people use them: register an address, try it, change its secret, send again what died."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from yunque.errors import ConflictError, LimitError, NotFoundError, UsageError
from yunque.runtime.jobs.job import FINAL
from yunque.runtime.jobs.outbox import (
    Answer,
    Delivery,
    Endpoint,
    add_endpoint,
    deliveries,
    endpoints_of,
    remove_endpoint,
    rotate_secret,
)
from yunque.runtime.jobs.outbox import replay as replay_delivery
from yunque.runtime.jobs.webhook import check_url, deliver
from yunque.services.job_documents import moment
from yunque.services.job_fields import FieldsError, WrongField
from yunque.services.job_office import Office

ALERT_EVENT = "monitoring.alert"
EVENTS = (*sorted(f"job.{state}" for state in FINAL), ALERT_EVENT)
TEST_EVENT = "webhook.test"
MOST_ENDPOINTS = 20
# How long a look-up or a receiver takes is in the hands of strangers: few at a time may keep us waiting.
_OUTWARD = threading.BoundedSemaphore(4)


@dataclass(frozen=True, kw_only=True)
class Trial:
    """How a test message went; its id is in the header `webhook-id` that the receiver saw."""

    message_id: str
    answer: Answer


def register(office: Office, tenant: str, url: str, events: Sequence[str] | None = None) -> Endpoint:
    """Register an address; the answer is the only time that its secret is shown.

    Args:
        office: the job side of the platform.
        tenant: whose jobs it is told of.
        url: https, a public host, port 443 or 8443 (see `runtime.jobs.webhook.Rules`).
        events: kinds of `EVENTS`; every one by default.

    Raises:
        FieldsError: the address may not be used, or an event is unknown.
        ConflictError: the tenant has as many endpoints as it may.
        LimitError: too many addresses are being looked up at this moment.
    """
    wanted = _known_events(events)
    if len(endpoints_of(office.database, tenant)) >= MOST_ENDPOINTS:
        raise ConflictError(
            f"A tenant has at most {MOST_ENDPOINTS} webhook endpoints.", hint="Delete one that is not needed."
        )
    with _outward():
        try:
            check_url(url, office.rules)
        except UsageError as error:
            wrong = WrongField(pointer="/url", code="address", detail=error.message)
            raise FieldsError([wrong], hint=error.hint) from error
    return add_endpoint(office.database, tenant, url, wanted)


def list_(office: Office, tenant: str) -> tuple[Endpoint, ...]:
    """Give where the tenant is told, oldest first."""
    return endpoints_of(office.database, tenant)


def show(office: Office, tenant: str, endpoint_id: str) -> Endpoint:
    """Give one endpoint; NotFoundError when the tenant has none of that id, or deleted it."""
    for endpoint in endpoints_of(office.database, tenant):
        if endpoint.id == endpoint_id:
            return endpoint
    raise NotFoundError("There is no such webhook endpoint.")


def test(office: Office, tenant: str, endpoint_id: str) -> Trial:
    """Send a signed message to an endpoint now, once, and say how it went; nothing is kept of it.

    Raises:
        NotFoundError: the tenant has no such endpoint.
        LimitError: too many tests run at this moment.
    """
    endpoint = show(office, tenant, endpoint_id)
    with office.database.reading() as connection:
        now = office.database.now(connection)
    message = Delivery(
        id=str(uuid4()),
        tenant=tenant,
        job_id="",
        event=TEST_EVENT,
        body={"type": TEST_EVENT, "timestamp": now.isoformat(), "data": {"endpoint_id": endpoint.id}},
        created_at=now,
        state="waiting",
        tries=1,
        next_at=now,
        last_result=None,
    )
    with _outward():
        return Trial(message_id=message.id, answer=deliver(message, endpoint, office.rules, now))


def rotate(office: Office, tenant: str, endpoint_id: str) -> Endpoint:
    """Give an endpoint a new secret, shown this once; the one before signs too until the next rotation."""
    return rotate_secret(office.database, tenant, show(office, tenant, endpoint_id).id)


def delete(office: Office, tenant: str, endpoint_id: str) -> None:
    """Tell an endpoint nothing more."""
    remove_endpoint(office.database, tenant, show(office, tenant, endpoint_id).id)


def dead_letters(office: Office, tenant: str, *, limit: int = 100) -> tuple[Delivery, ...]:
    """Give the tenant's messages that were given up, newest first."""
    return deliveries(office.database, state="dead", tenant=tenant, limit=limit)


def replay(office: Office, tenant: str, message_id: str) -> Delivery:
    """Send one of the tenant's messages again from its first try on; NotFoundError when it has none such."""
    if not message_id.isprintable():
        raise NotFoundError("There is no such webhook message.")
    return replay_delivery(office.database, message_id, tenant)


def endpoint_document(endpoint: Endpoint, *, with_secret: bool = False) -> dict[str, Any]:
    """Give an endpoint as plain values; its secret only right after it was made."""
    document: dict[str, Any] = {
        "id": endpoint.id,
        "url": endpoint.url,
        "events": list(EVENTS if endpoint.events is None else endpoint.events),
        "created_at": moment(endpoint.created_at),
    }
    return {**document, "secret": endpoint.secrets[0]} if with_secret else document


def trial_document(trial: Trial) -> dict[str, Any]:
    """Give how a test went as plain values."""
    return {
        "message_id": trial.message_id,
        "is_accepted": trial.answer.is_accepted,
        "result": trial.answer.text,
    }


def _known_events(events: Sequence[str] | None) -> tuple[str, ...] | None:
    if events is None:
        return None
    wrong = [
        WrongField(
            pointer=f"/events/{place}", code="unknown_event", detail=f"{name[:40]!r} is no event of a job."
        )
        for place, name in enumerate(events)
        if name not in EVENTS
    ]
    if not events:
        wrong = [WrongField(pointer="/events", code="empty", detail="No event is named.")]
    if wrong:
        raise FieldsError(wrong, hint=f"Events: {', '.join(EVENTS)}; leave the field out for every one.")
    return tuple(dict.fromkeys(events))


@contextmanager
def _outward() -> Iterator[None]:
    if not _OUTWARD.acquire(blocking=False):
        raise LimitError("Several webhook addresses are being tried already.", hint="Try again in a moment.")
    try:
        yield
    finally:
        _OUTWARD.release()
