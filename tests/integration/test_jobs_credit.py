"""Credit by reference, endpoints by event, and prices that hold later, on SQLite and on Postgres."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta

import pytest

from yunque.errors import ConflictError, NotFoundError, UsageError
from yunque.runtime.clock import FixedClock
from yunque.runtime.database import Database
from yunque.runtime.jobs.credit import Credit, add_credit
from yunque.runtime.jobs.job import Failure
from yunque.runtime.jobs.kind import Kind, kinds_by_name
from yunque.runtime.jobs.ledger import FundsError, add_funds, balance_of, entries_of, verify_ledger
from yunque.runtime.jobs.outbox import (
    Answer,
    add_endpoint,
    deliveries,
    endpoints_of,
    record_answer,
    replay,
    take_due,
)
from yunque.runtime.jobs.prices import Price, Tier, prices_of, publish_prices
from yunque.runtime.jobs.queue import Queue, claim
from yunque.runtime.jobs.queue_finish import fail
from yunque.runtime.jobs.queue_operate import cancel
from yunque.runtime.jobs.queue_submit import Submission, submit
from yunque.services.job_office import Office, take_upload
from yunque.services.job_units import priced
from yunque.services.jobs import Request, retry
from yunque.services.jobs import submit as ask
from yunque.surfaces.bootstrap import Platform
from yunque.surfaces.worker import open_desk

PAID = Credit(tenant="a", amount_minor=500, currency="MXN", source="purchase", reference="invoice 7")


def test_a_reference_adds_once_however_often_it_comes(database: Database) -> None:
    assert add_credit(database, PAID)[1]
    balance, is_new = add_credit(database, PAID)
    assert not is_new and balance.available_minor == 500
    with ThreadPoolExecutor(6) as pool:
        many = [replace(PAID, reference="invoice 8")] * 6
        added = list(pool.map(lambda credit: add_credit(database, credit)[1], many))
    assert sorted(added) == [False] * 5 + [True]
    assert balance_of(database, "a").purchased_minor == 1000
    assert verify_ledger(database, "a") == 2


@pytest.mark.parametrize("other", [{"amount_minor": 501}, {"source": "gift"}, {"currency": "USD"}])
def test_a_reference_names_one_credit(database: Database, other: dict[str, object]) -> None:
    add_credit(database, PAID)
    with pytest.raises(ConflictError):
        add_credit(database, replace(PAID, **other))  # type: ignore[arg-type]
    assert balance_of(database, "a").available_minor == 500


def test_two_tenants_may_use_one_reference_and_credit_without_one_goes_on(database: Database) -> None:
    add_funds(database, "a", 10, currency="MXN", source="gift")
    add_funds(database, "a", 10, currency="MXN", source="gift")
    add_credit(database, PAID)
    assert add_credit(database, replace(PAID, tenant="b"))[1]
    assert verify_ledger(database, "a") == 3 and verify_ledger(database, "b") == 1
    assert [entry["reference"] for entry in entries_of(database, "a")] == ["invoice 7", None, None]
    assert [entry["number"] for entry in entries_of(database, "a", before=3, limit=1)] == [2]
    for wrong in ({"amount_minor": 0}, {"reference": ""}):
        with pytest.raises(UsageError):
            add_credit(database, replace(PAID, **wrong))  # type: ignore[arg-type]


def test_an_endpoint_is_told_of_the_events_that_it_named(database: Database) -> None:
    queue = Queue(database=database, kinds=kinds_by_name(Kind(name="score", entry="m:f")))
    every = add_endpoint(database, "t", "https://a.example/all")
    failures = add_endpoint(database, "t", "https://a.example/bad", ["job.failed"])
    assert [endpoint.events for endpoint in endpoints_of(database, "t")] == [None, ("job.failed",)]
    assert endpoints_of(database, "other") == ()
    stopped = submit(queue, Submission(tenant="t", kind="score", payload={})).job
    cancel(queue, "t", stopped.id)
    submit(queue, Submission(tenant="t", kind="score", payload={}))
    job = claim(queue, "w")
    assert job is not None
    fail(queue, job, Failure(code="data", message="No target."))
    due = take_due(database, limit=10, lease_seconds=60)
    told = sorted((endpoint.id, delivery.event) for delivery, endpoint in due)
    wanted = [(every.id, "job.cancelled"), (every.id, "job.failed"), (failures.id, "job.failed")]
    assert told == sorted(wanted)
    gone = Answer(is_accepted=False, text="answered 410", is_gone=True)
    dead = record_answer(database, due[0][0], gone)
    with pytest.raises(NotFoundError):
        replay(database, dead.id, "other")
    assert [it.id for it in deliveries(database, state="dead", tenant="t")] == [dead.id]
    assert replay(database, dead.id, "t").state == "waiting"


def test_a_price_of_a_later_day_charges_nobody_before(open_at: object) -> None:
    clock = FixedClock()
    database: Database = open_at(clock)  # type: ignore[operator]
    tomorrow: date = (clock.now() + timedelta(days=1)).date()
    price = Price(
        item="job.score",
        valid_from=tomorrow,
        currency="MXN",
        tiers=(Tier(up_to=None, minor_per_unit=1),),
        source="a test",
    )
    publish_prices(database, [price])
    kinds = kinds_by_name(Kind(name="score", entry="m:f"))
    assert priced(kinds, database)["score"].price_item is None
    clock.advance(86_400)
    assert priced(kinds, database)["score"].price_item == "job.score"
    assert prices_of(database) == prices_of(database, "job.score") == (price,)


def test_a_price_holds_for_the_next_job_of_a_server_that_runs(platform: Platform) -> None:
    office: Office = open_desk(platform).office
    upload = take_upload(office, "a", "c.csv", [b"age,class\n1,1\n2,2\n3,1\n"])
    wish = Request(tenant="a", kind="score", payload={"model": "buys"}, upload=upload)
    free = ask(office, wish).job
    price = Price(
        item="job.score",
        valid_from=date(2025, 1, 1),
        currency="MXN",
        tiers=(Tier(up_to=None, minor_per_unit=2),),
        source="a test",
    )
    publish_prices(platform.database, [price])
    with pytest.raises(FundsError):
        ask(office, wish)
    add_funds(platform.database, "a", 100, currency="MXN", source="gift")
    ask(office, wish)
    assert balance_of(platform.database, "a").reserved_minor == 6  # three rows
    cancel(office.queue, "a", free.id)
    retry(office, "a", free.id)  # it was free; again it is not
    assert balance_of(platform.database, "a").reserved_minor == 12
