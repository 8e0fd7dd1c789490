"""The plain numbers that a value holds: itself, the parts of a date, the counts of a text; in both forms."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import polars as pl

from yunque.data.schema import Kind
from yunque.features.step import RowScope

NUMERIC = frozenset({Kind.NUMBER, Kind.INTEGER, Kind.BOOLEAN})
DATES = frozenset({Kind.DATE, Kind.TIMESTAMP})
TIMESTAMP = frozenset({Kind.TIMESTAMP})
TEXT = frozenset({Kind.TEXT})


@dataclass(frozen=True, kw_only=True)
class Part:
    """One number of a value.

    Attributes:
        name: as it stands in recipes and output names.
        kinds: kinds of column that have it.
        expression: source column -> numeric expression, null where the value is missing.
        source: (variable that is not None, scope) -> a Python expression of the same number.
    """

    name: str
    kinds: frozenset[Kind]
    expression: Callable[[pl.Expr], pl.Expr]
    source: Callable[[str, RowScope], str]

    def float_expression(self, column: pl.Expr) -> pl.Expr:
        """Give the part as Float64, null where the value is missing."""
        return self.expression(column).cast(pl.Float64)


def _field(
    name: str, attribute: str, kinds: frozenset[Kind], expression: Callable[[pl.Expr], pl.Expr]
) -> Part:
    return Part(
        name=name, kinds=kinds, expression=expression, source=lambda variable, _: f"{variable}.{attribute}"
    )


def _day_of_year(variable: str, scope: RowScope) -> str:
    first = scope.constant(date)
    return f"{variable}.toordinal() - {first}({variable}.year, 1, 1).toordinal() + 1"


_UNIX = 719163  # date(1970, 1, 1).toordinal()


def _epoch_seconds(v: str, scope: RowScope) -> str:
    """Whole microseconds times 1e-6: a product, since polars divides by a constant through its reciprocal."""
    days = f"({v}.toordinal() - {_UNIX})"
    seconds = f"({days} * 86400 + {v}.hour * 3600 + {v}.minute * 60 + {v}.second)"
    return f"({seconds} * 1000000 + {v}.microsecond) * {scope.constant(1e-6)}"


# Letters, digits, blanks are those of ASCII, and length counts code points: two engines agree on these, not
# on Unicode classes, whose tables they take from different versions of the standard.
_WORD = r"[^ \t\n\r\x0b\x0c]+"


def _count(name: str, pattern: str) -> Part:
    find = re.compile(pattern).findall
    return Part(
        name=name,
        kinds=TEXT,
        expression=lambda column: column.str.count_matches(pattern),
        source=lambda variable, scope: f"len({scope.constant(find)}({variable}))",
    )


def _share(name: str, pattern: str) -> Part:
    """Share of characters that match; 0 for an empty text."""
    count = _count(name, pattern)

    def expression(column: pl.Expr) -> pl.Expr:
        length = column.str.len_chars().cast(pl.Float64)
        share = count.float_expression(column) / length
        return pl.when(length > 0.0).then(share).when(length.is_not_null()).then(0.0)

    def source(variable: str, scope: RowScope) -> str:
        return f"({count.source(variable, scope)} / len({variable}) if {variable} else 0.0)"

    return Part(name=name, kinds=TEXT, expression=expression, source=source)


PARTS: dict[str, Part] = {
    part.name: part
    for part in (
        Part(
            name="value", kinds=NUMERIC, expression=lambda column: column, source=lambda variable, _: variable
        ),
        _field("year", "year", DATES, lambda column: column.dt.year()),
        _field("month", "month", DATES, lambda column: column.dt.month()),
        _field("day", "day", DATES, lambda column: column.dt.day()),
        _field("weekday", "isoweekday()", DATES, lambda column: column.dt.weekday()),  # Monday is 1
        Part(
            name="day_of_year",
            kinds=DATES,
            expression=lambda column: column.dt.ordinal_day(),
            source=_day_of_year,
        ),
        _field("hour", "hour", TIMESTAMP, lambda column: column.dt.hour()),
        Part(
            name="minute_of_day",
            kinds=TIMESTAMP,
            expression=lambda column: column.dt.hour().cast(pl.Int32) * 60 + column.dt.minute(),
            source=lambda v, _: f"{v}.hour * 60 + {v}.minute",
        ),
        Part(
            name="epoch_days",
            kinds=frozenset({Kind.DATE}),
            expression=lambda column: column.to_physical(),
            source=lambda variable, _: f"{variable}.toordinal() - {_UNIX}",
        ),
        Part(
            name="epoch_seconds",
            kinds=TIMESTAMP,
            expression=lambda column: column.to_physical().cast(pl.Float64) * 1e-6,
            source=_epoch_seconds,
        ),
        Part(
            name="length",
            kinds=TEXT,
            expression=lambda column: column.str.len_chars(),
            source=lambda variable, _: f"len({variable})",
        ),
        _count("words", _WORD),
        _share("digit_share", "[0-9]"),
        _share("upper_share", "[A-Z]"),
        _share("symbol_share", r"[!-/:-@\[-`{-~]"),
    )
}


def part_names(kinds: frozenset[Kind]) -> tuple[str, ...]:
    """Name the parts that columns of one of these kinds may have, in order."""
    return tuple(part.name for part in PARTS.values() if part.kinds & kinds)
