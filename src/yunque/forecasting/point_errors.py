"""How far forecasts of the next period lay from what came, for the combination and for each model alone."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from yunque.forecasting.engine import Engine, Outlook
from yunque.forecasting.panel import FloatArray

COMBINED = ""  # in place of a model's name
POINT_ERRORS: dict[str, Any] = {
    "model": pl.String,  # "" for the combination that is used
    "count": pl.Int64,  # forecasts of one article's next period, at moments of the past
    "absolute": pl.Float64,  # sum of absolute errors, units
    "squared": pl.Float64,  # sum of squared errors
    "actual": pl.Float64,  # sum of what came
    "actual_squared": pl.Float64,
}


@dataclass(frozen=True, kw_only=True)
class PointError:
    """Errors of forecasts of single periods: mean absolute, root mean squared, share of variance explained.

    `r2` is None where what came never varied.
    """

    count: int
    mae: float
    rmse: float
    r2: float | None


def point_errors(engine: Engine, past: list[Outlook]) -> pl.DataFrame:
    """Sum the errors (POINT_ERRORS) of the backtest's moments, each with what had come true by then."""
    trials = engine.trials
    places = [outlook.place for outlook in past]
    if not places:
        return pl.DataFrame(schema=POINT_ERRORS)
    actual = trials.actual[places][:, :, 0]
    lines = [_line(COMBINED, np.stack([outlook.means[:, 0] for outlook in past]), actual)]
    lines += [
        _line(name, trials.forecasts[name][places][:, :, 0], actual) for name in sorted(trials.forecasts)
    ]
    return pl.DataFrame(lines, schema=POINT_ERRORS, orient="row").filter(pl.col("count") > 0)


def read_errors(errors: pl.DataFrame, models: tuple[str, ...]) -> PointError | None:
    """Give the errors of those models together; None where none of them was judged."""
    some = errors.filter(pl.col("model").is_in(models)).drop("model").sum().row(0, named=True)
    if not some["count"]:
        return None
    spread = some["actual_squared"] - some["actual"] ** 2 / some["count"]
    return PointError(
        count=some["count"],
        mae=some["absolute"] / some["count"],
        rmse=float(np.sqrt(some["squared"] / some["count"])),
        r2=1.0 - some["squared"] / spread if spread > 1e-9 * (1.0 + some["actual_squared"]) else None,
    )


def _line(name: str, means: FloatArray, actual: FloatArray) -> tuple[str, int, float, float, float, float]:
    known = ~np.isnan(means) & ~np.isnan(actual)
    came, error = actual[known], means[known] - actual[known]
    return (
        name, int(known.sum()), float(np.abs(error).sum()), float((error**2).sum()), float(came.sum()),
        float((came**2).sum()),
    )  # fmt: skip
