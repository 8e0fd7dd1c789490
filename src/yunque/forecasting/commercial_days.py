"""Dates on which shops of Colombia and Mexico sell otherwise, as dated rules with their source.

Public holidays come from the package holidays; these are the days that no law makes free. A rule holds from
its first year on. Days whose date is announced each year (Buen Fin, Hot Sale) stand by their usual rule,
and years in which the announced date differed are listed by date.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Literal

Country = Literal["CO", "MX"]


@dataclass(frozen=True, kw_only=True)
class CommercialDay:
    """A day or season of sales.

    Attributes:
        code: name in features and texts.
        names: in Spanish and English.
        countries: where it is kept.
        when: year -> (first day, last day).
        since: first year of the rule.
        source: who says so.
        announced: years whose announced dates differ from the rule.
    """

    code: str
    names: dict[str, str]
    countries: tuple[Country, ...]
    when: Callable[[int], tuple[date, date]]
    source: str
    since: int = 1990
    announced: dict[int, tuple[date, date]] = field(default_factory=dict)

    def span(self, year: int) -> tuple[date, date] | None:
        """Give its first and last day in a year, None before the rule began."""
        if year < self.since:
            return None
        return self.announced.get(year) or self.when(year)


def nth_weekday(year: int, month: int, weekday: int, nth: int) -> date:
    """Give the nth (1 = first) weekday (0 = Monday) of a month."""
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (nth - 1))


def easter(year: int) -> date:
    """Give Easter Sunday (Gregorian computus, Meeus/Jones/Butcher)."""
    a, b, c = year % 19, year // 100, year % 100
    d, e = divmod(b, 4)
    g = (8 * b + 13) // 25
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    weekday = (32 + 2 * e + 2 * i - h - k) % 7
    m = (a + 11 * h + 22 * weekday) // 451
    month, day = divmod(h + weekday - 7 * m + 114, 31)
    return date(year, month, day + 1)


def _on(month: int, day: int) -> Callable[[int], tuple[date, date]]:
    return lambda year: (date(year, month, day), date(year, month, day))


def _between(first: tuple[int, int], last: tuple[int, int]) -> Callable[[int], tuple[date, date]]:
    return lambda year: (date(year, *first), date(year, *last))


def _nth(month: int, weekday: int, nth: int) -> Callable[[int], tuple[date, date]]:
    def when(year: int) -> tuple[date, date]:
        day = nth_weekday(year, month, weekday, nth)
        return day, day

    return when


def _holy_week(year: int) -> tuple[date, date]:
    sunday = easter(year)
    return sunday - timedelta(days=7), sunday


def _black_friday(year: int) -> tuple[date, date]:
    day = nth_weekday(year, 11, 3, 4) + timedelta(days=1)
    return day, day


def _buen_fin(year: int) -> tuple[date, date]:
    """Friday to Monday around the holiday of the Revolution, the third Monday of November."""
    monday = nth_weekday(year, 11, 0, 3)
    return monday - timedelta(days=3), monday


def _hot_sale(year: int) -> tuple[date, date]:
    """Nine days from the last Monday of May."""
    last = date(year, 5, 31)
    monday = last - timedelta(days=last.weekday())
    return monday, monday + timedelta(days=8)


CUSTOM = "custom of the trade (FENALCO's commercial calendar)"
CONCANACO = "custom of the trade (CONCANACO SERVYTUR's commercial calendar)"

COMMERCIAL_DAYS: tuple[CommercialDay, ...] = (
    CommercialDay(
        code="mothers_day",
        names={"es": "Día de la Madre", "en": "Mother's Day"},
        countries=("CO",),
        when=_nth(5, 6, 2),
        source=f"second Sunday of May: {CUSTOM}",
    ),
    CommercialDay(
        code="fathers_day",
        names={"es": "Día del Padre", "en": "Father's Day"},
        countries=("CO",),
        when=_nth(6, 6, 3),
        source=f"third Sunday of June: {CUSTOM}",
    ),
    CommercialDay(
        code="love_and_friendship",
        names={"es": "Amor y Amistad", "en": "Love and Friendship Day"},
        countries=("CO",),
        when=_nth(9, 5, 3),
        source=f"third Saturday of September: {CUSTOM}",
    ),
    CommercialDay(
        code="candles_day",
        names={"es": "Día de las Velitas", "en": "Day of the Little Candles"},
        countries=("CO",),
        when=_on(12, 7),
        source="eve of the Immaculate Conception, 7 December",
    ),
    CommercialDay(
        code="school_season",
        names={"es": "Temporada escolar", "en": "Back to school"},
        countries=("CO",),
        when=_between((1, 10), (2, 10)),
        source="calendar A of the Ministry of Education: classes begin in the second half of January",
    ),
    CommercialDay(
        code="epiphany",
        names={"es": "Día de Reyes", "en": "Epiphany"},
        countries=("MX",),
        when=_on(1, 6),
        source="6 January",
    ),
    CommercialDay(
        code="mothers_day",
        names={"es": "Día de las Madres", "en": "Mother's Day"},
        countries=("MX",),
        when=_on(5, 10),
        source="10 May",
    ),
    CommercialDay(
        code="fathers_day",
        names={"es": "Día del Padre", "en": "Father's Day"},
        countries=("MX",),
        when=_nth(6, 6, 3),
        source=f"third Sunday of June: {CONCANACO}",
    ),
    CommercialDay(
        code="hot_sale",
        names={"es": "Hot Sale", "en": "Hot Sale"},
        countries=("MX",),
        when=_hot_sale,
        since=2014,
        announced={
            2021: (date(2021, 5, 23), date(2021, 5, 31)),
            2024: (date(2024, 5, 15), date(2024, 5, 23)),
        },
        source="Asociación Mexicana de Venta Online: end of May, announced each year",
    ),
    CommercialDay(
        code="back_to_school",
        names={"es": "Regreso a clases", "en": "Back to school"},
        countries=("MX",),
        when=_between((8, 1), (8, 31)),
        source="calendar of the Secretaría de Educación Pública: classes begin at the end of August",
    ),
    CommercialDay(
        code="day_of_the_dead",
        names={"es": "Día de Muertos", "en": "Day of the Dead"},
        countries=("MX",),
        when=_between((11, 1), (11, 2)),
        source="1 and 2 November",
    ),
    CommercialDay(
        code="buen_fin",
        names={"es": "El Buen Fin", "en": "El Buen Fin"},
        countries=("MX",),
        when=_buen_fin,
        since=2011,
        announced={
            2020: (date(2020, 11, 9), date(2020, 11, 20)),
            2021: (date(2021, 11, 10), date(2021, 11, 16)),
        },
        source="CONCANACO SERVYTUR and Secretaría de Economía: weekend of the third Monday of November",
    ),
    CommercialDay(
        code="guadalupe",
        names={"es": "Virgen de Guadalupe", "en": "Our Lady of Guadalupe"},
        countries=("MX",),
        when=_on(12, 12),
        source="12 December",
    ),
    CommercialDay(
        code="holy_week",
        names={"es": "Semana Santa", "en": "Holy Week"},
        countries=("CO", "MX"),
        when=_holy_week,
        source="Palm Sunday to Easter Sunday, Gregorian computus",
    ),
    CommercialDay(
        code="black_friday",
        names={"es": "Black Friday", "en": "Black Friday"},
        countries=("CO", "MX"),
        when=_black_friday,
        since=2012,
        source="the day after the fourth Thursday of November",
    ),
    CommercialDay(
        code="june_bonus",
        names={"es": "Prima de junio", "en": "June bonus"},
        countries=("CO",),
        when=_between((6, 15), (6, 30)),
        source="Código Sustantivo del Trabajo, art. 306: by 30 June",
    ),
    CommercialDay(
        code="december_bonus",
        names={"es": "Prima de diciembre", "en": "December bonus"},
        countries=("CO",),
        when=_between((12, 1), (12, 20)),
        source="Código Sustantivo del Trabajo, art. 306: in the first twenty days of December",
    ),
    CommercialDay(
        code="december_bonus",
        names={"es": "Aguinaldo", "en": "Christmas bonus"},
        countries=("MX",),
        when=_between((12, 5), (12, 20)),
        source="Ley Federal del Trabajo, art. 87: before 20 December",
    ),
    CommercialDay(
        code="christmas",
        names={"es": "Navidad", "en": "Christmas"},
        countries=("CO", "MX"),
        when=_between((12, 16), (12, 24)),
        source="novena and posadas, 16 to 24 December",
    ),
)


def commercial_days(country: Country, year: int) -> list[tuple[CommercialDay, date, date]]:
    """Give the rules of a country that hold in a year, with their first and last day."""
    spans = [(day, day.span(year)) for day in COMMERCIAL_DAYS if country in day.countries]
    return [(day, *span) for day, span in spans if span is not None]


def paydays(year: int, month: int) -> tuple[date, date]:
    """Give the two days of a month on which wages are paid (quincena): the 15th and the last."""
    following = date(year + month // 12, month % 12 + 1, 1)
    return date(year, month, 15), following - timedelta(days=1)
