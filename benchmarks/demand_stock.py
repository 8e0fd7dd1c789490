"""Print what stock a plan needs for its service, against R2's rule, the textbook and a flat average.

    python benchmarks/demand_stock.py FOLDER [--items 500] [--seed 42] [--weeks 10] [--back 0] [--seconds 120]
    python benchmarks/demand_stock.py --scale 2000

FOLDER holds online_retail/item_day_sales.parquet (UCI Online Retail). Costs are made by a seeded rule, 55 to
70 % of the median price; weekly review, two weeks of lead time, lost sales, equal starting stock. The level
is tuned on the sixteen weeks before those that are judged, once, and anew each week with what has closed by
then. --back judges weeks that lie so many weeks earlier. --scale times a made company of that many articles
and 36 months: forecast with six origins, intervals, plan.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from yunque.forecasting.panel import FloatArray, Panel, make_panel, to_matrix
from yunque.forecasting.request import ForecastRequest
from yunque.runtime.clock import REAL_CLOCK
from yunque.services.demand_simulate import roll_back
from yunque.services.demand_source import read_company
from yunque.services.demand_train import DemandHouse, TrainAsk, make_basis
from yunque.services.tracking import Tracking
from yunque.solutions.demand.foreseen import targets
from yunque.solutions.demand.intake import take_in
from yunque.solutions.demand.plan import make_plan
from yunque.solutions.demand.plan_values import Measure
from yunque.solutions.demand.rivals import before
from yunque.solutions.demand.simulate import Stage, live, order_up_to
from yunque.solutions.demand.tradeoff import (
    AVERAGE,
    OURS,
    R2,
    TEXTBOOK,
    Rolled,
    our_curve,
    rival_curve,
    service_at,
    tuned_level,
    value_at,
)

CLOSED, LEAD, REVIEW = date(2011, 12, 4), 2, 1
PAST_WEEKS = 16  # that levels are tuned on
HISTORY_WEEKS = 40  # that an article has been sold for, at the least
FILL = 0.80
PARTS = 20  # of the articles, for the error of what was achieved


def retail(folder: Path, asked: argparse.Namespace) -> None:
    """Simulate Online Retail: one roll of forecasts; earlier weeks tune, the last ones are judged."""
    days = pl.read_parquet(folder / "online_retail" / "item_day_sales.parquet").filter(pl.col("y") > 0)
    lasting = days.group_by("unique_id").agg(
        pl.col("ds").min().alias("first"), pl.len(), pl.col("price").median()
    )
    latest = pl.lit(CLOSED).dt.offset_by(f"-{HISTORY_WEEKS}w")
    usable = lasting.filter((pl.col("first") < latest) & (pl.col("len") >= 20)).sort("unique_id")
    chosen = usable.sample(min(asked.items, usable.height), seed=asked.seed).sort("unique_id")
    sales = days.join(chosen.select("unique_id"), on="unique_id").select("unique_id", date="ds", quantity="y")
    closed = CLOSED - timedelta(weeks=asked.back)
    panel = make_panel(sales.filter(pl.col("date") <= closed), frequency="week", as_of=closed)
    cost = chosen["price"].to_numpy() * np.random.default_rng(asked.seed).uniform(0.55, 0.70, chosen.height)
    request = ForecastRequest(
        horizon_periods=4,
        default_protection=(float(LEAD), float(REVIEW)),
        budget_seconds=asked.seconds,
        workers=2,
    )
    began = time.monotonic()
    past = min(PAST_WEEKS, to_matrix(panel)[0].shape[1] // 2 - asked.weeks)
    rolled = roll_back(panel, request, past + asked.weeks)
    print(f"{len(panel.ids)} items, {past + asked.weeks} origins: {time.monotonic() - began:.0f} s")
    later = Rolled(sums=rolled.sums[past:], first=rolled.first + past)
    stage = _stage(panel, later, cost)
    tunings = [_tuning(panel, rolled, past + week, cost) for week in range(asked.weeks)]
    curve = pl.concat([our_curve(stage, later, later.sums[-1]), rival_curve(panel, stage, later)])
    pl.Config.set_tbl_rows(60)
    pl.Config.set_tbl_hide_dataframe_shape(active=True)
    print(curve.select(pl.exclude("^.*_foreseen$", "^.*_ahead$")))
    _compare(curve)
    for measure in ("cycle", "fill"):
        for service in (0.8, 0.9, 0.95):
            _achieved(stage, later, tunings, (measure, service))


def _tuning(panel: Panel, rolled: Rolled, weeks: int, cost: FloatArray) -> pl.DataFrame:
    """Give our curve of the first weeks of a roll, as it is known when the next one begins."""
    past = Rolled(sums=rolled.sums[:weeks], first=rolled.first)
    return our_curve(_stage(panel, past, cost), past, rolled.sums[weeks])


def _achieved(stage: Stage, later: Rolled, tunings: list[pl.DataFrame], asked: tuple[Measure, float]) -> None:
    """Print what a level tuned once, and one tuned every week, would have achieved."""
    measure, service = asked
    levels = [tuned_level(tuning, service, measure) for tuning in tunings]
    known = [level for level in levels if level is not None]
    if levels[0] is None or len(known) < len(levels):
        print(f"{measure} {service:.0%}: not reached by any level that was tried")
        return
    for name, used in (("once", [known[0]] * len(known)), ("weekly", known)):
        rows = [targets(sums, stage, [level])[level] for sums, level in zip(later.sums, used, strict=True)]
        got, error = _measured(stage, np.array(rows), measure)
        missed = f"{100 * (got - service):+.1f} points, standard error {100 * error:.1f}"
        print(
            f"{measure} {service:.0%}: tuned {name}, level {np.mean(used):.3f}, achieved {got:.3f} ({missed})"
        )


def _measured(stage: Stage, rows: FloatArray, measure: Measure) -> tuple[float, float]:
    """Give the achieved service and its standard error over articles (jackknife of twenty groups)."""
    count = len(stage.lead)
    without = []
    for part in range(PARTS):
        kept = np.arange(count) % PARTS != part
        some = Stage(
            demand=stage.demand[kept],
            lead=stage.lead[kept],
            review=stage.review[kept],
            start=stage.start[kept],
            cost=stage.cost[kept],
            pack=stage.pack[kept],
        )
        without.append(getattr(live(some, order_up_to(rows[:, kept])), measure))
    spread = np.sqrt((PARTS - 1) / PARTS * ((np.array(without) - np.mean(without)) ** 2).sum())
    return float(getattr(live(stage, order_up_to(rows)), measure)), float(spread)


def _stage(panel: Panel, rolled: Rolled, cost: FloatArray) -> Stage:
    values, known = to_matrix(panel)
    demand = np.where(known, values, np.nan)
    count = len(demand)
    mean, _ = before(demand, rolled.first, 1)
    return Stage(
        demand=demand[:, rolled.first : rolled.first + len(rolled.sums)],
        lead=np.full(count, LEAD),
        review=np.full(count, REVIEW),
        start=np.ceil(mean[0] * (LEAD + REVIEW)),
        cost=cost,
        pack=np.ones(count),
    )


def _compare(curve: pl.DataFrame) -> None:
    ours, text, flat = (value_at(curve, rule, FILL) for rule in (OURS, TEXTBOOK, AVERAGE))
    r2 = curve.filter(pl.col("rule") == R2).row(0, named=True)
    at_r2 = service_at(curve, OURS, r2["stock_value"])
    for name, value in (("yunque", ours), ("textbook", text), ("average x factor", flat)):
        share = "" if not (value and ours) else f" ({100 * (ours / value - 1):+.0f} % for ours)"
        print(f"stock value at fill {FILL:.0%}, {name}: {'-' if value is None else f'{value:,.0f}'}{share}")
    print(f"R2's rule: fill {r2['fill']:.3f} at {r2['stock_value']:,.0f}")
    if at_r2 is not None:
        print(f"ours at the same stock value: fill {at_r2:.3f} ({100 * (at_r2 - r2['fill']):+.1f} points)")


def scale(articles: int, seconds: float) -> None:
    """Time reading, forecasts with six origins, intervals and plan of a made company of three years."""
    with tempfile.TemporaryDirectory() as folder:
        command = ["demand", "generate", folder, "--articles", str(articles), "--days", "1095"]
        script = "from yunque.surfaces.cli.app import main; main()"
        subprocess.run([sys.executable, "-c", script, *command], check=True, capture_output=True)
        began, before_ = time.monotonic(), _processor()
        book = take_in(read_company(folder))
        read = time.monotonic() - began
        house = DemandHouse(place=Path(), tracking=Tracking(place=Path()), clock=REAL_CLOCK, threads=2)
        ask = TrainAsk(frequency="month", budget_seconds=seconds, origins=6)
        basis = make_basis(book, ask, house)
        plan = make_plan(basis)
    wall, processor = time.monotonic() - began, _processor() - before_
    own, child = (
        resource.getrusage(who).ru_maxrss / 2**20 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    print(f"{articles} articles x 36 months, {book.movements.height:,} movements: {wall:.1f} s of the clock,")
    print(f"reading {read:.1f} s; {processor:.1f} s of processors; {own:.2f} GB, children {child:.2f} GB")
    print(f"{len(plan.bought)} articles to buy; notes {sorted({one.code for one in plan.warnings})}")


def _processor() -> float:
    """Give the seconds of processors used so far, by this process and its finished children."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--items", type=int, default=500)
    parser.add_argument("--seed", type=int, default=42)
    parser.add_argument("--back", type=int, default=0)
    parser.add_argument("--weeks", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--scale", type=int, default=0)
    asked = parser.parse_args()
    if asked.scale:
        scale(asked.scale, asked.seconds)
    if asked.folder:
        retail(asked.folder, asked)


if __name__ == "__main__":
    main()
