"""Find the periods that a question names, in Spanish or English, and the days they stand for."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cache
from importlib.resources import files

from yunque.assistant.calendar_math import FIRST_YEAR, Span, month_span, unit_span
from yunque.assistant.date_rules import ENGLISH_FORTNIGHT, RULES, Resolve
from yunque.assistant.date_words import (
    LAST,
    MONTHS,
    NEXT,
    ORDINALS,
    SEASONS,
    SHORT_MONTHS,
    THIS,
    UNIT_WORDS,
    WEEKDAYS,
)
from yunque.assistant.fold import words
from yunque.assistant.patterns import read_yaml

NamedDays = Mapping[str, Callable[[int], Span]]  # "navidad" -> the days of a year


@dataclass(frozen=True, kw_only=True)
class Period:
    """A period in a text.

    Attributes:
        start, end: where it stands.
        resolve: gives its days, once it is known whether the question looks back or ahead.
        tense: -1 where its own words say that it is over ("ayer"), 1 where they say that it comes, else 0.
        is_more: it is a length that comes on top ("7 more days").
        is_bare: "the last one", of the unit that was named before.
        parts: the two ends of "entre marzo y abril", which may be compared.
        is_length: it says how long ("2 semanas"), not when; `unit` and `count` say it.
    """

    start: int
    end: int
    resolve: Resolve
    is_length: bool = False
    unit: str = ""
    count: float = 0.0
    parts: tuple[Resolve, ...] = ()
    tense: int = 0
    is_bare: bool = False
    is_more: bool = False


def _any(words: Mapping[str, object] | list[str]) -> str:
    return "(?:" + "|".join(sorted(words, key=len, reverse=True)) + ")"


_YEAR = r"(?P<y>(?:19|20)\d\d)"
_PARTS = {
    "U": _any(UNIT_WORDS), "M": _any(MONTHS), "W": _any(WEEKDAYS), "O": _any(ORDINALS), "Y": _YEAR,
    "S": _any(SEASONS), "NEXT": _any(NEXT), "LAST": _any(LAST), "THIS": _any(THIS),
    "N": r"(?P<n>\d{1,4}(?:[.,]\d)?|una?|an?|one|un par de|a couple of)",
    "OF_YEAR": rf"(?:,?\s*(?:de |del |del ano |of |in )?{_YEAR}\b)?",
    "REL": r"(?P<rel>\s*(?:del? ano pasado|de este ano|(?:of )?(?:last|this|next) year|del? proximo ano))?",
}  # fmt: skip


@cache
def _forms() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """Read the forms of dates, once."""
    text = files("yunque.assistant").joinpath("date_forms.yaml").read_text("utf-8")
    fill = re.compile(r"\{([A-Z_]+)\}")
    return tuple(
        (rule, re.compile(fill.sub(lambda match: _PARTS[match[1]], pattern)))
        for rule, pattern in read_yaml(text)
    )


_RANGES = re.compile(
    r"^\s*(?:,\s*)?\b(?:a|al|hasta|to|until|till|through|y|and)\b(?:\s+(?:el|the))?\s*$|^\s*-\s*$"
)
_BEFORE = re.compile(r"\b(?:antes del?(?: el| la)?|before(?: the)?|previo al?)\s*(?:dia\s*)?$")
_UNTIL = re.compile(
    r"\b(?:hasta(?: el| la)?|a mas tardar(?: el)?|by(?: the)?|until|till|no later than|de aqui al?(?: la)?"
    r"|de aqui hasta(?: el| la)?|from now (?:to|until)|between now and)\s*(?:dia\s*)?$"
)
_SINCE = re.compile(r"\b(?:desde(?: el| la)?|a partir del?|since(?: the)?|starting|from)\s*$")
_FROM = re.compile(r"\b(?:desde(?: el)?|del?|entre(?: el)?|from|between)\s*$")


def find_periods(text: str, named: NamedDays | None = None) -> list[Period]:
    """Give the periods of a folded text, in order; ranges ("de enero a marzo") and limits are joined.

    Args:
        text: folded, its numbers in figures.
        named: further days by name ("navidad", "black friday"), folded.
    """
    found = _completed(sorted(_scan(text, named or {}), key=lambda one: one.start))
    return [_limited(text, one) for one in _joined(text, found)]


def _scan(text: str, named: NamedDays) -> Iterator[Period]:
    taken = [False] * (len(text) + 1)
    for name, days in named.items():
        for match in re.finditer(rf"\b{name}\b(?:\s*(?:de |del |of )?{_YEAR}\b)?", text):
            if not any(taken[match.start() : match.end()]):
                taken[match.start() : match.end()] = [True] * (match.end() - match.start())
                yield Period(start=match.start(), end=match.end(), resolve=_named(days, match["y"]))
    for name, pattern in _forms():
        for match in pattern.finditer(text):
            if any(taken[match.start() : match.end()]) or _is_other_word(name, text, match):
                continue
            period = _period(name, match)
            if period is not None:
                taken[match.start() : match.end()] = [True] * (match.end() - match.start())
                yield period


_MONTH_LEADS = frozenset(
    words(
        "in en de for para to a al hasta and y vs contra between entre desde from until by since of last el"
    )
)


_ENGLISH_UNITS = frozenset(words("day days week weeks fortnight month months quarter semester year years"))


def _is_other_word(name: str, text: str, match: re.Match[str]) -> bool:
    """Whether a word is more likely another: "may", "mar" and "sep" alone, "a" before a Spanish unit."""
    if name == "length":
        return match["n"] in {"a", "an"} and match["u"] not in _ENGLISH_UNITS
    if name != "month" or match["mn"] not in SHORT_MONTHS or match.groupdict().get("y"):
        return False
    before = text[: match.start()].split()
    return not before or before[-1] not in _MONTH_LEADS


_OVER = frozenset({"unit_last", "last_n", "last_n_after", "yesterday", "last_bare"})
_AHEAD = frozenset({"unit_next", "next_n", "tomorrow"})


def _completed(found: list[Period]) -> list[Period]:
    """Read "the last one" as the unit before the period that was named before it; without one it is none."""
    out: list[Period] = []
    for one in found:
        before = next((other for other in reversed(out) if other.unit and not other.is_length), None)
        if not one.is_bare:
            out.append(one)
        elif before is not None:
            out.append(replace(one, resolve=_one_before(before), unit=before.unit))
    return out


def _one_before(other: Period) -> Resolve:
    if other.unit == "season":
        return lambda today, past: _year_earlier(other.resolve(today, past))
    return lambda today, past: unit_span(other.resolve(today, past)[0], other.unit, -1)


def _year_earlier(span: Span) -> Span:
    return month_span(span[0].year - 1, span[0].month, 3)


_ON_TOP = re.compile(r"\b(?:more|extra|additional|mas|further)\b")


def _period(name: str, match: re.Match[str]) -> Period | None:
    groups = {key.rstrip("23456"): value for key, value in match.groupdict().items() if value}
    resolve = RULES[name](groups)
    if resolve is None:
        return None
    if name != "length":
        return Period(
            start=match.start(),
            end=match.end(),
            resolve=resolve,
            unit=name if name in {"month", "season"} else UNIT_WORDS.get(groups.get("u", ""), ""),
            tense=(name in _AHEAD) - (name in _OVER),
            is_bare=name == "last_bare",
        )
    count = groups["n"].replace(",", ".")
    number = float(count) if count[0].isdigit() else 2.0 if "par" in count or "couple" in count else 1.0
    unit = UNIT_WORDS[groups["u"]]
    if groups["u"] in ENGLISH_FORTNIGHT:
        unit, number = "week", 2 * number
    return Period(
        start=match.start(),
        end=match.end(),
        resolve=resolve,
        is_length=True,
        unit=unit,
        count=number,
        is_more=bool(_ON_TOP.search(match.group())),
    )


def _named(days: Callable[[int], Span], year: str | None) -> Resolve:
    def resolve(today: date, past: bool) -> Span:
        if year:
            return days(int(year))
        span = days(today.year)
        if past:
            return span if span[0] <= today else days(today.year - 1)
        return span if span[1] >= today else days(today.year + 1)

    return resolve


def _joined(text: str, found: list[Period]) -> list[Period]:
    """Join two periods with "a", "hasta", "y", "to", "and" between them where "de", "entre", "from" leads."""
    out: list[Period] = []
    for one in found:
        last = out[-1] if out else None
        between = text[last.end : one.start] if last else ""
        if last and not last.is_length and not one.is_length and _is_range(text, last, between):
            lead = _FROM.search(text[: last.start])
            start = lead.start() if lead else last.start
            both = (last.resolve, one.resolve)
            parts = both if between.split()[:1] in (["y"], ["and"]) else ()
            out[-1] = Period(start=start, end=one.end, resolve=_range(*both), parts=parts)
            continue
        out.append(one)
    return out


def _is_range(text: str, last: Period, between: str) -> bool:
    if not _RANGES.search(between) or len(between.strip()) > 12:
        return False
    word = between.strip().split(" ")[0]
    return bool(_FROM.search(text[: last.start])) if word in {"y", "and"} else True


def _range(first: Resolve, second: Resolve) -> Resolve:
    def resolve(today: date, past: bool) -> Span:
        end = second(today, past)[1]
        start = first(today, past)[0]
        while start > end:
            start = _year_before(start)
        if end.year - start.year == 1 and _fits_same_year(start, end):
            start = start.replace(year=end.year)
        return start, end

    return resolve


def _fits_same_year(start: date, end: date) -> bool:
    return (
        (start.month, start.day) <= (end.month, end.day)
        and (start.month, start.day) != (2, 29)
        and start.day == 1
    )


def _year_before(day: date) -> date:
    return day.replace(year=day.year - 1, day=min(day.day, 28) if day.month == 2 else day.day)


def _limited(text: str, period: Period) -> Period:
    """Read "antes de", "hasta", "desde" in front of a period."""
    if period.is_length:
        return period
    lead = text[: period.start]
    for pattern, limit in ((_BEFORE, _before), (_UNTIL, _until), (_SINCE, _since)):
        match = pattern.search(lead)
        if match:
            return Period(start=match.start(), end=period.end, resolve=limit(period.resolve))
    return period


def _before(inner: Resolve) -> Resolve:
    def resolve(today: date, past: bool) -> Span:
        start, end = inner(today, past)
        if start == today < end:  # "antes de fin de mes"
            return start, end
        last = start - timedelta(days=1)
        return (min(today, last), max(last, today)) if not past else (date(FIRST_YEAR, 1, 1), last)

    return resolve


def _until(inner: Resolve) -> Resolve:
    def resolve(today: date, past: bool) -> Span:
        end = inner(today, past)[1]
        return (min(today, end), end) if not past else (date(today.year, 1, 1), end)

    return resolve


def _since(inner: Resolve) -> Resolve:
    def resolve(today: date, past: bool) -> Span:
        start, end = inner(today, past)
        return (start, today) if start <= today else (start, end)

    return resolve
