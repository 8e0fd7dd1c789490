"""The outbox: at least once, never lost, dead letters that can be sent again, on SQLite and on Postgres."""

import threading

import pytest

from yunque.errors import NotFoundError
from yunque.runtime.clock import FixedClock
from yunque.runtime.database import Database
from yunque.runtime.jobs.job import Failure, Finished
from yunque.runtime.jobs.kind import Kind, kinds_by_name
from yunque.runtime.jobs.outbox import (
    MAX_TRIES,
    Answer,
    Delivery,
    add_endpoint,
    deliveries,
    record_answer,
    remove_endpoint,
    replay,
    rotate_secret,
    take_due,
)
from yunque.runtime.jobs.queue import Queue, claim
from yunque.runtime.jobs.queue_finish import complete, fail
from yunque.runtime.jobs.queue_submit import Submission, submit

OK = Answer(is_accepted=True, text="answered 200")
BROKEN = Answer(is_accepted=False, text="answered 500")
GONE = Answer(is_accepted=False, text="answered 410", is_gone=True)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def queue(open_at: object, clock: FixedClock) -> Queue:
    database: Database = open_at(clock)  # type: ignore[operator]
    return Queue(database=database, kinds=kinds_by_name(Kind(name="score", entry="m:f")))


def finish(queue: Queue, tenant: str = "t") -> None:
    submit(queue, Submission(tenant=tenant, kind="score", payload={}))
    job = claim(queue, "w")
    assert job is not None
    complete(queue, job, Finished(summary={"rows": 3}))


def due(queue: Queue) -> list[Delivery]:
    return [delivery for delivery, _ in take_due(queue.database, limit=10, lease_seconds=60)]


def test_an_ended_job_tells_each_endpoint_of_its_tenant_once(queue: Queue) -> None:
    for url in ("https://a.example/1", "https://a.example/2"):
        add_endpoint(queue.database, "t", url)
    gone = add_endpoint(queue.database, "t", "https://a.example/3")
    remove_endpoint(queue.database, "t", gone.id)
    add_endpoint(queue.database, "other", "https://b.example/")
    finish(queue)
    found = take_due(queue.database, limit=10, lease_seconds=60)
    assert sorted(endpoint.url for _, endpoint in found) == ["https://a.example/1", "https://a.example/2"]
    body = found[0][0].body
    assert body["type"] == "job.succeeded"
    assert body["data"]["result"] == {"rows": 3}
    assert due(queue) == []  # both are leased


def test_a_failed_job_tells_its_public_error(queue: Queue) -> None:
    add_endpoint(queue.database, "t", "https://a.example/")
    submit(queue, Submission(tenant="t", kind="score", payload={}))
    job = claim(queue, "w")
    assert job is not None
    fail(queue, job, Failure(code="data", message="No target."))
    (delivery,) = due(queue)
    assert delivery.event == "job.failed"
    assert delivery.body["data"]["error"] == {"code": "data", "message": "No target."}


def test_a_message_is_tried_ever_later_and_then_laid_out_as_dead(queue: Queue, clock: FixedClock) -> None:
    add_endpoint(queue.database, "t", "https://a.example/")
    finish(queue)
    waits = []
    for _ in range(MAX_TRIES):
        (delivery,) = due(queue)
        recorded = record_answer(queue.database, delivery, BROKEN)
        waits.append((recorded.next_at - clock.now()).total_seconds())
        clock.advance(7 * 3600)
    assert waits[:-1] == sorted(waits[:-1])
    assert waits[0] == 10
    assert due(queue) == []
    (dead,) = deliveries(queue.database, state="dead", tenant="t")
    assert (dead.tries, dead.last_result) == (MAX_TRIES, "answered 500")
    assert replay(queue.database, dead.id).tries == 0
    (again,) = due(queue)
    assert again.id == dead.id  # the receiver knows a repeat by its id
    assert record_answer(queue.database, again, OK).state == "delivered"
    with pytest.raises(NotFoundError):
        replay(queue.database, "no-such-message")


def test_an_endpoint_that_is_gone_is_not_tried_again(queue: Queue, clock: FixedClock) -> None:
    add_endpoint(queue.database, "t", "https://a.example/")
    finish(queue)
    (delivery,) = due(queue)
    assert record_answer(queue.database, delivery, GONE).state == "dead"
    clock.advance(7 * 3600)
    assert due(queue) == []


def test_a_message_whose_sender_was_killed_is_sent_by_another(queue: Queue, clock: FixedClock) -> None:
    add_endpoint(queue.database, "t", "https://a.example/")
    finish(queue)
    (lost,) = due(queue)
    clock.advance(61)
    (taken,) = due(queue)
    assert (taken.id, taken.tries) == (lost.id, 2)
    # The first sender was only slow. That it failed says nothing about the second try ...
    assert record_answer(queue.database, lost, BROKEN).state == "waiting"
    assert due(queue) == []
    # ... but that it arrived does.
    assert record_answer(queue.database, lost, OK).state == "delivered"
    assert record_answer(queue.database, taken, BROKEN).state == "delivered"


def test_many_senders_take_a_message_once(queue: Queue) -> None:
    add_endpoint(queue.database, "t", "https://a.example/")
    for _ in range(12):
        finish(queue)
    found: list[str] = []
    start = threading.Barrier(4)

    def sender() -> None:
        start.wait()
        for _ in range(6):
            found.extend(d.id for d, _ in take_due(queue.database, limit=2, lease_seconds=60))

    threads = [threading.Thread(target=sender) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == len(set(found)) == 12


def test_a_secret_is_replaced_without_a_gap(queue: Queue) -> None:
    endpoint = add_endpoint(queue.database, "t", "https://a.example/")
    first = rotate_secret(queue.database, "t", endpoint.id)
    assert first.secrets[1:] == endpoint.secrets
    second = rotate_secret(queue.database, "t", endpoint.id)
    assert second.secrets[1:] == first.secrets[:1]
    with pytest.raises(NotFoundError):
        rotate_secret(queue.database, "other", endpoint.id)
