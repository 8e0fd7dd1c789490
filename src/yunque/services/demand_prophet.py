"""The company's total by month as Prophet forecasts it, which R2 shows beside the articles' own forecasts.

Prophet is an extra, asked for by name. No purchase rests on it: it answers for the total alone, as in R2, and
says how far off it was on the last months.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from importlib.metadata import version
from importlib.util import find_spec
from typing import Any

import numpy as np
import polars as pl

from yunque.errors import UsageError
from yunque.forecasting.panel import step
from yunque.solutions.demand.basis import Basis

LEAST_MONTHS, AHEAD, HELD = 24, 25, 3  # closed months needed (R2's); kept; held back to measure it
LEVEL = 0.9
SETTINGS: dict[str, Any] = {"yearly_seasonality": True, "changepoint_prior_scale": 0.05}  # R2's


@dataclass(frozen=True, kw_only=True)
class ProphetTotal:
    """What Prophet says of the company's total.

    Attributes:
        months: rows of R2: fecha (ISO), prediccion, minimo, maximo, in units, never below zero.
        points: closed months that it was fitted to.
        mae: mean absolute error of the last three of them, forecast without them; None where too few.
        version: of the library.
    """

    months: list[dict[str, Any]]
    points: int
    mae: float | None
    version: str


def require_prophet() -> None:
    """Refuse a wish for Prophet where it is not installed.

    Raises:
        UsageError: it is not.
    """
    if find_spec("prophet") is None:
        raise UsageError(
            "Prophet was asked for and is not installed. / Se pidió Prophet y no está instalado.",
            hint="pip install 'yunque[prophet]', or another algorithm: xgboost, lightgbm, none.",
        )


def closed_months(basis: Basis) -> pl.DataFrame:
    """Give the company's units by closed month: ds (first day), y; months without sales are zero."""
    last = basis.book.last
    first, day_after = basis.book.first.replace(day=1), last + timedelta(days=1)
    until = day_after if day_after.day == 1 else last.replace(day=1)
    months, one = [], first
    while one < until:
        months.append(one)
        one = step(one, "month", (1,))[0]
    sums = basis.history.sales.group_by(ds=pl.col("date").dt.truncate("1mo")).agg(y=pl.col("quantity").sum())
    every = pl.DataFrame({"ds": months}, schema={"ds": pl.Date})
    return every.join(sums, on="ds", how="left", maintain_order="left").with_columns(
        pl.col("y").fill_null(0.0)
    )


def prophet_total(basis: Basis, seed: int) -> ProphetTotal | None:
    """Fit Prophet to the company's closed months; None where they are fewer than 24, or all alike.

    Raises:
        UsageError: it is not installed.
    """
    require_prophet()
    table = closed_months(basis)
    if table.height < LEAST_MONTHS or table["y"].n_unique() < 2:
        return None
    held = table.tail(HELD)
    before = table.head(table.height - HELD)
    mae = None
    if before.height >= LEAST_MONTHS and before["y"].n_unique() > 1:
        told = _forecast(before, HELD, seed)
        mae = float(np.abs(np.array([one["prediccion"] for one in told]) - held["y"].to_numpy()).mean())
    return ProphetTotal(
        months=_forecast(table, AHEAD, seed), points=table.height, mae=mae, version=version("prophet")
    )


def _forecast(table: pl.DataFrame, months: int, seed: int) -> list[dict[str, Any]]:
    import pandas as pd

    ahead: list[date] = step(table["ds"][-1], "month", range(1, months + 1))
    from prophet import Prophet

    with _quiet(), _seeded(seed):
        model = Prophet(interval_width=LEVEL, weekly_seasonality=False, daily_seasonality=False, **SETTINGS)
        model.fit(table.to_pandas(), seed=seed)
        told = model.predict(pd.DataFrame({"ds": pd.to_datetime(ahead)}))
    columns = (told[name].clip(lower=0.0).tolist() for name in ("yhat", "yhat_lower", "yhat_upper"))
    return [
        {"fecha": day.isoformat(), "prediccion": mean, "minimo": low, "maximo": high}
        for day, mean, low, high in zip(ahead, *columns, strict=True)
    ]


@contextmanager
def _quiet() -> Iterator[None]:
    """Hold back what Prophet and Stan say of every fit."""
    loggers = [logging.getLogger(name) for name in ("cmdstanpy", "prophet")]
    for each in loggers:
        each.disabled = True  # a level would be set anew by the library when it loads its engine
    try:
        yield
    finally:
        for each in loggers:
            each.disabled = False


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """Prophet draws its intervals from NumPy's global generator: seed it, and put it back as it was."""
    state = np.random.get_state()
    np.random.seed(seed)
    try:
        yield
    finally:
        np.random.set_state(state)
