"""The ledger: money is reserved when a job is submitted, captured with its result, released without one.

Amounts are integers in the currency's minor unit (centavos). An account's row is locked before it is
changed, constraints in the database keep it from going below zero, and each entry carries a digest over
the one before it, so that a changed or missing entry shows.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa

from yunque.errors import ConflictError, LimitError, NotFoundError, StorageError, UsageError
from yunque.runtime.database import Database, insert_unless_there
from yunque.runtime.jobs.digest import canonical_json
from yunque.runtime.jobs.tables import ACCOUNT, LEDGER

_FIRST_DIGEST = "0" * 64


class FundsError(LimitError):
    """An account holds less than a job would cost."""

    code = "insufficient_funds"


@dataclass(frozen=True, kw_only=True)
class Balance:
    """What an account holds, in minor units; `reserved_minor` is promised to jobs that still run."""

    tenant: str
    currency: str
    purchased_minor: int
    gifted_minor: int
    reserved_minor: int

    @property
    def available_minor(self) -> int:
        """What a new job may cost at most."""
        return self.purchased_minor + self.gifted_minor - self.reserved_minor


@dataclass(frozen=True, kw_only=True)
class Charge:
    """What a job may cost at most: `amount_minor` for `units`, by the price named `price_version`."""

    amount_minor: int
    currency: str
    units: int
    price_version: str


@dataclass(frozen=True, kw_only=True)
class Posting:
    """The change that one ledger entry makes to an account, in minor units."""

    entry: str
    description: str
    job_id: str | None = None
    purchased_minor: int = 0
    gifted_minor: int = 0
    reserved_minor: int = 0
    units: int = 0
    price_version: str | None = None
    reference: str | None = None


def add_funds(
    database: Database, tenant: str, amount_minor: int, *, currency: str, source: Literal["purchase", "gift"]
) -> Balance:
    """Add money to the tenant's account, which is opened by its first money.

    Raises:
        UsageError: an amount that is not positive.
        ConflictError: the account holds another currency.
    """
    if amount_minor <= 0:
        raise UsageError("The amount to add must be positive.")
    with database.writing() as connection:
        account = open_locked(connection, tenant, currency)
        field = "purchased_minor" if source == "purchase" else "gifted_minor"
        posting = Posting(entry=source, description=f"{source} of credit", **{field: amount_minor})  # type: ignore[arg-type]
        return post(connection, account, posting, database.now(connection))


def balance_of(database: Database, tenant: str) -> Balance:
    """Give the tenant's balance; NotFoundError when it has no account."""
    with database.reading_as(tenant) as connection:
        row = connection.execute(sa.select(ACCOUNT).where(ACCOUNT.c.tenant == tenant)).first()
    if row is None:
        raise NotFoundError("This tenant has no account.", hint="Add credit first.")
    return _balance(row._asdict())


def entries_of(
    database: Database, tenant: str, *, limit: int = 100, before: int | None = None
) -> tuple[Mapping[str, Any], ...]:
    """Give the tenant's newest ledger entries (those before number `before`), newest first."""
    query = sa.select(LEDGER).where(LEDGER.c.tenant == tenant).order_by(LEDGER.c.number.desc()).limit(limit)
    if before is not None:
        query = query.where(LEDGER.c.number < before)
    with database.reading_as(tenant) as connection:
        return tuple(row._asdict() for row in connection.execute(query))


def reserve(connection: sa.Connection, now: datetime, *, tenant: str, job_id: str, charge: Charge) -> None:
    """Set `charge` aside for the job, inside the transaction that submits it.

    Raises:
        FundsError: the account holds too little; details carry required, available and units.
    """
    account = _lock_or_none(connection, tenant)
    available = 0 if account is None else _balance(account).available_minor
    if account is None or available < charge.amount_minor or account["currency"] != charge.currency:
        raise FundsError(
            "The account holds too little credit for this job.",
            hint="Add credit, or send fewer rows.",
            details={
                "required_minor": charge.amount_minor,
                "available_minor": available,
                "currency": charge.currency,
                "units": charge.units,
            },
        )
    posting = Posting(
        entry="reserve",
        description="reserved at submission",
        job_id=job_id,
        reserved_minor=charge.amount_minor,
        units=charge.units,
        price_version=charge.price_version,
    )
    post(connection, account, posting, now)


def capture(connection: sa.Connection, now: datetime, job_id: str, charge_minor: int | None) -> None:
    """Take the job's price (all that was reserved, or less) inside the transaction that completes it.

    Purchased credit is used before gifted credit.
    """
    reserved = _reserved(connection, job_id)
    if reserved is None:
        return
    amount = reserved.reserved_minor if charge_minor is None else charge_minor
    if not 0 <= amount <= reserved.reserved_minor:
        raise UsageError("A job may cost between nothing and what was reserved for it.")
    account = _lock(connection, reserved.tenant)
    purchased = min(amount, account["purchased_minor"])
    posting = Posting(
        entry="capture",
        description="captured with the result",
        job_id=job_id,
        purchased_minor=-purchased,
        gifted_minor=purchased - amount,
        reserved_minor=-reserved.reserved_minor,
        units=reserved.units,
        price_version=reserved.price_version,
    )
    post(connection, account, posting, now)


