"""Amounts of money as integer centavos, exactly: no floating point on the way in or out."""

from yunque.errors import DataError

CENTS = 100
DECIMALS = 2


def cents_of(text: str) -> int:
    """Read a plain amount with at most two decimals ("117.31") as centavos.

    Raises:
        DataError: it has more decimals, or is no amount.
    """
    whole, _, decimals = text.partition(".")
    is_amount = whole.isascii() and whole.isdigit() and (not decimals or decimals.isdigit())
    if not is_amount or len(decimals) > DECIMALS:
        raise DataError(f"{text!r} is not an amount with at most two decimals.")
    return int(whole) * CENTS + int(decimals.ljust(DECIMALS, "0") or 0)


def plain(cents: int) -> str:
    """Write centavos as "75664.95"."""
    sign = "-" if cents < 0 else ""
    whole, rest = divmod(abs(cents), CENTS)
    return f"{sign}{whole}.{rest:02d}"


def spoken(cents: int) -> str:
    """Write centavos for people: "$75,664.95"."""
    sign = "-" if cents < 0 else ""
    whole, rest = divmod(abs(cents), CENTS)
    return f"{sign}${whole:,}.{rest:02d}"
