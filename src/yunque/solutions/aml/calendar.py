"""What is due when: notices by month and activity, and the report of nothing where a month has none."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl

from yunque.solutions.aml.law.catalogue import Catalogue
from yunque.solutions.aml.law.deadlines import monthly_due, next_business_day
from yunque.solutions.aml.law.evaluate import Evaluation

NOTICES = "avisos"
NOTHING = "informe_en_ceros"


@dataclass(frozen=True, kw_only=True)
class Due:
    """One thing to send.

    Attributes:
        fraction: of Article 17.
        month: first day of the month in which the acts were done.
        what: "avisos", or "informe_en_ceros" where there was nothing to notify (RCG 25).
        acts: how many notices.
        due: the 17th of the next month; `working`: the business day from it, None where the table of holidays
            ends.
    """

    fraction: str
    month: date
    what: str
    acts: int
    due: date
    working: date | None


def month_of(day: date) -> date:
    """Give the first day of a day's month."""
    return day.replace(day=1)


def to_send(
    found: Evaluation, month: date, fractions: Sequence[str], catalogue: Catalogue
) -> tuple[Due, ...]:
    """Give what each registered activity owes for a month.

    A month in which an activity had no act to notify owes the report of nothing; it cannot be edited once
    sent.

    Args:
        month: any day of it.
        fractions: the activities that are registered ("VIII", "XII").
    """
    first = month_of(month)
    places = {row.rule: row.fraction for row in catalogue.thresholds}
    owed = found.obligations.filter(
        (pl.col("tipo") == "aviso_mensual") & (pl.col("acto_fecha").dt.truncate("1mo") == first)
    )
    acts = owed.join(found.operations.select("orden", articulo="regla"), on="orden", how="left")
    counts = acts.with_columns(f=pl.col("articulo").replace_strict(places, default=None)).group_by("f").len()
    by_fraction = dict(counts.iter_rows())
    due = monthly_due(first)
    return tuple(
        Due(
            fraction=fraction,
            month=first,
            what=NOTICES if by_fraction.get(fraction) else NOTHING,
            acts=by_fraction.get(fraction, 0),
            due=due,
            working=next_business_day(due, catalogue.holidays),
        )
        for fraction in dict.fromkeys(fractions)
    )
