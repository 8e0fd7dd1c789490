"""What a forecast answers: expected units, calibrated quantiles, and how far they can be believed."""

from dataclasses import dataclass, field
from datetime import date

import numpy as np
import polars as pl

from yunque.forecasting.panel import Frequency
from yunque.forecasting.sums import GRID, SumQuantiles

DEMAND_CLASSES = ("smooth", "erratic", "intermittent", "lumpy", "short", "new", "ended")
CONFIDENCES = ("low", "medium", "high")
QUANTILE_COLUMNS = {"p10": 0.1, "p50": 0.5, "p90": 0.9, "p95": 0.95}


@dataclass(frozen=True, kw_only=True)
class Forecasts:
    """Forecasts of every article of a panel, with their proof.

    Attributes:
        frequency: the length of a period.
        last: first day of the last closed period; forecasts begin one period later.
        periods: unique_id, period, mean, p10, p50, p90, p95 (units within that single period).
        items: one row an article: unique_id, demand_class (`DEMAND_CLASSES`), model (what is used), reason (a
            code of `reasons.REASONS`), confidence (`CONFIDENCES`), history_periods, sold_periods, last_sale,
            mean_period (expected units per period over the horizon), recent_period (actual units per known
            period over the last season or less), lead_periods, protection_periods, lead_mean,
            protection_mean, backtest_wape and backtest_bias of the article's own sums (null without any).
        sums: quantiles of demand summed over any number of periods.
        backtest: by demand_class ("all" first): articles, sums (how many were judged), origins, wape, bias
            (signed share of actual units; positive is too much), mase (null where it misleads: intermittent,
            lumpy, new), pinball (mean pinball loss over the levels / mean actual), coverage_<level> for each
            asked level: the share of sums at or under their quantile, at origins after those that
            calibrated it.
        weights: route, demand_class, model, weight, relative_loss: the combination, and what each candidate
            lost at past origins (1 is the equal mean of all; null without a past).
        totals: level ("total" or "category"), name, period, mean: totals that the articles' means add up to.
        errors: errors of next-period forecasts at the backtest's moments, by model
            (`point_errors.POINT_ERRORS`); empty without a past.
        notes: (code, count): what was left out, defaulted or cut short; codes of `reasons.NOTES`.
        seconds: wall clock.
    """

    frequency: Frequency
    last: date
    periods: pl.DataFrame
    items: pl.DataFrame
    sums: SumQuantiles
    backtest: pl.DataFrame
    weights: pl.DataFrame
    totals: pl.DataFrame
    errors: pl.DataFrame = field(default_factory=pl.DataFrame)
    notes: tuple[tuple[str, int], ...] = ()
    seconds: float = 0.0

    def to_tables(self) -> dict[str, pl.DataFrame]:
        """Give everything as frames that Parquet can hold; `from_tables` gives it back."""
        sums = self.sums
        article = pl.DataFrame(
            {
                "unique_id": list(sums.ids),
                "group": sums.groups.astype(np.int64),
                "dispersion": sums.dispersion,
                "cumulative": sums.cumulative.tolist(),
            },
            schema={
                "unique_id": pl.String,
                "group": pl.Int64,
                "dispersion": pl.Float64,
                "cumulative": pl.List(pl.Float64),
            },
        )
        lengths = np.repeat(sums.lengths[None, :], len(sums.scores), axis=0).ravel()
        scores = pl.DataFrame(
            {
                "group": np.repeat(np.arange(len(sums.scores)), len(sums.lengths)),
                "length": lengths,
                "scores": sums.scores.reshape(-1, len(GRID)).tolist(),
            }
        )
        about = pl.DataFrame(
            {"frequency": [self.frequency], "last": [self.last], "seconds": [self.seconds]},
            schema={"frequency": pl.String, "last": pl.Date, "seconds": pl.Float64},
        )
        notes = pl.DataFrame(
            {"code": [code for code, _ in self.notes], "count": [count for _, count in self.notes]},
            schema={"code": pl.String, "count": pl.Int64},
        )
        return {
            "periods": self.periods,
            "items": self.items,
            "backtest": self.backtest,
            "weights": self.weights,
            "totals": self.totals,
            "errors": self.errors,
            "sums": article,
            "scores": scores,
            "about": about,
            "notes": notes,
        }


def from_tables(tables: dict[str, pl.DataFrame]) -> Forecasts:
    """Give back the forecasts that `to_tables` took apart."""
    article, scores, about = tables["sums"], tables["scores"], tables["about"].row(0, named=True)
    lengths = scores.filter(pl.col("group") == 0)["length"].to_numpy()
    sums = SumQuantiles(
        ids=tuple(article["unique_id"].to_list()),
        cumulative=np.array(article["cumulative"].to_list(), dtype=float),
        groups=article["group"].to_numpy(),
        lengths=lengths,
        scores=np.array(scores["scores"].to_list(), dtype=float).reshape(-1, len(lengths), len(GRID)),
        dispersion=article["dispersion"].to_numpy(),
    )
    return Forecasts(
        frequency=about["frequency"],
        last=about["last"],
        periods=tables["periods"],
        items=tables["items"],
        sums=sums,
        backtest=tables["backtest"],
        weights=tables["weights"],
        totals=tables["totals"],
        errors=tables.get("errors", pl.DataFrame()),
        notes=tuple(tables["notes"].iter_rows()),
        seconds=about["seconds"],
    )
