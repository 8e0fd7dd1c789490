"""Commercial days of Colombia and Mexico that buyers name, as the days of a year."""

from calendar import monthrange
from collections.abc import Callable
from datetime import date, timedelta

from yunque.assistant.calendar_math import Span, month_span


def _weekday(year: int, month: int, weekday: int, number: int) -> date:
    """Give the number-th such weekday of a month (Monday is 0); the last for -1."""
    if number < 0:
        last = date(year, month, monthrange(year, month)[1])
        return last - timedelta(days=(last.weekday() - weekday) % 7)
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (number - 1))


def _day(find: Callable[[int], date], days: int = 1) -> Callable[[int], Span]:
    def span(year: int) -> Span:
        first = find(year)
        return first, first + timedelta(days=days - 1)

    return span


def easter(year: int) -> date:
    """Give Easter Sunday (Meeus, Jones and Butcher's rule for the Gregorian calendar)."""
    century, rest = divmod(year, 100)
    moon = (19 * (year % 19) + century - century // 4 - (century - (century + 8) // 25 + 1) // 3 + 15) % 30
    week = (32 + 2 * (century % 4) + 2 * (rest // 4) - moon - rest % 4) % 7
    shift = (year % 19 + 11 * moon + 22 * week) // 451
    month, day = divmod(moon + week - 7 * shift + 114, 31)
    return date(year, month, day + 1)


def _black_friday(year: int) -> date:
    return _weekday(year, 11, 3, 4) + timedelta(days=1)


def _december(year: int) -> Span:
    return month_span(year, 12)


def _mother(country: str) -> Callable[[int], Span]:
    if country == "MX":
        return _day(lambda year: date(year, 5, 10))
    return _day(lambda year: _weekday(year, 5, 6, 2))


def _school(country: str) -> Callable[[int], Span]:
    return lambda year: month_span(year, 8 if country == "MX" else 1)


def named_days(country: str) -> dict[str, Callable[[int], Span]]:
    """Give the days by their folded names; Mother's Day depends on the country.

    El Buen Fin is the weekend, Friday to Monday, before Mexico's holiday of the third Monday of November;
    school begins in January (Colombia) or August (Mexico);
    Amor y Amistad is Colombia's third Saturday of September; Christmas stands for its month of trade.
    """
    good_end = _day(lambda year: _weekday(year, 11, 0, 3) - timedelta(days=3), 4)
    holy_week = _day(lambda year: easter(year) - timedelta(days=7), 8)
    found: dict[str, Callable[[int], Span]] = {}
    for names, days in (
        ("el buen fin|buen fin", good_end),
        ("black friday|viernes negro", _day(_black_friday)),
        ("cyber monday", _day(lambda year: _black_friday(year) + timedelta(days=3))),
        ("semana santa|holy week", holy_week),
        ("easter", _day(easter)),
        ("navidad|christmas|temporada navidena|fiestas decembrinas", _december),
        ("dia de la madre|dia de las madres|mother's day|mothers day", _mother(country)),
        ("dia del padre|father's day|fathers day", _day(lambda year: _weekday(year, 6, 6, 3))),
        ("amor y amistad", _day(lambda year: _weekday(year, 9, 5, 3))),
        ("dia de muertos", _day(lambda year: date(year, 11, 1), 2)),
        ("halloween", _day(lambda year: date(year, 10, 31))),
        ("dia de reyes|reyes magos", _day(lambda year: date(year, 1, 6))),
        ("san valentin|valentine's day|valentines day", _day(lambda year: date(year, 2, 14))),
        ("hot sale", _day(lambda year: _weekday(year, 5, 0, -1), 9)),
        (
            "dia del nino",
            _day(lambda year: date(year, 4, 30) if country == "MX" else _weekday(year, 4, 5, -1)),
        ),
        ("temporada escolar|regreso a clases|vuelta al cole|back to school|school season", _school(country)),
        ("ano nuevo|new year", _day(lambda year: date(year, 1, 1))),
    ):
        found.update(dict.fromkeys(names.split("|"), days))
    return found
