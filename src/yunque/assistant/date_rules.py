"""What each form of a date means: from the words of a match to the days of a period."""

from collections.abc import Callable, Mapping
from datetime import date, timedelta

from yunque.assistant.calendar_math import Span, length, month_span, unit_span
from yunque.assistant.date_words import MONTHS, ORDINALS, SEASONS, UNIT_WORDS, WEEKDAYS
from yunque.assistant.fold import words

Resolve = Callable[[date, bool], Span]  # today, and whether the question looks back
SINGULAR = frozenset(
    words("dia semana quincena mes bimestre trimestre semestre ano day week fortnight month quarter year")
)
ENGLISH_FORTNIGHT = frozenset(words("fortnight fortnights"))
Rule = Callable[[Mapping[str, str]], Resolve | None]


def _measure(word: str, count: float) -> tuple[str, float]:
    """Give unit and count: a British fortnight is two weeks, a quincena half a month."""
    return ("week", 2 * count) if word in ENGLISH_FORTNIGHT else (UNIT_WORDS[word], count)


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _fixed(day: date | None) -> Resolve | None:
    if day is None:
        return None
    fixed = day
    return lambda _today, _past: (fixed, fixed)


def _iso(g: Mapping[str, str]) -> Resolve | None:
    return _fixed(_day(int(g["y"]), int(g["m"]), int(g["d"])))


def _iso_month(g: Mapping[str, str]) -> Resolve | None:
    month = int(g["m"])
    return (lambda _today, _past: month_span(int(g["y"]), month)) if 1 <= month <= 12 else None


def _slashes(g: Mapping[str, str]) -> Resolve | None:
    year = int(g["y"]) + (2000 if len(g["y"]) == 2 else 0)
    day, month = int(g["d"]), int(g["m"])
    return _fixed(_day(year, month, day) or _day(year, day, month))


def _day_month(g: Mapping[str, str]) -> Resolve | None:
    month, day = MONTHS[g["mn"]], int(g["d"])
    if "y" in g:
        return _fixed(_day(int(g["y"]), month, day))
    if _day(2024, month, day) is None:
        return None

    def resolve(today: date, past: bool) -> Span:
        found = _day(today.year, month, day) or date(today.year, month, 28)
        if past and found > today:
            found = _day(today.year - 1, month, day) or date(today.year - 1, month, 28)
        if not past and found < today:
            found = _day(today.year + 1, month, day) or date(today.year + 1, month, 28)
        return found, found

    return resolve


def _year_of(g: Mapping[str, str], today: date) -> int | None:
    if "y" in g:
        return int(g["y"])
    words = g.get("rel", "")
    if not words:
        return None
    shift = -1 if "pasado" in words or "last" in words else 1 if "proximo" in words or "next" in words else 0
    return today.year + shift


def _of_year(g: Mapping[str, str], first_month: int, months: int) -> Resolve:
    """Whole months of a year: the named one, else the nearest that fits the direction of the question."""

    def resolve(today: date, past: bool) -> Span:
        year = _year_of(g, today)
        if year is not None:
            return month_span(year, first_month, months)
        span = month_span(today.year, first_month, months)
        if past and span[0] > today:
            return month_span(today.year - 1, first_month, months)
        if not past and span[1] < today:
            return month_span(today.year + 1, first_month, months)
        return span

    return resolve


def _quarter(g: Mapping[str, str]) -> Resolve:
    return _of_year(g, int(g["o"]) * 3 - 2, 3)


def _half(g: Mapping[str, str]) -> Resolve:
    return _of_year(g, int(g["o"]) * 6 - 5, 6)


def _ordinal(g: Mapping[str, str]) -> Resolve | None:
    number, unit = ORDINALS[g["on"]], g["u"]
    if unit in {"quincena", "semana", "week"} or (unit in {"mitad", "half"} and "mn" in g):
        return _part_of_month(g, number, 7 if unit in {"semana", "week"} else 15)
    months = {"trimestre": 3, "quarter": 3, "bimestre": 2}.get(unit, 6)
    if number == -1:
        name = {3: "quarter", 2: "bimester", 6: "semester"}[months]
        return lambda today, _past: unit_span(today, name, -1)
    if number * months > 12:
        return None
    return _of_year(g, (number - 1) * months + 1, months)


