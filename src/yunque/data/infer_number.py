"""Guess how the numbers of a text column are written: decimal sign, thousands, percent, currency."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Literal

import polars as pl

from yunque.data.infer_texts import Guess, Note, Texts, judge_rest
from yunque.data.parse_number import read_integers, read_numbers
from yunque.data.schema import Kind, Reading

CURRENCIES = frozenset(
    {
        "$", "€", "£", "¥", "₡", "₲", "₦", "₩", "₪", "₫", "₱", "₴", "₵", "₹", "₺", "₽", "₿", "R$",
        "US$", "MX$", "C$", "A$", "S/", "S/.", "Bs", "Bs.", "kr", "zł", "Kč", "Ft", "CHF", "USD",
        "EUR", "MXN", "COP", "ARS", "PEN", "CLP", "BRL", "GBP", "JPY", "CNY", "CAD", "AUD", "GTQ",
        "CRC", "HNL", "NIO", "PAB", "DOP", "BOB", "PYG", "UYU", "VES", "SEK", "NOK", "DKK", "INR",
    }
)  # fmt: skip
_STYLES: tuple[tuple[Literal[".", ","], str], ...] = (
    (".", ""), (".", ","), (",", ""), (",", "."), (".", " "), (",", " "), (".", "'"),
)  # fmt: skip
_CODE_SHARE = 0.01  # of rows with leading zeros that make digits a code
_LONGEST_WHOLE = 18  # digits that a 64-bit integer surely holds


def guess_number(texts: Texts, *, decimal: str | None = None) -> Guess | None:
    """Guess the reading under which the texts are numbers, or None when they are not.

    Args:
        texts: the distinct texts of the column.
        decimal: the decimal sign that other columns of the table certainly use; it settles doubtful texts
            such as "1.234".
    """
    if not len(texts.values) or not texts.values.str.contains("[0-9]").any() or _are_codes(texts):
        return None
    readings = _in_order(texts, decimal)
    shares = [texts.share(_accepted(reading, texts)) for reading in readings]
    best = max(shares)
    reading = readings[shares.index(best)]
    readable = _accepted(reading, texts)
    rest = judge_rest(texts, readable, "numbers")
    if rest is None:
        return None
    equal = [other for other, share in zip(readings, shares, strict=True) if share == best]
    other = None if decimal else _doubt(texts.where(readable), reading, equal)
    kind = Kind.INTEGER if _are_whole(texts.where(readable), reading) else Kind.NUMBER
    notes = [*rest.notes, *_notes(texts, reading, other)]
    return Guess(
        kind=kind, reading=replace(reading, missing_words=rest.words), notes=tuple(notes), other=other
    )


def _in_order(texts: Texts, decimal: str | None) -> list[Reading]:
    """Readings worth trying, the table's decimal sign first; the plain one alone when it reads all."""
    if decimal is None and bool(_accepted(Reading(), texts).all()):
        return [Reading()]
    return sorted(_candidates(texts), key=lambda reading: reading.decimal != (decimal or reading.decimal))


def _are_codes(texts: Texts) -> bool:
    """Whether digits are codes: with leading zeros ("007"), like "4E10", or longer than any count."""
    zeros = texts.values.str.contains(r"^0[0-9]+$")
    exponents = texts.values.str.contains(r"^[0-9]+[eE][0-9]+$")
    long = texts.values.str.contains(rf"^[0-9]{{{_LONGEST_WHOLE + 1},}}$")
    return texts.share(zeros | exponents | long) >= _CODE_SHARE


def _candidates(texts: Texts) -> Iterator[Reading]:
    """Readings worth trying, the plainest first."""
    has = {sign: bool(texts.values.str.contains(sign, literal=True).any()) for sign in (".", ",", "'")}
    has[" "] = bool(texts.values.str.contains("[0-9][ \u00a0\u2009\u202f][0-9]").any())
    has["'"] = has["'"] or bool(texts.values.str.contains("\u2019", literal=True).any())
    percent = texts.share(texts.values.str.ends_with("%")) > 0.5
    currency = " ".join(_currencies(texts))
    for decimal, thousands in _STYLES:
        if (decimal == "." or has[","] or thousands == ".") and (not thousands or has[thousands]):
            yield Reading(decimal=decimal, thousands=thousands, percent=percent, currency=currency)


def _currencies(texts: Texts) -> list[str]:
    """The known currency signs and codes that stand before or after digits."""
    values = texts.values
    before = values.str.extract(r"^[(+-]*([^0-9,+()\-\s%]{1,4})\s*[0-9.,+-]")
    after = values.str.extract(r"[0-9.,]\s*([^0-9.,+()\-\s%]{1,3})\)?$")
    found = set(before.unique().drop_nulls()) | set(after.unique().drop_nulls())
    return sorted(found & CURRENCIES)


def _accepted(reading: Reading, texts: Texts) -> pl.Series:
    return read_numbers(reading, texts.values).is_not_null()


def _are_whole(texts: Texts, reading: Reading) -> bool:
    """Whether the accepted texts are 64-bit whole numbers written without a fraction."""
    if reading.percent or texts.values.str.contains(_fraction_sign(reading)).any():
        return False
    return bool(read_integers(reading, texts.values).is_not_null().all())


def _fraction_sign(reading: Reading) -> str:
    return rf"[0-9]?\{reading.decimal}[0-9]*|[0-9][eE][+-]?[0-9]"


def _doubt(texts: Texts, reading: Reading, equal: list[Reading]) -> Reading | None:
    """Give another reading that accepts the same texts and gives other values, if there is one.

    A decimal point is doubted only when every point could separate thousands: three digits after each, none
    before it more than three, and no long digits without it.
    """
    grouped = texts.values.str.contains(r"^[^0-9]*[1-9][0-9]{0,2}(?:[.,][0-9]{3})+[^0-9]*$")
    short = texts.values.str.contains(r"^[^0-9]*[0-9]{1,3}[^0-9]*$")
    if not grouped.any() or not (grouped | short).all():
        return None
    values = read_numbers(reading, texts.values)
    for other in (*equal, replace(reading, decimal=",", thousands=".")):
        numbers = read_numbers(other, texts.values)
        if other.decimal != reading.decimal and numbers.is_not_null().all() and not numbers.equals(values):
            return other
    return None


def _notes(texts: Texts, reading: Reading, other: Reading | None) -> Iterator[Note]:
    if other is None:
        return
    sign = "," if bool(texts.values.str.contains(",", literal=True).any()) else "."
    example = texts.values.filter(texts.values.str.contains(sign, literal=True))[0]
    role = "a decimal sign" if reading.decimal == sign else "a thousands separator"
    yield Note(
        column=texts.column,
        message=f"{example!r} could be read in two ways; {sign!r} was taken as {role}.",
        severity="warning",
    )


def reading_of_numbers(texts: Texts) -> Reading:
    """Give the best reading for a column that is declared a number, however many texts it cannot read."""
    readings = list(_candidates(texts))
    shares = [texts.share(_accepted(reading, texts)) for reading in readings]
    return readings[shares.index(max(shares))]


def is_decisive(reading: Reading, texts: Texts) -> bool:
    """Whether the column shows the table's decimal sign: a fraction is written with it."""
    return bool(texts.values.str.contains(rf"\{reading.decimal}[0-9]").any())
