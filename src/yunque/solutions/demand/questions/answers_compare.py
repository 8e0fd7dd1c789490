"""Answers that hold one period beside another."""

from datetime import date, timedelta

from yunque.assistant.calendar_math import add_months, length, month_span
from yunque.assistant.query import Query
from yunque.solutions.demand.questions.answers_history import found_of, known_of, summed
from yunque.solutions.demand.questions.desk import Desk
from yunque.solutions.demand.questions.found import Found
from yunque.solutions.demand.questions.scope import between, within

SAME_DAYS = 3  # months differ by so many


def compare_periods(desk: Desk, query: Query) -> Found:
    """One period beside another; the one before where only one is named."""
    first, second = _two(desk, query)
    scope = within(
        Query(
            intent=query.intent,
            article=query.article,
            category=query.category,
            warehouse=query.warehouse,
            city=query.city,
        ),
        desk.sales,
    )
    a, b = summed(between(scope, *first)), summed(between(scope, *second))
    days_a, days_b = _days_seen(desk, first), _days_seen(desk, second)
    uneven = abs(days_a - days_b) > SAME_DAYS and min(days_a, days_b) > 0
    rate_a, rate_b = a["units"] / max(days_a, 1), b["units"] / max(days_b, 1)
    old, new = (rate_a, rate_b) if uneven else (a["units"], b["units"])
    change = (new - old) / old if old and min(days_a, days_b) > 0 else None
    facts = {
        **known_of(desk, query),
        "start_a": first[0],
        "end_a": first[1],
        "start_b": second[0],
        "end_b": second[1],
        "units_a": a["units"],
        "value_a": a["value"],
        "units_b": b["units"],
        "value_b": b["value"],
        "up": change if change is not None and change > 0 else None,
        "down": -change if change is not None and change < 0 else None,
        "same": "" if change == 0 else None,
        "days_a": days_a if uneven else None,
        "days_b": days_b if uneven else None,
        "rate_a": rate_a if uneven else None,
        "rate_b": rate_b if uneven else None,
        "today": desk.today if max(first[1], second[1]) >= desk.today else None,
    }
    return found_of("compare", facts)


def _days_seen(desk: Desk, span: tuple[date, date]) -> int:
    """Give the days of a period that lie before the day of the plan."""
    return max((min(span[1], desk.today - timedelta(days=1)) - span[0]).days + 1, 0)


def _two(desk: Desk, query: Query) -> tuple[tuple[date, date], tuple[date, date]]:
    """Give two periods, the older one first."""
    last = desk.today - timedelta(days=1)
    start, end = query.start, query.end
    if start is None or end is None:
        start, end = month_span(last.year, last.month)
    if query.start_b is not None and query.end_b is not None:
        other = (query.start_b, query.end_b)
        if other == (start, end):  # "diciembre con diciembre del año pasado", asked in January
            other = add_months(start, -12), add_months(end, -12)
        return _ordered((start, end), other)
    days = (end - start).days + 1
    if days >= 365 or (start.day == 1 and days > 27):
        months = max(round(days / 30.4), 1)
        before = length(start, "month", months, back=True)
    else:
        before = (start - timedelta(days=days), start - timedelta(days=1))
    return before, (start, end)


def _ordered(a: tuple[date, date], b: tuple[date, date]) -> tuple[tuple[date, date], tuple[date, date]]:
    return (a, b) if a <= b else (b, a)
