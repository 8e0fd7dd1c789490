"""Series in, forecasts with calibrated quantiles of summed demand out: the stage's front door."""

import math

import numpy as np
import polars as pl

from yunque.forecasting.answer import QUANTILE_COLUMNS, Forecasts
from yunque.forecasting.classes import classify, describe
from yunque.forecasting.panel import Panel, to_matrix
from yunque.forecasting.request import ForecastRequest
from yunque.forecasting.sums import GRID, SumQuantiles


def forecast(panel: Panel, request: ForecastRequest) -> Forecasts:
    """Forecast every article of the panel.

    Raises:
        UsageError: the optional libraries of the extra "forecast" are not installed.
    """
    began = request.clock()
    ids = panel.ids
    spans = np.array([request.spans(unique_id) for unique_id in ids], dtype=float).reshape(-1, 2)
    horizon = max(request.horizon_periods, math.ceil(spans.sum(axis=1).max(initial=1.0)))
    values, known = to_matrix(panel)
    histories = describe(values, known)
    kinds = classify(histories)
    level = np.where(kinds == "ended", 0.0, histories.level)
    means = np.repeat(level[:, None], horizon, axis=1)
    cumulative = np.concatenate([np.zeros((len(ids), 1)), np.cumsum(means, axis=1)], axis=1)
    from scipy.stats import norm

    sums = SumQuantiles(
        ids=tuple(ids),
        cumulative=cumulative,
        groups=np.zeros(len(ids), dtype=np.int64),
        lengths=np.array([1.0]),
        scores=2.0 * norm.ppf(GRID)[None, None, :],
        floor=np.where(kinds == "ended", 0.0, 1.0),
    )
    ahead = panel.ahead(horizon)
    spread = np.sqrt(means + sums.floor[:, None])
    quantiles = {
        name: np.maximum(means + 2.0 * norm.ppf(p) * spread, 0.0).ravel()
        for name, p in QUANTILE_COLUMNS.items()
    }
    periods = pl.DataFrame(
        {
            "unique_id": np.repeat(np.array(ids, dtype=object), horizon).tolist(),
            "period": ahead * len(ids),
            "mean": means.ravel(),
            **quantiles,
        }
    )
    last_sale = (
        panel.frame.filter(pl.col("quantity") > 0).group_by("unique_id").agg(last_sale=pl.max("period"))
    )
    table = sums.table(dict(zip(ids, spans.sum(axis=1).tolist(), strict=True)), (0.5,))
    leads = sums.table(dict(zip(ids, spans[:, 0].tolist(), strict=True)), (0.5,))
    items = pl.DataFrame(
        {
            "unique_id": ids,
            "demand_class": kinds.tolist(),
            "model": ["WindowAverage"] * len(ids),
            "reason": ["no_backtest"] * len(ids),
            "confidence": ["low"] * len(ids),
            "history_periods": histories.periods,
            "sold_periods": histories.sold,
            "mean_period": means.mean(axis=1),
            "recent_period": histories.level,
            "lead_periods": spans[:, 0],
            "protection_periods": spans.sum(axis=1),
            "lead_mean": leads["mean"],
            "protection_mean": table["mean"],
            "backtest_wape": [None] * len(ids),
            "backtest_bias": [None] * len(ids),
        },
        schema_overrides={"backtest_wape": pl.Float64, "backtest_bias": pl.Float64},
    ).join(last_sale, on="unique_id", how="left", maintain_order="left")
    coverage = {f"coverage_{level:g}": pl.Float64 for level in request.levels}
    backtest_schema = {
        "demand_class": pl.String,
        "articles": pl.Int64,
        "sums": pl.Int64,
        "origins": pl.Int64,
        "wape": pl.Float64,
        "bias": pl.Float64,
        "mase": pl.Float64,
        "pinball": pl.Float64,
        **coverage,
    }
    return Forecasts(
        frequency=panel.frequency,
        last=panel.last,
        periods=periods,
        items=items,
        sums=sums,
        backtest=pl.DataFrame(schema=backtest_schema),
        weights=pl.DataFrame(
            schema={
                "demand_class": pl.String,
                "model": pl.String,
                "weight": pl.Float64,
                "pinball": pl.Float64,
            }
        ),
        totals=pl.DataFrame(
            schema={"level": pl.String, "name": pl.String, "period": pl.Date, "mean": pl.Float64}
        ),
        notes=panel.notes,
        seconds=request.clock() - began,
    )
