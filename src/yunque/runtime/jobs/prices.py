"""Dated prices with their source: what a number of units cost on a day, in marginal tiers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa

from yunque.errors import ConflictError, LimitError, NotFoundError, UsageError
from yunque.runtime.database import Database
from yunque.runtime.jobs.ledger import Charge
from yunque.runtime.jobs.tables import PRICE


@dataclass(frozen=True, kw_only=True)
class Tier:
    """The price of each unit up to and including number `up_to`; None is without end."""

    up_to: int | None
    minor_per_unit: int


@dataclass(frozen=True, kw_only=True)
class Price:
    """What one item costs from a day on.

    Tiers are marginal: each unit costs what its own tier says. Above `quote_above` units no price is
    given; a person has to make an offer. `source` says where the price was decided.
    """

    item: str
    valid_from: date
    currency: str
    tiers: tuple[Tier, ...]
    source: str
    quote_above: int | None = None

    def __post_init__(self) -> None:
        """Refuse tiers that leave a unit without a price or with two."""
        limits = [tier.up_to for tier in self.tiers]
        rising = [limit for limit in limits if limit is not None]
        if not limits or limits[-1] is not None or len(rising) != len(limits) - 1:
            raise ValueError("The last tier, and only the last, is without end.")
        if rising != sorted(set(rising)) or any(limit <= 0 for limit in rising):
            raise ValueError("The limits of the tiers must rise.")
        if any(tier.minor_per_unit < 0 for tier in self.tiers) or not self.source:
            raise ValueError("A price is not negative and names its source.")

    @property
    def version(self) -> str:
        """The name that ledger entries carry."""
        return f"{self.item}@{self.valid_from.isoformat()}"


def charge_for(price: Price, units: int) -> Charge:
    """Give what `units` cost: each unit at the price of its own tier.

    Raises:
        LimitError: more units than the price list covers.
    """
    if units < 0:
        raise UsageError("The number of units cannot be negative.")
    if price.quote_above is not None and units > price.quote_above:
        raise LimitError(
            f"The price list covers up to {price.quote_above} units at once.",
            hint="Ask for an offer, or split the work.",
        )
    amount, done = 0, 0
    for tier in price.tiers:
        top = units if tier.up_to is None else min(units, tier.up_to)
        amount += max(0, top - done) * tier.minor_per_unit
        done = max(done, top)
    return Charge(amount_minor=amount, currency=price.currency, units=units, price_version=price.version)


def publish_prices(database: Database, prices: Sequence[Price]) -> None:
    """Record prices; one that is there already may be repeated but never changed.

    Raises:
        ConflictError: another price of the same item from the same day is recorded.
    """
    with database.writing() as connection:
        for price in prices:
            known = connection.execute(
                sa.select(PRICE).where(PRICE.c.item == price.item, PRICE.c.valid_from == price.valid_from)
            ).first()
            if known is None:
                connection.execute(PRICE.insert().values(_to_row(price)))
            elif _from_row(known._asdict()) != price:
                raise ConflictError(
                    f"The price {price.version} is already recorded and differs.",
                    hint="A price never changes; publish one that is valid from a later day.",
                )


def prices_of(database: Database, item: str | None = None) -> tuple[Price, ...]:
    """Give every price ever recorded, of all items or one, by item and then the newest first."""
    query = sa.select(PRICE).order_by(PRICE.c.item, PRICE.c.valid_from.desc())
    if item is not None:
        query = query.where(PRICE.c.item == item)
    with database.reading() as connection:
        return tuple(_from_row(row._asdict()) for row in connection.execute(query))


def price_on(connection: sa.Connection, item: str, day: date) -> Price:
    """Give the price of `item` that holds on `day`; NotFoundError when none does."""
    row = connection.execute(
        sa.select(PRICE)
        .where(PRICE.c.item == item, PRICE.c.valid_from <= day)
        .order_by(PRICE.c.valid_from.desc())
        .limit(1)
    ).first()
    if row is None:
        raise NotFoundError(f"There is no price for {item!r} on {day.isoformat()}.")
    return _from_row(row._asdict())


def _to_row(price: Price) -> dict[str, Any]:
    tiers = [{"up_to": tier.up_to, "minor_per_unit": tier.minor_per_unit} for tier in price.tiers]
    return {**{name: getattr(price, name) for name in Price.__dataclass_fields__}, "tiers": tiers}


def _from_row(row: Mapping[str, Any]) -> Price:
    facts = {name: row[name] for name in Price.__dataclass_fields__}
    return Price(**{**facts, "tiers": tuple(Tier(**tier) for tier in facts["tiers"])})
