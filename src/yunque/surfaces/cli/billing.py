"""`yunque billing`: prices by their dates, credit, balances, statements and refunds."""

from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer

from yunque.errors import UsageError
from yunque.surfaces.cli.console import say, write_json, write_table
from yunque.surfaces.cli.options import AsJson

if TYPE_CHECKING:
    from yunque.runtime.jobs.ledger import Balance
    from yunque.services.job_office import Office

app = typer.Typer(
    help="Prices, credit, balances and statements; amounts are in minor units (centavos).",
    rich_markup_mode=None,
)
Item = Annotated[str, typer.Argument(metavar="ITEM", help="job.train, job.score or job.pipeline.")]
Tenant = Annotated[str, typer.Argument(metavar="[TENANT]", help="Whose account; this machine's by default.")]
Currency = Annotated[str, typer.Option("--currency", metavar="CODE", help="Three letters, as MXN.")]


@app.command("prices")
def prices(
    item: Annotated[str, typer.Option("--item", metavar="ITEM", help="Of one item; all by default.")] = "",
    as_json: AsJson = False,
) -> None:
    """List every price, the newest first of each item."""
    from yunque.services import billing

    found = [billing.price_document(price) for price in billing.prices(_office(), item or None)]
    if as_json:
        write_json({"prices": found})
        return
    rows = [
        [it["item"], it["valid_from"], it["currency"], _tiers(it["tiers"]),
         str(it["quote_above"] or "-"), it["source"]]
        for it in found
    ]  # fmt: skip
    if rows:
        write_table("", ["item", "from", "currency", "price of each unit", "offer above", "source"], rows)
    else:
        say("No price is published: every job is free.")


@app.command("set-price")
def set_price(
    item: Item,
    tier: Annotated[
        list[str],
        typer.Option(
            "--tier",
            metavar="[UP_TO:]PRICE",
            help="Price of each unit up to a number, in minor units; the last without a number; repeat it.",
        ),
    ],
    source: Annotated[str, typer.Option("--source", metavar="TEXT", help="Who decided it, and where.")],
    currency: Currency,
    start: Annotated[
        str, typer.Option("--from", metavar="DATE", help="The first day, as 2027-01-31; today (UTC).")
    ] = "",
    quote_above: Annotated[
        int | None, typer.Option("--quote-above", metavar="N", help="More units need an offer.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Publish a price from a day on; a published price is never changed."""
    from yunque.services import billing

    new = billing.NewPrice(
        item=item,
        currency=currency,
        tiers=[_tier(text) for text in tier],
        source=source,
        valid_from=_day(start),
        quote_above=quote_above,
    )
    price = billing.price_document(billing.set_price(_office(), new))
    if as_json:
        write_json(price)
        return
    say(f"{price['version']}: {_tiers(price['tiers'])} {price['currency']} minor units.")
    say("Servers charge it from its first day on, without a restart; jobs in line keep their price.")


@app.command("credit")
def credit(
    tenant: Annotated[str, typer.Argument(metavar="TENANT", help="Whose account; local is this machine's.")],
    amount: Annotated[int, typer.Argument(metavar="AMOUNT", help="In minor units: 50000 is 500.00.")],
    reference: Annotated[
        str, typer.Option("--reference", metavar="TEXT", help="Payment or invoice: it is added once.")
    ],
    currency: Currency,
    gift: Annotated[bool, typer.Option("--gift", help="Given, not bought: never refunded.")] = False,
    note: Annotated[str, typer.Option("--note", metavar="TEXT", help="A line for the statement.")] = "",
    as_json: AsJson = False,
) -> None:
    """Add credit to an account, once for each reference."""
    from yunque.runtime.jobs.credit import Credit
    from yunque.services import billing

    wanted = Credit(
        tenant=billing.tenant_named(tenant),
        amount_minor=amount,
        currency=currency,
        source="gift" if gift else "purchase",
        reference=reference,
        description=note,
    )
    balance, is_new = billing.add(_office(), wanted)
    if as_json:
        write_json({**billing.balance_document(balance), "is_new": is_new})
        return
    if not is_new:
        say(f"The reference {reference!r} was credited before; nothing was added.")
    _show(balance)


@app.command("balance")
def balance(tenant: Tenant = "", as_json: AsJson = False) -> None:
    """Show what an account holds."""
    from yunque.services import billing

    found = billing.balance(_office(), billing.tenant_named(tenant))
    if as_json:
        write_json(billing.balance_document(found))
    else:
        _show(found)


@app.command("statement")
def statement(
    tenant: Tenant = "",
    limit: Annotated[int, typer.Option("--limit", min=1, max=500)] = 50,
    before: Annotated[int | None, typer.Option("--before", min=1, help="Entries before this number.")] = None,
    verify: Annotated[bool, typer.Option("--verify", help="Recompute the account from its entries.")] = False,
    as_json: AsJson = False,
) -> None:
    """List an account's entries, newest first."""
    from yunque.services import billing

    here, owner = _office(), billing.tenant_named(tenant)
    checked = billing.verify(here, owner) if verify else None
    found = [billing.entry_document(it) for it in billing.statement(here, owner, limit=limit, before=before)]
    if as_json:
        write_json({"entries": found, "verified": checked})
        return
    headers = ["number", "at", "entry", "purchased_minor", "gifted_minor", "reserved_minor", "balance_minor",
               "units", "price_version", "job_id", "reference", "description"]  # fmt: skip
    titles = [name.removesuffix("_minor") for name in headers]
    right = "number,purchased,gifted,reserved,balance,units"
    rows = [["" if it[name] is None else str(it[name]) for name in headers] for it in found]
    write_table("", titles, rows, right=right)
    if checked is not None:
        say(f"{checked} entries follow from each other, and their sum is the balance.")


@app.command("refund")
def refund(
    job_id: Annotated[str, typer.Argument(metavar="JOB", help="Its whole id.")],
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="A line for the statement.")],
    as_json: AsJson = False,
) -> None:
    """Give back the purchased part of what a job cost, once."""
    from yunque.services import billing

    found = billing.refund(_office(), job_id, reason=reason)
    if as_json:
        write_json(billing.balance_document(found))
    else:
        _show(found)


def _office() -> "Office":
    from yunque.surfaces.cli.jobs import office

    return office()


def _show(found: "Balance") -> None:
    say(f"{found.tenant}: {found.available_minor} {found.currency} minor units to use")
    say(
        f"  {found.purchased_minor} bought, {found.gifted_minor} given, "
        f"{found.reserved_minor} reserved for jobs that have not ended"
    )


def _tier(text: str) -> tuple[int | None, int]:
    limit, _, amount = text.rpartition(":")
    try:
        return (int(limit) if limit else None), int(amount)
    except ValueError as error:
        raise UsageError(
            f"--tier {text[:40]!r} is no price.", hint="For example --tier 2000:100 --tier 75"
        ) from error


def _tiers(tiers: list[dict[str, int | None]]) -> str:
    return ", ".join(
        f"{it['minor_per_unit']}" + (f" up to {it['up_to']}" if it["up_to"] else "") for it in tiers
    )


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise UsageError(f"--from {text[:40]!r} is no day.", hint="Write 2027-01-31.") from error