def release(connection: sa.Connection, now: datetime, job_id: str) -> None:
    """Give back what was reserved, inside the transaction that fails or cancels the job."""
    reserved = _reserved(connection, job_id)
    if reserved is None:
        return
    posting = Posting(
        entry="release",
        description="released without a result",
        job_id=job_id,
        reserved_minor=-reserved.reserved_minor,
    )
    post(connection, _lock(connection, reserved.tenant), posting, now)


def refund(database: Database, job_id: str, *, reason: str) -> Balance:
    """Give back the purchased part of a captured price, once; gifted credit is never refunded.

    Raises:
        NotFoundError: nothing was captured for the job.
        ConflictError: it was refunded before.
    """
    with database.writing() as connection:
        row = _entry(connection, job_id, "capture")
        if row is None:
            raise NotFoundError("Nothing was charged for this job.")
        account = _lock(connection, row.tenant)
        if _entry(connection, job_id, "refund") is not None:
            raise ConflictError("This job was refunded before.")
        posting = Posting(
            entry="refund", description=reason, job_id=job_id, purchased_minor=-row.purchased_minor
        )
        return post(connection, account, posting, database.now(connection))


def verify_ledger(database: Database, tenant: str) -> int:
    """Recompute the chain of digests and the balance from the entries, and give how many there are.

    Raises:
        StorageError: an entry was changed, removed or added outside the ledger; the first one is named.
    """
    sums = {"purchased_minor": 0, "gifted_minor": 0, "reserved_minor": 0}
    digest, count = _FIRST_DIGEST, 0
    with database.reading() as connection:
        account = connection.execute(sa.select(ACCOUNT).where(ACCOUNT.c.tenant == tenant)).one()
        for row in _in_order(connection, tenant):
            count += 1
            facts = row._asdict()
            digest = _digest(digest, facts)
            if facts["number"] != count or facts["digest"] != digest:
                raise StorageError(f"Ledger entry {count} does not follow from the one before it.")
            for name in sums:
                sums[name] += facts[name]
    if any(getattr(account, name) != total for name, total in sums.items()) or account.entries != count:
        raise StorageError("The account's balance is not the sum of its ledger entries.")
    return count


def _in_order(connection: sa.Connection, tenant: str) -> Iterator[sa.Row[Any]]:
    return iter(
        connection.execute(sa.select(LEDGER).where(LEDGER.c.tenant == tenant).order_by(LEDGER.c.number))
    )


def open_locked(connection: sa.Connection, tenant: str, currency: str) -> Mapping[str, Any]:
    """Lock the tenant's account, opened if need be; ConflictError when it holds another currency."""
    empty = {"purchased_minor": 0, "gifted_minor": 0, "reserved_minor": 0, "entries": 0}
    values = {"tenant": tenant, "currency": currency, "last_digest": _FIRST_DIGEST, **empty}
    insert_unless_there(connection, ACCOUNT, values)
    account = _lock(connection, tenant)
    if account["currency"] != currency:
        raise ConflictError(f"The account holds {account['currency']}, not {currency}.")
    return account


def _lock_or_none(connection: sa.Connection, tenant: str) -> Mapping[str, Any] | None:
    row = connection.execute(sa.select(ACCOUNT).where(ACCOUNT.c.tenant == tenant).with_for_update()).first()
    return None if row is None else row._asdict()


def _lock(connection: sa.Connection, tenant: str) -> Mapping[str, Any]:
    account = _lock_or_none(connection, tenant)
    if account is None:
        raise NotFoundError("This tenant has no account.")
    return account


def _balance(account: Mapping[str, Any]) -> Balance:
    return Balance(**{name: account[name] for name in Balance.__dataclass_fields__})


def _entry(connection: sa.Connection, job_id: str, entry: str) -> sa.Row[Any] | None:
    return connection.execute(
        sa.select(LEDGER).where(LEDGER.c.job_id == job_id, LEDGER.c.entry == entry)
    ).first()


def _reserved(connection: sa.Connection, job_id: str) -> sa.Row[Any] | None:
    return _entry(connection, job_id, "reserve")


def post(connection: sa.Connection, account: Mapping[str, Any], posting: Posting, now: datetime) -> Balance:
    """Add an entry to a locked account and give the balance after it."""
    fields = ("purchased_minor", "gifted_minor", "reserved_minor")
    after = {name: account[name] + getattr(posting, name) for name in fields}
    facts = {
        **{name: getattr(posting, name) for name in Posting.__dataclass_fields__},
        "tenant": account["tenant"],
        "number": account["entries"] + 1,
        "balance_minor": after["purchased_minor"] + after["gifted_minor"],
        "at": now,
    }
    digest = _digest(account["last_digest"], facts)
    connection.execute(LEDGER.insert().values(**facts, digest=digest))
    connection.execute(
        ACCOUNT.update()
        .where(ACCOUNT.c.tenant == account["tenant"])
        .values(**after, entries=facts["number"], last_digest=digest)
    )
    return _balance({**account, **after})


def _digest(previous: str, facts: Mapping[str, Any]) -> str:
    # Entries older than references were digested without the field.
    left_out = {"digest", "at"} | ({"reference"} if facts["reference"] is None else set())
    content = {name: value for name, value in facts.items() if name not in left_out}
    text = f"{previous}\n{facts['at'].isoformat()}\n{canonical_json(content)}"
    return hashlib.sha256(text.encode()).hexdigest()
