"""Guess how the dates of a text column are written: ISO, day first or month first."""

import polars as pl

from yunque.data.infer_name import sounds_like_date
from yunque.data.infer_texts import Guess, Note, Texts, judge_rest
from yunque.data.parse_date import midnights, read_timestamps
from yunque.data.schema import DateOrder, Kind, Reading

_DATE_LIKE = r"^(?:[0-9]{1,4}[-/.][0-9]{1,2}[-/.][0-9]{2}|(?:19|20)[0-9]{6})"  # a quick look before reading
_COMPACT = r"^(?:19|20)[0-9]{6}$"


def guess_date(texts: Texts, series: pl.Series | None = None) -> Guess | None:
    """Guess the order of day and month under which the texts are dates, or None when they are not.

    Args:
        texts: the distinct texts of the column.
        series: the column itself, in row order: if rows are sorted in time under one order of day and month
            only, that settles texts such as 03/04/2024.
    """
    if not texts.values.str.contains(_DATE_LIKE).any():
        return None
    compact = texts.values.str.contains(_COMPACT)
    if compact.any() and not (compact.all() and sounds_like_date(texts.column)):
        return None
    readable = {order: read_timestamps(order, texts.values).is_not_null() for order in _ORDERS}
    shares = {order: texts.share(mask) for order, mask in readable.items()}
    best = max(shares.values())
    order = next(order for order in _ORDERS if shares[order] == best)
    rest = judge_rest(texts, readable[order], "dates")
    if rest is None:
        return None
    notes = list(rest.notes)
    if order == "dmy" and shares["mdy"] == best:
        order, note = _settle(texts, series)
        notes.append(note)
    reading = Reading(date_order=order, missing_words=rest.words)
    return Guess(kind=_kind(texts, order), reading=reading, notes=tuple(notes))


_ORDERS: tuple[DateOrder, ...] = ("iso", "dmy", "mdy")


def order_of_dates(texts: Texts) -> DateOrder:
    """Give the best order for a column that is declared a date, however many texts it cannot read."""
    shares = {order: texts.share(read_timestamps(order, texts.values).is_not_null()) for order in _ORDERS}
    return max(_ORDERS, key=lambda order: shares[order])


def _kind(texts: Texts, order: DateOrder) -> Kind:
    """A date when every time of day is midnight, as typed columns are judged too."""
    moments = read_timestamps(order, texts.values).drop_nulls()
    return Kind.TIMESTAMP if midnights(moments).null_count() else Kind.DATE


def _settle(texts: Texts, series: pl.Series | None) -> tuple[DateOrder, Note]:
    """Choose between day first and month first when every text reads as both."""
    differ = read_timestamps("dmy", texts.values) != read_timestamps("mdy", texts.values)
    example = texts.values[differ.fill_null(value=False).arg_max() or 0]
    if series is not None:
        rows = series.drop_nulls().head(100_000)
        in_order = {order: _is_sorted(read_timestamps(order, rows)) for order in ("dmy", "mdy")}
        if in_order["dmy"] != in_order["mdy"]:
            order: DateOrder = "dmy" if in_order["dmy"] else "mdy"
            words = "day/month/year" if order == "dmy" else "month/day/year"
            message = f"{example!r} could be read in two ways; {words} was taken, as the rows are sorted so."
            return order, Note(column=texts.column, message=message)
    message = (
        f"{example!r} could be day/month/year or month/day/year: no text settles it, and day/month/year was "
        "assumed. Set reading.date_order to mdy in the contract if that is wrong."
    )
    return "dmy", Note(column=texts.column, message=message, severity="warning")


def _is_sorted(moments: pl.Series) -> bool:
    moments = moments.drop_nulls()
    return (
        len(moments) > 2
        and moments.n_unique() > 2
        and (moments.is_sorted() or moments.is_sorted(descending=True))
    )
