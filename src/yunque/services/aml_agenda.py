"""The officer's calendar: day 17 by month and activity, the report of nothing, and the 24-hour clocks."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import polars as pl

from yunque.errors import UsageError
from yunque.services.aml_desk import Desk
from yunque.services.aml_picture import Picture, picture
from yunque.services.aml_queue import QueueWish, items_of
from yunque.solutions.aml.calendar import NOTHING, Due, month_of, to_send
from yunque.solutions.aml.law.deadlines import months_before

MONTHS_SHOWN = 3
ASSUMED = (
    "Las actividades se tomaron de las operaciones recibidas: nombre las registradas para que el informe en "
    "ceros no falte de una que no tuvo operaciones."
)


def agenda(
    desk: Desk, *, month: date | None = None, fractions: Sequence[str] | None = None
) -> dict[str, Any]:
    """Give what is to be sent: of one month, or of the three up to today's.

    Args:
        desk: whose.
        month: any day of it.
        fractions: the activities that are registered ("VIII", "XII-A"); those of the operations without.

    Raises:
        UsageError: an activity that Article 17 does not have.
    """
    seen = picture(desk)
    known = sorted({row.fraction for row in desk.catalogue.thresholds})
    wanted = registered(seen, desk, fractions, known)
    months = [month_of(month)] if month else recent(desk.today())
    due: list[Due] = []
    if seen.found is not None:
        due = [one for first in months for one in to_send(seen.found, first, wanted, desk.catalogue)]
    clocks = [it for it in items_of(desk, seen, QueueWish()) if it["vence_24h"] is not None]
    return {
        "hoy": desk.today().isoformat(),
        "actividades": wanted,
        "por_enviar": [due_document(one, desk.today()) for one in sorted(due, key=lambda it: it.due)],
        "relojes_24h": sorted(clocks, key=lambda it: str(it["vence_24h"])),
        "notas": [] if fractions else [ASSUMED],
    }


def recent(today: date) -> list[date]:
    """Give the first days of this month and of the two before it, oldest first."""
    first = month_of(today)
    return [months_before(first, back) for back in reversed(range(MONTHS_SHOWN))]


def registered(seen: Picture, desk: Desk, asked: Sequence[str] | None, known: Sequence[str]) -> list[str]:
    """Give the activities to look at.

    Raises:
        UsageError: one of them is not of Article 17.
    """
    if asked:
        wrong = [name for name in asked if name not in known]
        if wrong:
            raise UsageError(
                f"Article 17 has no fraction {wrong[0][:40]!r}.", hint=f"Use one of {', '.join(known)}."
            )
        return list(dict.fromkeys(asked))
    if seen.found is None:
        return []
    places = {row.rule: row.fraction for row in desk.catalogue.thresholds}
    rules = seen.operations["regla"].drop_nulls().unique().to_list()
    return sorted({places[rule] for rule in rules if rule in places})


def due_document(one: Due, today: date) -> dict[str, Any]:
    """Give one thing to send as plain values."""
    return {
        "fraccion": one.fraction,
        "mes": one.month.strftime("%Y-%m"),
        "que": one.what,
        "avisos": one.acts,
        "vence": one.due.isoformat(),
        "vence_habil": one.working.isoformat() if one.working else None,
        "dias": (one.due - today).days,
        "fundamento": "LFPIORPI 23; RCG 25" if one.what == NOTHING else "LFPIORPI 17, 18 fr. VI y 23",
        "nota": "Una vez enviado no se modifica (RCG 25)." if one.what == NOTHING else None,
    }


def months_with_operations(seen: Picture) -> list[str]:
    """Give the months in which a tenant told operations, newest first."""
    if seen.found is None:
        return []
    months = seen.operations.select(pl.col("fecha").dt.strftime("%Y-%m").unique().sort(descending=True))
    return months.to_series().to_list()
