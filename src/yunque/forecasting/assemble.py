"""The tables of an answer, from what the engine found."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from yunque.forecasting.answer import QUANTILE_COLUMNS, Forecasts
from yunque.forecasting.combination import Choice
from yunque.forecasting.engine import Engine, Outlook
from yunque.forecasting.panel import FloatArray, Panel
from yunque.forecasting.proof import Judged, article_proof, backtest_table
from yunque.forecasting.request import ForecastRequest
from yunque.forecasting.sums import SumQuantiles, read_grid

SURE_WAPE, UNSURE_WAPE, SURE_PERIODS = 0.35, 0.8, 12


@dataclass(frozen=True, kw_only=True)
class Run:
    """Everything that was found.

    Attributes:
        engine: candidates at every moment.
        request: what was asked.
        spans: articles x (lead time, protection interval), periods.
        outlook: today's.
        judged: the past's.
        errors: of single periods (point_errors.POINT_ERRORS).
        seconds: wall clock so far.
    """

    engine: Engine
    request: ForecastRequest
    spans: FloatArray
    outlook: Outlook
    judged: Judged
    errors: pl.DataFrame
    seconds: float

    @property
    def panel(self) -> Panel:
        """The panel it is about."""
        return self.engine.history.panel


def quantiles_of(engine: Engine, outlook: Outlook, ids: tuple[str, ...]) -> SumQuantiles:
    """Give the quantiles of sums of one outlook."""
    means = np.nan_to_num(outlook.means)
    cumulative = np.concatenate([np.zeros((len(ids), 1)), np.cumsum(means, axis=1)], axis=1)
    return SumQuantiles(
        ids=ids,
        cumulative=cumulative,
        groups=outlook.groups,
        lengths=engine.lengths,
        scores=outlook.scores,
        dispersion=engine.trials.moments[outlook.place].deviation,
    )


def assemble(run: Run) -> Forecasts:
    """Build the answer."""
    panel = run.panel
    sums = quantiles_of(run.engine, run.outlook, tuple(panel.ids))
    periods = _periods(run, sums)
    return Forecasts(
        frequency=panel.frequency,
        last=panel.last,
        periods=periods,
        items=_items(run, sums),
        sums=sums,
        backtest=backtest_table(run.judged, run.request.levels),
        weights=_weights(run),
        totals=_totals(panel, periods),
        errors=run.errors,
        notes=_notes(run),
        seconds=run.seconds,
    )


def _periods(run: Run, sums: SumQuantiles) -> pl.DataFrame:
    """Give means and quantiles of single periods: the scores of one period, about each period's own mean."""
    means = np.nan_to_num(run.outlook.means)
    count, horizon = means.shape
    scores = read_grid(sums.scores[sums.groups, 0], np.array(list(QUANTILE_COLUMNS.values())))
    spread = sums.dispersion[:, None] * np.sqrt(means + 1.0)
    quantiles = {
        name: np.maximum(means + scores[:, at, None] * spread, 0.0).ravel()
        for at, name in enumerate(QUANTILE_COLUMNS)
    }
    ids = pl.Series("unique_id", list(sums.ids), dtype=pl.String)
    ahead = pl.Series("period", run.panel.ahead(horizon), dtype=pl.Date)
    return pl.DataFrame(
        {
            "unique_id": ids.gather(np.repeat(np.arange(count), horizon)),
            "period": ahead.gather(np.tile(np.arange(horizon), count)),
            "mean": means.ravel(),
            **quantiles,
        }
    )


