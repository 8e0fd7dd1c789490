"""Print what ways to measure residuals cost at past origins: car parts, Online Retail, M3 monthly.

    python benchmarks/demand_intervals.py FOLDER [--series 600]

FOLDER as of `benchmarks/demand.py`. Nothing after the last past origin of the training part is read: it is on
these rows that the way in use was chosen. `squares` divides residuals by a mean of squared differences,
`deviation` by the mean absolute deviation to a power; `still` leaves levels where they are, `moved` lets them
follow the coverage seen before.
"""

import argparse
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl

from demand import RETAIL_LEAD, RETAIL_ORIGINS, RETAIL_REVIEW, carparts_panel, retail_panel, sample
from yunque.forecasting import calibration, scale
from yunque.forecasting.engine import Engine
from yunque.forecasting.forecast import _ask, _set
from yunque.forecasting.panel import Panel, make_panel, step
from yunque.forecasting.proof import judge
from yunque.forecasting.request import ForecastRequest

LEVELS = (0.5, 0.8, 0.9, 0.95, 0.98)
POWERS = (0.5, 0.75, 1.0)
ORIGINS, CALIBRATING = 14, 6
RATE = calibration.RATE
LAST = date(2000, 12, 31)


def m3_panel(folder: Path, count: int) -> Panel:
    """Give the training part of seeded monthly series."""
    info = pl.read_parquet(folder / "m3_info.parquet").filter(pl.col("period") == "MONTHLY")
    train = pl.read_parquet(folder / "m3_train.parquet")
    kept = train.filter(pl.col("unique_id").is_in(sample(info["unique_id"].to_list(), count)))
    ends = kept.group_by("unique_id").agg(last=pl.col("t").max())
    months = step(LAST.replace(day=1), "month", range(-400, 1))
    dated = kept.join(ends, on="unique_id").with_columns(back=(pl.col("last") - pl.col("t")).cast(pl.Int64))
    sales = dated.with_columns(
        date=pl.col("back").map_elements(lambda back: months[-1 - back], return_dtype=pl.Date)
    )
    return make_panel(sales.select("unique_id", "date", quantity="y"), frequency="month", as_of=LAST)


def compare(name: str, panel: Panel, lead: float, review: float) -> None:
    """Print scaled pinball and coverage of each way on the past origins of a panel."""
    request = ForecastRequest(
        horizon_periods=int(lead + review), default_protection=(lead, review), budget_seconds=900
    )
    setting = _set(panel, request)
    span = int(setting.lengths[-1])
    gap = max(1, span // 3)
    last = setting.history.length - 1 - span
    ends = [end for end in range(last - gap * (ORIGINS - 1), last + 1, gap) if end >= span]
    engine = _ask(setting, request, ends, whole=0)
    print(f"## {name}, {len(panel.ids)} series, origins {len(ends)}")
    places = [at for at in range(len(ends)) if len(engine.settled(at)) >= CALIBRATING]
    ways = [("squares", "dispersion", 1.0), *(("deviation", "deviation", power) for power in POWERS)]
    for words, field, power in ways:
        for rate in (0.0, RATE):
            _try(engine, places, setting.column, (words, field, power, rate))


def _try(engine: Engine, places: list[int], column: np.ndarray, way: tuple[str, str, float, float]) -> None:
    words, field, power, rate = way
    moments = tuple(
        replace(
            moment,
            deviation=getattr(moment, field) ** (power / scale.POWER if field == "deviation" else 1.0),
        )
        for moment in engine.trials.moments
    )
    tried = replace(engine, trials=replace(engine.trials, moments=moments))
    calibration.RATE = rate
    judged = judge(tried, [tried.look(at) for at in places], column, LEVELS)
    calibration.RATE = RATE
    seen = ~np.isnan(judged.covered)
    loss = judged.pinball[seen].mean() / judged.actual[seen].mean()
    covered = "  ".join(f"{level:g}: {(judged.covered[seen] <= level).mean():.3f}" for level in LEVELS)
    print(f"  {words:9s} ** {power:<4g} {'moved' if rate else 'still'}  pinball {loss:.4f}  {covered}")


def main() -> None:
    """Compare on each set."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--series", type=int, default=600)
    asked = parser.parse_args()
    parts, _ = carparts_panel(asked.folder / "carparts", asked.series)
    compare("Car parts", parts, 3.0, 3.0)
    items = retail_panel(asked.folder / "online_retail", min(asked.series, 500))
    back = RETAIL_ORIGINS + int(RETAIL_LEAD + RETAIL_REVIEW) - 1
    compare("Online Retail", items.until(step(items.last, "week", (-back,))[0]), RETAIL_LEAD, RETAIL_REVIEW)
    compare("M3 monthly", m3_panel(asked.folder / "m3", min(asked.series, 200)), 3.0, 3.0)


if __name__ == "__main__":
    main()
