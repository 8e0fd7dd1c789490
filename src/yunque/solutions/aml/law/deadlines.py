"""Due dates: day 17 of the next month, the business day beside it, and the 24 hours of a suspicion."""

from datetime import date, datetime, timedelta

SATURDAY = 5
NOTICE_DAY = 17
DECEMBER = 12
CLOCK = timedelta(hours=24)


def monthly_due(act_day: date) -> date:
    """Give the day by which a monthly notice is owed: the 17th of the month after the act (LFPIORPI 23)."""
    if act_day.month == DECEMBER:
        return date(act_day.year + 1, 1, NOTICE_DAY)
    return date(act_day.year, act_day.month + 1, NOTICE_DAY)


def is_business_day(day: date, holidays: frozenset[date]) -> bool:
    """Whether a day is neither weekend nor holiday."""
    return day.weekday() < SATURDAY and day not in holidays


def next_business_day(day: date, holidays: frozenset[date]) -> date | None:
    """Give the day itself if it is a business day, else the first one after it.

    None where the table of holidays does not reach the day's year: a calendar is never guessed.
    """
    if not any(holiday.year == day.year for holiday in holidays):
        return None
    while not is_business_day(day, holidays):
        day += timedelta(days=1)
    return day


def suspicion_due(known_at: datetime) -> datetime:
    """Give the moment by which a 24-hour notice is owed, from the moment of knowledge (LFPIORPI 18 VI).

    Raises:
        ValueError: the moment has no time zone.
    """
    if known_at.tzinfo is None:
        raise ValueError("The moment of knowledge needs a time zone.")
    return known_at + CLOCK


def months_before(day: date, months: int) -> date:
    """Go back whole calendar months; a day that the month lacks becomes its last day."""
    index = day.year * DECEMBER + day.month - 1 - months
    year, month = divmod(index, DECEMBER)
    last = (date(year + (month == DECEMBER - 1), (month + 1) % DECEMBER + 1, 1) - timedelta(days=1)).day
    return date(year, month + 1, min(day.day, last))