def _part_of_month(g: Mapping[str, str], number: int, days: int) -> Resolve | None:
    if "mn" not in g or number < 1 or (number - 1) * days > 27:
        if number == -1:
            return lambda today, _past: unit_span(today, "fortnight" if days == 15 else "week", -1)
        return None
    month = _of_year(g, MONTHS[g["mn"]], 1)

    def resolve(today: date, past: bool) -> Span:
        first, last = month(today, past)
        start = first + timedelta(days=(number - 1) * days)
        end = start + timedelta(days=days - 1)
        return start, last if days == 15 and number == 2 else min(end, last)

    return resolve


def _rest(g: Mapping[str, str]) -> Resolve:
    unit = UNIT_WORDS[g["u"]]
    return lambda today, _past: (today, unit_span(today, unit)[1])


def _count(g: Mapping[str, str], *, back: bool) -> Resolve:
    unit, count = _measure(g["u"], float(g["n"]))
    return lambda today, _past: length(today, unit, count, back=back)


def _count_after(g: Mapping[str, str]) -> Resolve | None:
    """Read "3 meses pasados"; "10 mes pasado" is a figure and then a month."""
    return None if float(g["n"]) > 1 and g["u"] in SINGULAR else _count(g, back=True)


def _unit(offset: int) -> Rule:
    def rule(g: Mapping[str, str]) -> Resolve:
        unit = UNIT_WORDS[g["u"]]
        if g["u"] in ENGLISH_FORTNIGHT:
            return lambda today, _past: length(today, "week", 2, back=offset < 0)
        return lambda today, _past: unit_span(today, unit, offset)

    return rule


def _end_of(g: Mapping[str, str]) -> Resolve:
    unit = UNIT_WORDS[g["u"]]

    return lambda today, _past: (today, unit_span(today, unit)[1])


def _season(g: Mapping[str, str]) -> Resolve:
    """Read a season of the north: spring is March to May."""
    first, said = 3 + 3 * SEASONS[g["se"]], g.get("rel", "")

    def resolve(today: date, past: bool) -> Span:
        if "y" in g:
            return month_span(int(g["y"]), first, 3)
        past = past or "last" in said or "pasad" in said
        years = (today.year - 1, today.year, today.year + 1)
        spans = [month_span(year, first, 3) for year in years]
        gone = [one for one in spans if (one[1] if "last" in said or "pasad" in said else one[0]) <= today]
        return gone[-1] if past else next(one for one in spans if one[1] >= today)

    return resolve


def _weekend(_: Mapping[str, str]) -> Resolve:
    def resolve(today: date, past: bool) -> Span:
        saturday = unit_span(today, "week")[0] + timedelta(days=5)
        saturday -= timedelta(weeks=1 if past and saturday > today else 0)
        return saturday, saturday + timedelta(days=1)

    return resolve


def _weekday(g: Mapping[str, str]) -> Resolve:
    number = WEEKDAYS[g["w"]]

    def resolve(today: date, past: bool) -> Span:
        ahead = (number - today.weekday()) % 7
        day = today - timedelta(days=(-ahead) % 7 or 7) if past else today + timedelta(days=ahead or 7)
        return day, day

    return resolve


def _shift(days: int) -> Resolve:
    return lambda today, _past: (today + timedelta(days=days), today + timedelta(days=days))


def _yesterday(g: Mapping[str, str]) -> Resolve:
    return _shift(-2 if "before" in g or "ante" in g else -1)


def _length(g: Mapping[str, str]) -> Resolve | None:
    words = g["n"].replace(",", ".")
    count = float(words) if words[0].isdigit() else 2.0 if "par" in words or "couple" in words else 1.0
    unit, count = _measure(g["u"], count)
    return lambda today, past: length(today, unit, count, back=past)


def _year(g: Mapping[str, str]) -> Resolve:
    return lambda _today, _past: month_span(int(g["y"]), 1, 12)


RULES: Mapping[str, Rule] = {
    "iso": _iso, "iso_month": _iso_month, "slashes": _slashes, "day_month": _day_month,
    "quarter": _quarter, "half": _half, "ordinal": _ordinal, "rest": _rest,
    "last_n_after": _count_after, "last_bare": lambda _: _shift(0),
    "last_n": lambda g: _count(g, back=True), "next_n": lambda g: _count(g, back=False),
    "unit_next": _unit(1), "unit_last": _unit(-1), "unit_this": _unit(0), "end_of": _end_of,
    "weekend": _weekend, "season": _season,
    "month": lambda g: _of_year(g, MONTHS[g["mn"]], 1), "weekday": _weekday,
    "today": lambda _: _shift(0), "tomorrow": lambda g: _shift(2 if "after" in g else 1),
    "yesterday": _yesterday, "year": _year, "length": _length,
}  # fmt: skip
