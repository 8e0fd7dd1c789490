"""Prices and credit as people use them: what a job costs from a day on, what an account holds, and why."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from yunque.errors import NotFoundError
from yunque.runtime.jobs.credit import Credit, add_credit
from yunque.runtime.jobs.ledger import Balance, balance_of, entries_of, verify_ledger
from yunque.runtime.jobs.ledger import refund as refund_job
from yunque.runtime.jobs.prices import Price, Tier, prices_of, publish_prices
from yunque.services.job_documents import moment
from yunque.services.job_fields import FieldsError, WrongField
from yunque.services.job_office import LOCAL, Office
from yunque.services.job_units import items_of

MOST_LISTED = 500
MOST_MINOR = 10**12  # of one credit or one unit: keeps every sum within 64 bits
_TENANT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._=-]{0,63}")
_CURRENCY = re.compile(r"[A-Z]{3}")


@dataclass(frozen=True, kw_only=True)
class NewPrice:
    """A price as an operator states it; `valid_from` is today (UTC) unless it says otherwise.

    `tiers` are pairs of the last unit (None: without end) and the price of each, in minor units.
    """

    item: str
    currency: str
    tiers: Sequence[tuple[int | None, int]]
    source: str
    valid_from: date | None = None
    quote_above: int | None = None


def prices(office: Office, item: str | None = None) -> tuple[Price, ...]:
    """Give every price ever published, by item and then the newest first."""
    return tuple(price for price in prices_of(office.database) if item in (None, price.item))


def set_price(office: Office, new: NewPrice) -> Price:
    """Publish a price from a day on; the same one may be published again, a published one never changes.

    Raises:
        FieldsError: an item nobody sells, a day in the past, tiers with a hole, no source, an odd currency.
        ConflictError: the item has another price from the same day on.
    """
    with office.database.reading() as connection:
        today = office.database.now(connection).date()
    items = items_of(office.queue.kinds)
    wrong = [
        WrongField(pointer=f"/{name}", code="value", detail=detail)
        for name, is_right, detail in (
            ("item", new.item in items, f"{new.item[:64]!r} is nothing that is sold."),
            ("currency", bool(_CURRENCY.fullmatch(new.currency)), "A currency has three capital letters."),
            ("source", _is_line(new.source), "Say in one line who decided the price, and where."),
            ("tiers", _are_amounts(new.tiers), f"A price lies between 0 and {MOST_MINOR} minor units."),
            (
                "quote_above",
                new.quote_above is None or 0 < new.quote_above <= MOST_MINOR,
                "A number of units is positive.",
            ),
        )
        if not is_right
    ]
    if wrong:
        raise FieldsError(wrong, hint=f"Items: {', '.join(items)}.")
    price = _built(new, new.valid_from or today)
    if price.valid_from < today and price not in prices_of(office.database, price.item):
        detail = f"A new price cannot hold from {price.valid_from.isoformat()}: that day is over."
        raise FieldsError(
            [WrongField(pointer="/valid_from", code="past", detail=detail)],
            hint=f"Let it begin on {today.isoformat()} or later.",
        )
    publish_prices(office.database, [price])
    return price


def add(office: Office, credit: Credit) -> tuple[Balance, bool]:
    """Add credit to a tenant's account, once for each reference; say whether this time added anything.

    Raises:
        FieldsError: an amount, currency, tenant or reference that cannot be.
        ConflictError: another currency, or the reference was used for another credit.
    """
    wrong = [
        WrongField(pointer=f"/{name}", code="value", detail=detail)
        for name, is_right, detail in (
            ("tenant", bool(_TENANT.fullmatch(credit.tenant)), "That cannot be a tenant's name."),
            (
                "amount_minor",
                0 < credit.amount_minor <= MOST_MINOR,
                f"An amount lies between 1 and {MOST_MINOR} minor units.",
            ),
            ("currency", bool(_CURRENCY.fullmatch(credit.currency)), "A currency has three capital letters."),
            ("reference", _is_line(credit.reference), "A reference is one line of 1 to 200 characters."),
            (
                "description",
                not credit.description or _is_line(credit.description),
                "A description is one line of at most 200 characters.",
            ),
        )
        if not is_right
    ]
    if wrong:
        raise FieldsError(wrong)
    return add_credit(office.database, credit)


def tenant_named(name: str) -> str:
    """Give the tenant as rows name it, from how keys name it; no name is whoever uses this machine."""
    return name.replace(".", "=") or LOCAL


def balance(office: Office, tenant: str) -> Balance:
    """Give what the tenant's account holds; NotFoundError when it has none."""
    return balance_of(office.database, tenant)


