"""A small company with forecasts made by hand, so that plans can be tested without fitting a model."""

from functools import cache

import numpy as np
import polars as pl
from scipy.stats import norm

from yunque.forecasting.answer import Forecasts
from yunque.forecasting.panel import Panel, to_matrix
from yunque.forecasting.sums import GRID, SumQuantiles
from yunque.solutions.demand.basis import Basis
from yunque.solutions.demand.generator import Wish, make_company
from yunque.solutions.demand.history import make_demand, read_history
from yunque.solutions.demand.intake import Whose, take_in

HORIZON = 30


def average_forecasts(panel: Panel) -> Forecasts:
    """Forecast each article by its mean, with a spread twice that of a Poisson variable."""
    values, known = to_matrix(panel)
    mean = np.where(known, values, 0.0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    sums = SumQuantiles(
        ids=tuple(panel.ids),
        cumulative=np.outer(mean, np.arange(HORIZON + 1.0)),
        groups=np.zeros(len(mean), dtype=np.int64),
        lengths=np.array([1.0]),
        scores=2.0 * norm.ppf(GRID)[None, None, :],
        dispersion=np.ones(len(mean)),
    )
    ahead = panel.ahead(HORIZON)
    each = np.repeat(mean, HORIZON)
    periods = pl.DataFrame(
        {
            "unique_id": np.repeat(panel.ids, HORIZON), "period": ahead * len(mean), "mean": each,
            "p10": each * 0.5, "p50": each, "p90": each * 1.5, "p95": each * 1.7,
        }
    )  # fmt: skip
    count = len(mean)
    items = pl.DataFrame(
        {
            "unique_id": panel.ids, "demand_class": ["smooth"] * count, "model": ["mean"] * count,
            "reason": ["combination"] * count, "confidence": ["medium"] * count,
        }
    )  # fmt: skip
    backtest = pl.DataFrame({"demand_class": ["all"], "wape": [0.4], "bias": [-0.02], "coverage_0.9": [0.89]})
    weights = pl.DataFrame({"demand_class": ["smooth"], "model": ["mean"], "weight": [1.0]})
    totals = pl.DataFrame({"level": ["total"], "name": [""], "period": [ahead[0]], "mean": [mean.sum()]})
    return Forecasts(
        frequency=panel.frequency, last=panel.last, periods=periods, items=items, sums=sums,
        backtest=backtest, weights=weights, totals=totals,
    )  # fmt: skip


@cache
def small_basis(nit: str = "900123456", articles: int = 18) -> Basis:
    """Give a company of 200 days, planned in weeks."""
    company = make_company(7, Wish(articles=articles, days=200, nit=nit))
    book = take_in(company.tables, Whose())
    history = read_history(book)
    panel = make_demand(book, history, "week")
    return Basis(book=book, history=history, panel=panel, forecasts=average_forecasts(panel))
