"""What an analysis costs: classified rows once, rows without a model less, nothing without a reservation."""

from datetime import UTC, date, datetime

import polars as pl
import pytest

from yunque.runtime.clock import FixedClock
from yunque.runtime.database import open_database
from yunque.runtime.jobs.ledger import Charge, add_funds, reserve
from yunque.runtime.jobs.prices import Price, Tier, charge_for, publish_prices
from yunque.services.aml_charge import Counted, cost, count
from yunque.services.job_units import RULES_ONLY

FULL = Price(
    item="job.aml",
    valid_from=date(2026, 1, 1),
    currency="MXN",
    tiers=(Tier(up_to=2, minor_per_unit=100), Tier(up_to=None, minor_per_unit=75)),
    source="a test",
)


def rules(day, minor):
    tiers = (Tier(up_to=None, minor_per_unit=minor),)
    return Price(item=RULES_ONLY, valid_from=day, currency="MXN", tiers=tiers, source="a test")


@pytest.fixture
def database(empty_sqlite_url):
    opened = open_database(empty_sqlite_url, clock=FixedClock(datetime(2026, 11, 20, 18, tzinfo=UTC)))
    yield opened
    opened.engine.dispose()


def told(database, counted, *prices):
    publish_prices(database, [FULL, *prices])
    add_funds(database, "t", 10_000, currency="MXN", source="purchase")
    most = charge_for(FULL, 10)
    charge = Charge(amount_minor=most.amount_minor, currency="MXN", units=10, price_version=FULL.version)
    with database.writing() as connection:
        reserve(connection, database.now(connection), tenant="t", job_id="j", charge=charge)
    return cost(database, "t", "j", counted)


def counted(full=0, rules_only=0):
    return Counted(full=full, rules_only=rules_only, free_repeated=0, free_unclear=0)


def test_rows_without_a_model_cost_their_own_dated_price(database):
    found = told(database, counted(3, 4), rules(date(2026, 2, 1), 40), rules(date(2026, 12, 1), 1))
    assert (found["importe_minor"], found["cobradas"]) == (100 + 100 + 75 + 4 * 40, 7)
    assert found["precio_solo_reglas"] == f"{RULES_ONLY}@2026-02-01" and found["precio"] == FULL.version


def test_rows_without_a_model_are_free_where_no_price_says_otherwise(database):
    found = told(database, counted(0, 4))
    assert (found["importe_minor"], found["cobradas"], found["solo_reglas"]) == (0, 0, 4)


def test_rows_without_a_model_never_cost_more_than_with_one(database):
    assert told(database, counted(0, 4), rules(date(2026, 2, 1), 900))["importe_minor"] == 350


def test_without_a_reservation_everything_is_free(database):
    assert cost(database, "t", "j", counted(5))["importe_minor"] is None


def test_every_row_is_counted_by_what_it_may_cost():
    frame = pl.DataFrame(
        {
            "clase": ["limpio", "inusual", "relevante", "limpio", "limpio_con_datos_faltantes"],
            "riesgo": [0.1, 0.9, None, 0.1, 0.1],
            "parte": [3, 3, 3, 1, 3],
        }
    )
    assert count(frame, 3, frozenset({1})) == Counted(full=2, rules_only=1, free_repeated=1, free_unclear=1)
    assert count(frame, 3, frozenset()).full == 3  # what nobody paid for is charged now
