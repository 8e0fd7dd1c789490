"""Rules that a plan is held against: R2's, a flat average, the textbook's, last year, one's own orders."""

import numpy as np
import polars as pl
from scipy.stats import norm

from yunque.forecasting.panel import TRUNCATION, Panel, step
from yunque.kernel.form import FloatArray
from yunque.solutions.demand.intake import Book
from yunque.solutions.demand.simulate import Order, Stage, order_blindly, order_up_to

R2_FACTOR = 1.2


def before(values: FloatArray, first: int, periods: int) -> tuple[FloatArray, FloatArray]:
    """Give mean and standard deviation of each article's demand before each period (periods x articles).

    Args:
        values: articles x periods of the whole panel, NaN before the first sale or where it is unknown.
        first: column of the first period that is lived through.
        periods: how many are.
    """
    means, spreads = [], []
    for now in range(first, first + periods):
        past = values[:, :now]
        seen = np.isfinite(past)
        count = np.maximum(seen.sum(axis=1), 1)
        mean = np.where(seen, past, 0.0).sum(axis=1) / count
        square = np.where(seen, (past - mean[:, None]) ** 2, 0.0).sum(axis=1) / np.maximum(count - 1, 1)
        means.append(mean)
        spreads.append(np.sqrt(square))
    return np.array(means), np.array(spreads)


def r2_rule(mean: FloatArray, stage: Stage) -> Order:
    """Order the average and a fifth more at each review, blind to stock, as R2's product did."""
    return order_blindly(mean * stage.review[None, :] * R2_FACTOR)


def average_rule(mean: FloatArray, stage: Stage, factor: float) -> Order:
    """Order up to the average of lead time and review period times a factor."""
    return order_up_to(mean * (stage.lead + stage.review)[None, :] * factor)


def textbook_rule(mean: FloatArray, spread: FloatArray, stage: Stage, level: float) -> Order:
    """Order up to mean + z times the history's standard deviation, both of the protection interval."""
    span = (stage.lead + stage.review)[None, :].astype(float)
    return order_up_to(mean * span + norm.ppf(level) * spread * np.sqrt(span))


def last_year_rule(values: FloatArray, first: int, season: int, stage: Stage) -> Order | None:
    """Order up to what the same periods sold a year before; None where there is no year before."""
    if first < season:
        return None
    span = int(np.median(stage.lead + stage.review))
    filled = np.nan_to_num(values)
    targets = [
        filled[:, max(now - season, 0) : now - season + span].sum(axis=1)
        for now in range(first, first + stage.periods)
    ]
    return order_up_to(np.array(targets))


def own_orders(book: Book, panel: Panel, stage: Stage) -> Order | None:
    """Order what the buyer ordered in the same periods; None where no past order is known."""
    orders = book.tables["orders"].filter(pl.col("ordered").is_not_null())
    firsts = step(panel.last, panel.frequency, range(1 - stage.periods, 1))
    inside = orders.with_columns(period=pl.col("ordered").dt.truncate(TRUNCATION[panel.frequency])).filter(
        pl.col("period").is_in(firsts)
    )
    if not inside.height:
        return None
    row = {code: at for at, code in enumerate(panel.ids)}
    column = {day: at for at, day in enumerate(firsts)}
    quantities = np.zeros((stage.periods, len(row)))
    for code, period, units in inside.select("code", "period", "units").iter_rows():
        if code in row:
            quantities[column[period], row[code]] += units
    return order_blindly(quantities)
