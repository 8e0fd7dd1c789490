"""Why a line of a plan says what it says, and what a buyer must know of the plan as a whole."""

from collections.abc import Mapping
from typing import Any

import polars as pl

from yunque.forecasting.reasons import NOTES
from yunque.solutions.demand.basis import Basis
from yunque.solutions.demand.notes import note, noted
from yunque.solutions.demand.plan_values import DataNote
from yunque.solutions.demand.reckon import Reckoned
from yunque.solutions.demand.terms import Stockroom
from yunque.solutions.demand.wish import PlanWish

RISE = 1.3  # of the past demand: a coming rise is told
OLD_DAYS, SHORT_DAYS = 35, 180
LIKELY = 0.5


def reasons(done: Reckoned, at: int, row: Mapping[str, Any], kind: str, past: float) -> tuple[str, ...]:
    """Give the codes of REASONS that hold for an article; `past` is its units a day before."""
    one = done.suggested
    is_bought = bool(done.packs[at] > 0)
    cut = bool(one.packs[at] > done.packs[at])
    told = {
        "buy": is_bought,
        "covered": done.needed[at] <= 0,
        "wait_minimum": one.waits[at],
        "raised_to_minimum": one.raised[at] and is_bought,
        "rounded_to_pack": one.rounded[at] and is_bought and not cut,
        "budget_left_out": cut and not is_bought,
        "budget_reduced": cut and is_bought,
        "not_moving": kind == "ended",
        "new_article": kind == "new",
        "stockout_likely": done.stockout[at] >= LIKELY,
        "overstock": done.excess[at] > 0,
        "seasonal_rise": past > 0 and done.daily[at] > RISE * past,
        "no_supplier": row["supplier"] == "" and is_bought,
    }
    return tuple(code for code, is_so in told.items() if is_so)


def plan_notes(basis: Basis, room: Stockroom, done: Reckoned, wish: PlanWish) -> tuple[DataNote, ...]:
    """Gather every note: of the intake, the history, the terms, the budget and the forecast."""
    book = basis.book
    age = (book.today - book.last).days
    days = (book.last - book.first).days + 1
    unsold = sorted(set(room.table["code"]) - basis.standing.sellers)
    over = _over_budget(room, done, wish)
    forecast = dict((*basis.panel.notes, *basis.forecasts.notes))
    return (
        *book.notes,
        *basis.history.notes,
        *room.notes,
        *noted(
            ("no_sales", len(unsold), unsold),
            ("old_data", age if age > OLD_DAYS else 0, ()),
            ("short_history", int(days < SHORT_DAYS), [f"{days} d"]),
            ("minimum_above_budget", len(over), over),
        ),
        *(_forecast_note(code, count) for code, count in forecast.items()),
    )


def _over_budget(room: Stockroom, done: Reckoned, wish: PlanWish) -> list[str]:
    if wish.budget is None:
        return []
    least = done.suggested.least * room.array("pack") * room.array("cost")
    is_over = pl.Series((least > wish.budget) & (done.suggested.packs > 0))
    return room.table["code"].filter(is_over).to_list()


def _forecast_note(code: str, count: int) -> DataNote:
    """Say what the forecast left out, in its own words where it has any."""
    if code not in NOTES:
        return note("forecast_note", count, [code])
    text = {name: f"{said[0].upper()}{said[1:]} ({count:,})." for name, said in NOTES[code].items()}
    return DataNote(code=code, count=count, examples=(), text=text)
