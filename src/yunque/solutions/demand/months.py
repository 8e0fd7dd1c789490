"""Forecasts by calendar month, whatever the period they were made for."""

from calendar import monthrange
from datetime import date
from typing import Any

import numpy as np
import polars as pl

from yunque.forecasting.panel import DAYS, step
from yunque.solutions.demand.basis import Basis
from yunque.solutions.demand.history import elapsed
from yunque.solutions.demand.levels import Ahead, quantile

MONTHLY: dict[str, Any] = {
    "code": pl.String, "month": pl.Date, "mean": pl.Float64, "low": pl.Float64, "high": pl.Float64,
}  # fmt: skip


def months_ahead(today: date, months: int) -> list[date]:
    """Give the first days of the next whole months; today's own where it is the first of one."""
    first = today if today.day == 1 else step(today.replace(day=1), "month", (1,))[0]
    return step(first, "month", range(months))


def monthly_demand(basis: Basis, months: int, *, level: float = 0.9) -> pl.DataFrame:
    """Give each article's units by month (MONTHLY): mean, and the calibrated interval that holds `level`."""
    codes = tuple(basis.panel.ids)
    length, passed = DAYS[basis.panel.frequency], elapsed(basis.book, basis.panel)
    parts = []
    for first in months_ahead(basis.book.today, months):
        start = passed + (first - basis.book.today).days / length
        days = np.full(len(codes), float(monthrange(first.year, first.month)[1]))
        ahead = Ahead(sums=basis.forecasts.sums, ids=codes, length=length, start=start)
        draws = ahead.draws(days, np.zeros(len(codes)))
        columns = {
            "code": list(codes),
            "month": [first] * len(codes),
            "mean": ahead.mean(days),
            "low": quantile(draws, (1 - level) / 2),
            "high": quantile(draws, (1 + level) / 2),
        }
        parts.append(pl.DataFrame(columns, schema=MONTHLY))
    return pl.concat(parts).sort("code", "month")


def sight_months(basis: Basis) -> float:
    """Give how many months the forecasts reach; beyond them the last period goes on."""
    periods = basis.forecasts.sums.cumulative.shape[1] - 1
    return float(periods * DAYS[basis.panel.frequency] / DAYS["month"])
