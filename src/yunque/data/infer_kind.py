"""Guess the kind of a column and how its text is read."""

from dataclasses import dataclass

import polars as pl

from yunque.data.infer_date import guess_date, order_of_dates
from yunque.data.infer_name import sounds_like_date
from yunque.data.infer_number import guess_number, reading_of_numbers
from yunque.data.infer_texts import Guess, Note, Texts
from yunque.data.parse import parse_series
from yunque.data.parse_words import BLANKS
from yunque.data.schema import Column, Kind, Reading

_FAMILIES = (
    ({"true", "t"}, {"false", "f"}),
    ({"yes", "y"}, {"no", "n"}),
    ({"sí", "si", "s"}, {"no", "n"}),
    ({"verdadero", "v"}, {"falso", "f"}),
    ({"on"}, {"off"}),
)
_ALONE = frozenset({"true", "false", "yes", "no", "sí", "si", "verdadero", "falso"})
_KEPT = ("none", "-")  # standard missing words that are ordinary values among categories


@dataclass(frozen=True, kw_only=True)
class Style:
    """What the rest of the table tells about one column: its decimal sign, or None when nothing does."""

    decimal: str | None = None


def guess_kind(series: pl.Series, style: Style, *, is_target: bool = False) -> Guess:
    """Guess the kind and reading of a column (a sample of it is enough).

    Args:
        series: the column, typed or as text.
        style: what other columns show.
        is_target: boolean words stay categories, so that labels come back as they were written.
    """
    dtype = series.dtype
    if dtype == pl.String:
        return _guess_text(series, style, is_target=is_target)
    if dtype == pl.Boolean:
        return Guess(kind=Kind.BOOLEAN)
    if dtype.is_integer():
        return _guess_integer(series)
    if dtype.is_numeric() or dtype == pl.Duration:
        return Guess(kind=Kind.NUMBER)
    if dtype == pl.Date:
        return Guess(kind=Kind.DATE)
    if isinstance(dtype, pl.Datetime):
        _, has_clock = parse_series(Column(name=series.name, kind=Kind.DATE), series)
        return Guess(kind=Kind.TIMESTAMP if has_clock.any() else Kind.DATE)
    return Guess(kind=Kind.CATEGORY, reading=_category_reading(Texts.of(_as_text(series))))


def _as_text(series: pl.Series) -> pl.Series:
    """Give the canonical texts of categories, times and the like; nothing of what cannot be read."""
    return parse_series(Column(name=series.name, kind=Kind.TEXT, reading=Reading(kept_words=_KEPT)), series)[
        0
    ]


def _guess_integer(series: pl.Series) -> Guess:
    """Whole numbers, unless they are dates written as 20240131."""
    if sounds_like_date(series.name) and series.dtype.is_integer():
        texts = Texts.of(series.cast(pl.String))
        dates = guess_date(texts)
        if dates is not None and not dates.notes:
            return dates
    return Guess(kind=Kind.INTEGER)


def _guess_text(series: pl.Series, style: Style, *, is_target: bool) -> Guess:
    texts = Texts.of(series)
    if not len(texts.values):
        return Guess(kind=Kind.CATEGORY, reading=_category_reading(texts, series))
    boolean = _guess_boolean(texts)
    if boolean is not None and _is_one_sided(texts) and _kept(texts, series):
        boolean = None  # "yes" and "none" are two categories
    if boolean is not None and not is_target:
        return boolean
    found = None if boolean else (guess_date(texts, series) or guess_number(texts, decimal=style.decimal))
    return found or Guess(
        kind=Kind.CATEGORY, reading=_category_reading(texts, series), notes=_kept_notes(texts, series)
    )


def _guess_boolean(texts: Texts) -> Guess | None:
    words = set(texts.values.head(20).str.to_lowercase())
    if len(words) > 4 or len(texts.values) > 12:
        return None
    for true, false in _FAMILIES:
        belongs = words <= true | false
        if belongs and ((words & true and words & false) or words <= _ALONE):
            reading = Reading(
                true_words=tuple(sorted(words & true)), false_words=tuple(sorted(words & false))
            )
            return Guess(kind=Kind.BOOLEAN, reading=_both_sides(reading, true, false))
    return None


def _is_one_sided(texts: Texts) -> bool:
    return set(texts.values.str.to_lowercase()) <= _ALONE and texts.values.str.to_lowercase().n_unique() == 1


def _both_sides(reading: Reading, true: set[str], false: set[str]) -> Reading:
    """Name the word that did not occur too, when a column holds one side only."""
    return Reading(
        true_words=reading.true_words or tuple(sorted(true)),
        false_words=reading.false_words or tuple(sorted(false)),
    )


def _category_reading(texts: Texts, series: pl.Series | None = None) -> Reading:
    """Keep "none" and "-" as values among categories, and "NA" among two-letter codes such as countries."""
    kept = list(_KEPT) if series is None else _kept(texts, series)
    return Reading(kept_words=tuple(kept))


def _kept(texts: Texts, series: pl.Series) -> list[str]:
    lower = series.str.strip_chars(BLANKS).str.to_lowercase()
    present = set(lower.filter(lower.is_in([*_KEPT, "na"])).unique())
    pairs = texts.values.str.contains("^[A-Z]{2}$")
    if "na" in present and not (len(pairs) >= 2 and pairs.all()):
        present.discard("na")
    return sorted(present)


def _kept_notes(texts: Texts, series: pl.Series) -> tuple[Note, ...]:
    kept = _kept(texts, series)
    if not kept:
        return ()
    words = ", ".join(map(repr, kept))
    return (
        Note(column=texts.column, message=f"{words} is kept as a value of its own, not read as missing."),
    )


def reading_for(kind: Kind, series: pl.Series) -> Reading:
    """Give the best reading of a column whose kind somebody has chosen."""
    if series.dtype != pl.String:
        return Reading()
    texts = Texts.of(series)
    if kind in (Kind.NUMBER, Kind.INTEGER):
        return reading_of_numbers(texts)
    if kind in (Kind.DATE, Kind.TIMESTAMP):
        return Reading(date_order=order_of_dates(texts))
    if kind is Kind.BOOLEAN:
        guess = _guess_boolean(texts)
        return guess.reading if guess else Reading()
    return _category_reading(texts, series)
