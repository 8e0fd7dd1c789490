"""Prices, refunds and the ledger's chain of digests, on SQLite and on Postgres."""

from datetime import date

import pytest

from yunque.errors import ConflictError, LimitError, NotFoundError, StorageError, UsageError
from yunque.runtime.database import Database
from yunque.runtime.jobs.job import Finished
from yunque.runtime.jobs.kind import Kind, kinds_by_name
from yunque.runtime.jobs.ledger import add_funds, balance_of, refund, verify_ledger
from yunque.runtime.jobs.prices import Price, Tier, charge_for, price_on, publish_prices
from yunque.runtime.jobs.queue import Queue, claim
from yunque.runtime.jobs.queue_finish import complete
from yunque.runtime.jobs.queue_submit import Submission, submit

MARGINAL = (
    Tier(up_to=2000, minor_per_unit=100),
    Tier(up_to=5000, minor_per_unit=75),
    Tier(up_to=10_000, minor_per_unit=50),
    Tier(up_to=None, minor_per_unit=35),
)


def price(day: date = date(2025, 1, 1), tiers: tuple[Tier, ...] = MARGINAL) -> Price:
    return Price(
        item="rows", valid_from=day, currency="MXN", tiers=tiers, source="price list", quote_above=50_000
    )


@pytest.mark.parametrize(
    ("units", "pesos"), [(0, 0), (1500, 1500), (3000, 2750), (8000, 5750), (15_000, 8500), (2000, 2000)]
)
def test_each_unit_costs_what_its_own_tier_says(units: int, pesos: int) -> None:
    """The examples of the billing requirement: 3,000 cost 2,750, 15,000 cost 8,500."""
    assert charge_for(price(), units).amount_minor == pesos * 100


def test_above_the_list_a_person_makes_an_offer() -> None:
    with pytest.raises(LimitError, match="50000"):
        charge_for(price(), 50_001)
    with pytest.raises(UsageError):
        charge_for(price(), -1)


@pytest.mark.parametrize("limits", [(), (None, 5), (5, 5, None), (9, 5, None), (0, None), (5,), (None, None)])
def test_a_price_list_with_a_hole_cannot_be_built(limits: tuple[int | None, ...]) -> None:
    with pytest.raises(ValueError, match="tier"):
        price(tiers=tuple(Tier(up_to=limit, minor_per_unit=1) for limit in limits))


def test_the_price_of_the_day_counts_and_never_changes(database: Database) -> None:
    old, new = price(), price(date(2026, 1, 1), (Tier(up_to=None, minor_per_unit=1),))
    publish_prices(database, [old, new])
    publish_prices(database, [old])
    with database.reading() as connection:
        assert price_on(connection, "rows", date(2025, 12, 31)) == old
        assert price_on(connection, "rows", date(2026, 1, 1)) == new
        with pytest.raises(NotFoundError):
            price_on(connection, "rows", date(2024, 12, 31))
    with pytest.raises(ConflictError, match="differs"):
        publish_prices(database, [price(tiers=(Tier(up_to=None, minor_per_unit=2),))])


@pytest.fixture
def charged(database: Database) -> tuple[Database, str]:
    """An account of 500 purchased and 1,000 gifted of which one finished job has cost 800."""
    publish_prices(database, [price()])
    add_funds(database, "t", 500, currency="MXN", source="purchase")
    add_funds(database, "t", 1000, currency="MXN", source="gift")
    kinds = kinds_by_name(Kind(name="score", entry="m:f", price_item="rows"))
    queue = Queue(database=database, kinds=kinds)
    submit(queue, Submission(tenant="t", kind="score", payload={}, units=8))
    job = claim(queue, "w")
    assert job is not None
    complete(queue, job, Finished())
    return database, job.id


def test_purchased_credit_goes_first_and_only_it_comes_back(charged: tuple[Database, str]) -> None:
    database, job_id = charged
    assert (balance_of(database, "t").purchased_minor, balance_of(database, "t").gifted_minor) == (0, 700)
    after = refund(database, job_id, reason="wrong file")
    assert (after.purchased_minor, after.gifted_minor) == (500, 700)
    with pytest.raises(ConflictError, match="before"):
        refund(database, job_id, reason="again")
    with pytest.raises(NotFoundError):
        refund(database, "no-such-job", reason="x")
    assert verify_ledger(database, "t") == 5


def test_money_is_positive_and_of_one_currency(charged: tuple[Database, str]) -> None:
    database, _ = charged
    with pytest.raises(UsageError):
        add_funds(database, "t", 0, currency="MXN", source="gift")
    with pytest.raises(ConflictError, match="MXN"):
        add_funds(database, "t", 1, currency="USD", source="gift")
    with pytest.raises(NotFoundError):
        balance_of(database, "stranger")


@pytest.mark.parametrize(
    "tampering",
    [
        "UPDATE ledger SET gifted_minor = gifted_minor + 1 WHERE number = 2",
        "UPDATE ledger SET description = 'nothing' WHERE number = 1",
        "DELETE FROM ledger WHERE number = 3",
        "UPDATE account SET gifted_minor = gifted_minor + 100",
        "DELETE FROM ledger WHERE number = 4",
    ],
)
def test_tampering_past_the_triggers_shows(charged: tuple[Database, str], tampering: str) -> None:
    database, _ = charged
    with database.writing() as connection:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("ALTER TABLE ledger DISABLE TRIGGER ALL")
        else:
            connection.exec_driver_sql("DROP TRIGGER ledger_no_UPDATE")
            connection.exec_driver_sql("DROP TRIGGER ledger_no_DELETE")
        connection.exec_driver_sql(tampering)
    with pytest.raises(StorageError, match=r"[Ll]edger"):
        verify_ledger(database, "t")
