"""Numbers written as text: one grammar per reading, for one cell or for a whole column."""

import re
from dataclasses import dataclass
from functools import lru_cache

import polars as pl

from yunque.data.parse_words import BLANKS
from yunque.data.schema import Reading

LONGEST = 400  # characters; a longer run of digits is no number of a table
_LOW, _HIGH = -(2**63), 2**63 - 1
_BLANK = f"[{BLANKS}]*"
_THOUSANDS = {" ": "[ \u00a0\u2009\u202f]", "'": "['\u2019]"}


@dataclass(frozen=True, kw_only=True)
class Grammar:
    """The accepted texts of a reading, and what must be cut from one before it is cast.

    Attributes:
        pattern: regular expression of a whole accepted text, valid in Python and in Rust.
        cut: regular expression of what is removed from an accepted text, "" for nothing.
        decimal: the decimal sign that becomes a point.
        percent: whether the value is divided by 100.
    """

    pattern: str
    cut: str
    decimal: str
    percent: bool


@lru_cache(maxsize=4096)
def number_grammar(reading: Reading, *, whole: bool) -> Grammar:
    """Build the grammar of a reading: of whole numbers, or of numbers with fraction and exponent.

    Accepted: an optional sign; digits, in groups of three when `thousands` is set; a fraction; an exponent
    (not with `whole`); the currency before or after; with currency or thousands, parentheses for negative
    numbers. With `percent` the sign % must stand. Digits are ASCII only; "inf", "0x10" and "1_000" are not
    numbers.
    """
    separator = _THOUSANDS.get(reading.thousands, _escape(reading.thousands))
    digits = f"(?:[0-9]{{1,3}}(?:{separator}[0-9]{{3}})+|[0-9]+)" if separator else "[0-9]+"
    point = _escape(reading.decimal)
    number = f"{digits}(?:{point}0*)?" if whole else _fraction(digits, point)
    currency = "|".join(_escape(token) for token in sorted(reading.currency.split(), key=len, reverse=True))
    before = f"(?:(?:{currency}){_BLANK})" if currency else ""
    after = f"(?:{_BLANK}(?:{currency}))?" if currency else ""
    body = f"[+-]?(?:{before}?{number})" if before else f"[+-]?{number}"
    forms = [f"{body}{after}"]
    if before:
        forms.append(f"{before}[+-]{number}{after}")
    if before or separator:
        forms.append(rf"\({before}{'?' if before else ''}{number}{after}\)")
    sign = f"{_BLANK}%" if reading.percent and not whole else ""
    cuts = [
        part
        for part in (currency, separator, f"[{BLANKS}()%]" if currency or separator or sign else "")
        if part
    ]
    return Grammar(
        pattern=f"(?:{'|'.join(forms)}){sign}",
        cut="|".join(cuts),
        decimal=reading.decimal,
        percent=bool(sign),
    )


def _fraction(digits: str, point: str) -> str:
    return f"(?:{digits}(?:{point}[0-9]*)?|{point}[0-9]+)(?:[eE][+-]?[0-9]{{1,3}})?"


def _escape(text: str) -> str:
    """Escape for a regular expression that both Python and Rust read."""
    return re.sub(r"([\\.+*?()|\[\]{}^$#&~-])", r"\\\1", text)


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def read_number(reading: Reading, text: str) -> float | None:
    """Read one stripped, non-missing text as a number; None when it is unreadable."""
    plain = _plain_text(number_grammar(reading, whole=False), text)
    if plain is None:
        return None
    value = float(plain)
    if value in (float("inf"), float("-inf")):
        return None
    return value / 100.0 if reading.percent else value


def read_integer(reading: Reading, text: str) -> int | None:
    """Read one stripped, non-missing text as a 64-bit whole number; None when it is unreadable."""
    plain = _plain_text(number_grammar(reading, whole=True), text)
    if plain is None:
        return None
    value = int(plain.partition(".")[0])
    return value if _LOW <= value <= _HIGH else None


def _plain_text(grammar: Grammar, text: str) -> str | None:
    """Give the text as Python and Rust write numbers, or None when the grammar refuses it."""
    if len(text) > LONGEST or _compiled(grammar.pattern).fullmatch(text) is None:
        return None
    negative = text.startswith("(")
    if grammar.cut:
        text = _compiled(grammar.cut).sub("", text)
    if grammar.decimal != ".":
        text = text.replace(grammar.decimal, ".")
    return f"-{text}" if negative else text


def read_numbers(reading: Reading, texts: pl.Series) -> pl.Series:
    """Read stripped texts as numbers: Float64, null where missing or unreadable."""
    values = _plain_texts(number_grammar(reading, whole=False), texts).cast(pl.Float64, strict=False)
    values = values.set(values.is_infinite().fill_null(value=False), None)
    return divided(values, 100.0) if reading.percent else values


def divided(values: pl.Series, divisor: float) -> pl.Series:
    """Divide as Python does; polars multiplies by the reciprocal of a scalar, whose last bit may differ."""
    return values / pl.repeat(divisor, len(values), dtype=pl.Float64, eager=True)


def read_integers(reading: Reading, texts: pl.Series) -> pl.Series:
    """Read stripped texts as whole numbers: Int64, null where missing or unreadable."""
    plain = _plain_texts(number_grammar(reading, whole=True), texts)
    return plain.str.replace(r"\..*$", "").cast(pl.Int64, strict=False)


def _plain_texts(grammar: Grammar, texts: pl.Series) -> pl.Series:
    """The column form of `_plain_text`: null where the grammar refuses."""
    text = pl.col("text")
    accepted = text.str.contains(f"^(?:{grammar.pattern})$") & (text.str.len_chars() <= LONGEST)
    plain = text.str.replace_all(grammar.cut, "") if grammar.cut else text
    if grammar.decimal != ".":
        plain = plain.str.replace_all(grammar.decimal, ".", literal=True)
    if "\\(" in grammar.pattern:
        plain = pl.when(text.str.starts_with("(")).then(pl.concat_str(pl.lit("-"), plain)).otherwise(plain)
    return pl.DataFrame({"text": texts}).select(pl.when(accepted).then(plain).alias("text")).to_series()
