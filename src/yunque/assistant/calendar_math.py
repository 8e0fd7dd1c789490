"""Days, weeks, months, quarters and years as closed periods of days."""

from calendar import monthrange
from datetime import date, timedelta

Span = tuple[date, date]  # both days count
UNITS = ("day", "week", "fortnight", "month", "bimester", "quarter", "semester", "year")
MONTHS_OF = {"month": 1, "bimester": 2, "quarter": 3, "semester": 6, "year": 12}
FIRST_YEAR = 1990


def add_months(day: date, months: int) -> date:
    """Give the same day so many months later, or the month's last day when it has none."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    year = min(max(year, 1), 9998)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def month_span(year: int, month: int, months: int = 1) -> Span:
    """Give so many whole months from one on."""
    first = date(year, month, 1)
    return first, add_months(first, months) - timedelta(days=1)


def unit_span(today: date, unit: str, offset: int = 0) -> Span:
    """Give the calendar unit that holds today, or one so many before or after; weeks begin on Monday."""
    if unit == "day":
        day = today + timedelta(days=offset)
        return day, day
    if unit == "week":
        first = today - timedelta(days=today.weekday()) + timedelta(weeks=offset)
        return first, first + timedelta(days=6)
    if unit == "fortnight":
        return _half_month(today, offset)
    size = MONTHS_OF[unit]
    first = date(today.year, (today.month - 1) // size * size + 1, 1)
    first = add_months(first, size * offset)
    return month_span(first.year, first.month, size)


def _half_month(today: date, offset: int) -> Span:
    index = (today.year * 12 + today.month - 1) * 2 + (today.day > 15) + offset
    month_index, half = divmod(index, 2)
    year, month = divmod(month_index, 12)
    first, last = month_span(year, month + 1)
    return (first.replace(day=16), last) if half else (first, first.replace(day=15))


def length(today: date, unit: str, count: float, *, back: bool = False) -> Span:
    """Give so many units from today on, today counted, or the days before today when `back`."""
    count = min(count, 5000.0 if unit == "day" else 600.0)
    if unit in MONTHS_OF and count == int(count):
        months = int(count) * MONTHS_OF[unit]
        if back:
            return add_months(today, -months), today - timedelta(days=1)
        return today, add_months(today, months) - timedelta(days=1)
    days = max(round(days_of(unit, count)), 1)
    if back:
        return today - timedelta(days=days), today - timedelta(days=1)
    return today, today + timedelta(days=days - 1)


def days_of(unit: str, count: float) -> float:
    """Give a duration in days; a month has 30, a year 365."""
    days = {
        "day": 1,
        "week": 7,
        "fortnight": 15,
        "month": 30,
        "bimester": 60,
        "quarter": 90,
        "semester": 180,
        "year": 365,
    }
    return count * days[unit]