def statement(
    office: Office, tenant: str, *, limit: int = 100, before: int | None = None
) -> tuple[Mapping[str, Any], ...]:
    """Give the account's entries before number `before`, newest first; NotFoundError without an account."""
    balance_of(office.database, tenant)
    return entries_of(office.database, tenant, limit=max(1, min(limit, MOST_LISTED)), before=before)


def verify(office: Office, tenant: str) -> int:
    """Recompute the account from its entries and give how many there are.

    Raises:
        NotFoundError: the tenant has no account.
        StorageError: an entry was changed, removed or added outside the ledger.
    """
    balance_of(office.database, tenant)
    return verify_ledger(office.database, tenant)


def refund(office: Office, job_id: str, *, reason: str) -> Balance:
    """Give back the purchased part of what a job cost, once.

    Raises:
        FieldsError: no reason.
        NotFoundError: nothing was charged for the job.
        ConflictError: it was refunded before.
    """
    if not _is_line(job_id):
        raise NotFoundError("Nothing was charged for this job.")
    if not _is_line(reason):
        detail = "Say the reason in one line of at most 200 characters."
        raise FieldsError([WrongField(pointer="/reason", code="value", detail=detail)])
    return refund_job(office.database, job_id, reason=reason)


def price_document(price: Price) -> dict[str, Any]:
    """Give a price as plain values."""
    return {
        "version": price.version,
        "item": price.item,
        "valid_from": price.valid_from.isoformat(),
        "currency": price.currency,
        "tiers": [{"up_to": tier.up_to, "minor_per_unit": tier.minor_per_unit} for tier in price.tiers],
        "quote_above": price.quote_above,
        "source": price.source,
    }


def balance_document(found: Balance) -> dict[str, Any]:
    """Give a balance as plain values."""
    return {
        "tenant": found.tenant,
        "currency": found.currency,
        "available_minor": found.available_minor,
        "reserved_minor": found.reserved_minor,
        "purchased_minor": found.purchased_minor,
        "gifted_minor": found.gifted_minor,
    }


def entry_document(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Give one entry of the ledger as plain values."""
    names = (
        "number", "entry", "description", "reference", "job_id", "purchased_minor", "gifted_minor",
        "reserved_minor", "balance_minor", "units", "price_version", "digest",
    )  # fmt: skip
    return {**{name: entry[name] for name in names}, "at": moment(entry["at"])}


def source_named(word: str) -> Literal["purchase", "gift"]:
    """Read where credit comes from; FieldsError when it is neither bought nor given."""
    if word == "purchase":
        return "purchase"
    if word == "gift":
        return "gift"
    detail = f"Credit is a purchase or a gift, not {word[:40]!r}."
    raise FieldsError([WrongField(pointer="/source", code="value", detail=detail)])


def _built(new: NewPrice, day: date) -> Price:
    try:
        return Price(
            item=new.item,
            valid_from=day,
            currency=new.currency,
            tiers=tuple(Tier(up_to=limit, minor_per_unit=amount) for limit, amount in new.tiers),
            source=new.source,
            quote_above=new.quote_above,
        )
    except ValueError as error:
        wrong = WrongField(pointer="/tiers", code="value", detail=str(error))
        raise FieldsError([wrong], hint="For example 2000 units at 100 each, the rest at 75.") from error


def _are_amounts(tiers: Sequence[tuple[int | None, int]]) -> bool:
    return all(0 <= amount <= MOST_MINOR and (limit or 1) <= MOST_MINOR for limit, amount in tiers)


def _is_line(text: str) -> bool:
    return text.strip() != "" and len(text) <= 200 and text.isprintable()