def _items(run: Run, sums: SumQuantiles) -> pl.DataFrame:
    moment = run.engine.trials.moments[-1]
    history, ids = run.engine.history, list(sums.ids)
    wape, bias = article_proof(run.judged, len(ids))
    known = history.known & ~np.isnan(history.values)
    kinds = np.where(moment.kinds == "", "new", moment.kinds)
    spoken = [
        _spoken(run.outlook, route, kind) for route, kind in zip(moment.routes, moment.kinds, strict=True)
    ]
    lead, protection = run.spans[:, 0], run.spans[:, 1]
    at = np.arange(len(ids))
    sold = run.panel.frame.filter(pl.col("quantity") > 0)
    last_sale = sold.group_by("unique_id").agg(last_sale=pl.col("period").max())
    items = pl.DataFrame(
        {
            "unique_id": ids,
            "demand_class": kinds.tolist(),
            "model": [model for model, _ in spoken],
            "reason": [reason for _, reason in spoken],
            "confidence": [
                _confidence(kind, periods, error)
                for kind, periods, error in zip(
                    kinds.tolist(), known.sum(axis=1).tolist(), wape.tolist(), strict=True
                )
            ],
            "history_periods": known.sum(axis=1),
            "sold_periods": (known & (history.values > 0)).sum(axis=1),
            "mean_period": np.nan_to_num(run.outlook.means).mean(axis=1),
            "recent_period": moment.level,
            "lead_periods": lead,
            "protection_periods": protection,
            "lead_mean": sums.means(at, lead),
            "protection_mean": sums.means(at, protection),
            "backtest_wape": wape,
            "backtest_bias": bias,
        },
        schema_overrides={"unique_id": pl.String, "demand_class": pl.String},
    )
    told = items.with_columns(pl.col("backtest_wape", "backtest_bias").fill_nan(None))
    return told.join(last_sale, on="unique_id", how="left", maintain_order="left")


def _spoken(outlook: Outlook, route: str, kind: str) -> tuple[str, str]:
    if route == "ended":
        return "Zero", "ended"
    if route == "":
        return "Prior", "never_sold"
    choice = outlook.choices.get((route, kind))
    return ("Recent", "no_backtest") if choice is None else (_name(choice), choice.reason)


def _name(choice: Choice) -> str:
    return " + ".join(sorted(choice.weights, key=lambda name: -choice.weights[name]))


def _confidence(kind: str, periods: int, wape: float) -> str:
    """Grade by what the article's own sums missed in the past, and by how much history there is."""
    if kind in ("new", "short") or np.isnan(wape):
        return "low"
    if kind == "ended":
        return "medium"
    if wape > UNSURE_WAPE:
        return "low"
    return "high" if wape <= SURE_WAPE and periods >= SURE_PERIODS else "medium"


def _weights(run: Run) -> pl.DataFrame:
    lines = [
        (route, kind, name, choice.weights.get(name, 0.0), choice.losses.get(name))
        for (route, kind), choice in sorted(run.outlook.choices.items())
        for name in sorted({*choice.weights, *choice.losses})
    ]
    schema = {
        "route": pl.String,
        "demand_class": pl.String,
        "model": pl.String,
        "weight": pl.Float64,
        "relative_loss": pl.Float64,
    }
    return pl.DataFrame(lines, schema=schema, orient="row")


def _totals(panel: Panel, periods: pl.DataFrame) -> pl.DataFrame:
    """Add the articles' means up: totals and articles agree by construction."""
    total = periods.group_by("period", maintain_order=True).agg(pl.col("mean").sum())
    total = total.select(pl.lit("total").alias("level"), pl.lit("").alias("name"), "period", "mean")
    named = periods.join(panel.items.select("unique_id", "category"), on="unique_id", how="left")
    category = (
        named.drop_nulls("category")
        .group_by("category", "period", maintain_order=True)
        .agg(pl.col("mean").sum())
    )
    lines = category.select(
        pl.lit("category").alias("level"), pl.col("category").alias("name"), "period", "mean"
    )
    return pl.concat([total, lines.sort("name", "period")])


def _notes(run: Run) -> tuple[tuple[str, int], ...]:
    notes = {**dict(run.panel.notes), **run.engine.trials.notes}
    if run.outlook.poor_groups:
        notes["few_residuals"] = run.outlook.poor_groups
    if not run.outlook.calibrated:
        notes["theoretical_intervals"] = len(run.spans)
    return tuple(sorted(notes.items()))
