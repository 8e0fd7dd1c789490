"""The trade-off of stock against service: our plan and its rivals on the same past, and tuned levels."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import polars as pl

from yunque.forecasting.panel import DAYS, SEASON, Panel, to_matrix
from yunque.forecasting.sums import SumQuantiles
from yunque.kernel.form import FloatArray
from yunque.solutions.demand import rivals
from yunque.solutions.demand.basis import Basis
from yunque.solutions.demand.foreseen import foresee, targets
from yunque.solutions.demand.plan_values import Measure
from yunque.solutions.demand.simulate import Order, Stage, live, order_up_to
from yunque.solutions.demand.terms import Stockroom

LEVELS = (0.2, 0.35, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.93, 0.95, 0.97, 0.98, 0.99)
RIVAL_LEVELS = (*LEVELS[2:], 0.995, 0.999, 0.9999)  # the textbook needs them for what we reach earlier
FACTORS = (0.8, 1.0, 1.2, 1.5, 2.0, 3.0, 4.0, 6.0)
OURS, TEXTBOOK, AVERAGE, R2, OWN, LAST_YEAR = "yunque", "textbook", "average", "r2", "own_orders", "last_year"
CURVE: dict[str, Any] = {
    "rule": pl.String, "setting": pl.Float64, "fill": pl.Float64, "fill_value": pl.Float64,
    "cycle": pl.Float64, "stock_value": pl.Float64, "orders": pl.Int64, "cover": pl.Float64,
    "fill_foreseen": pl.Float64, "cycle_foreseen": pl.Float64,
    "fill_ahead": pl.Float64, "cycle_ahead": pl.Float64,
}  # fmt: skip
"""The last four are of our own rule: what its quantiles foresaw at past origins, and foresee today."""

FORESEEN_ORIGINS = 6
TRUST = 0.5
"""Share of what the past achieved beyond the foreseen that is expected again."""


@dataclass(frozen=True, kw_only=True)
class Rolled:
    """Forecasts at the close of consecutive periods of the panel, the last one not among them.

    Attributes:
        sums: quantiles of summed demand at each origin.
        first: column of the panel's matrix that follows the first origin.
    """

    sums: Sequence[SumQuantiles]
    first: int


def stage_of(basis: Basis, room: Stockroom, rolled: Rolled) -> Stage:
    """Set the past up: demand of the periods after the origins, terms of the stockroom in whole periods."""
    values, known = to_matrix(basis.panel)
    length = DAYS[basis.panel.frequency]
    place = {code: at for at, code in enumerate(room.table["code"])}
    order = np.array([place[code] for code in basis.panel.ids])
    lead = np.ceil(room.array("lead_days")[order] / length - 1e-9).astype(int)
    review = np.maximum(np.round(room.array("review_days")[order] / length), 1).astype(int)
    demand = np.where(known, values, np.nan)
    mean, _ = rivals.before(demand, rolled.first, 1)
    return Stage(
        demand=demand[:, rolled.first : rolled.first + len(rolled.sums)],
        lead=lead,
        review=review,
        start=np.ceil(mean[0] * (lead + review)),
        cost=np.maximum(room.array("cost")[order], 1e-9),
        pack=np.ones(len(order)),  # rules are compared by what they ask for; packs would blur all alike
    )


def our_targets(rolled: Rolled, stage: Stage, levels: Sequence[float]) -> dict[float, FloatArray]:
    """Give order-up-to levels by asked quantile (periods x articles), in whole units."""
    found = [targets(sums, stage, levels) for sums in rolled.sums]
    return {level: np.array([one[level] for one in found]) for level in levels}


def trade_off(basis: Basis, room: Stockroom, rolled: Rolled) -> pl.DataFrame:
    """Try our plan, every rival and the buyer's own past orders on a company's last periods (CURVE)."""
    stage = stage_of(basis, room, rolled)
    own = rivals.own_orders(basis.book, basis.panel, stage)
    ours = our_curve(stage, rolled, basis.forecasts.sums)
    return pl.concat([ours, rival_curve(basis.panel, stage, rolled, own)])


def our_curve(stage: Stage, rolled: Rolled, today: SumQuantiles) -> pl.DataFrame:
    """Try our plan at many levels: what the past achieved, what was foreseen of it, and what is today."""
    origins = np.unique(np.linspace(0, len(rolled.sums) - 1, FORESEEN_ORIGINS).astype(int))
    then = [foresee(rolled.sums[at], stage, LEVELS) for at in origins.tolist()]
    ahead = foresee(today, stage, LEVELS)
    rows = [
        {
            "rule": OURS,
            "setting": level,
            **asdict(live(stage, order_up_to(rows))),
            "fill_foreseen": float(np.mean([one[at].fill for one in then])),
            "cycle_foreseen": float(np.mean([one[at].cycle for one in then])),
            "fill_ahead": ahead[at].fill,
            "cycle_ahead": ahead[at].cycle,
        }
        for at, (level, rows) in enumerate(our_targets(rolled, stage, LEVELS).items())
    ]
    return pl.DataFrame(rows, schema=CURVE)


def rival_curve(panel: Panel, stage: Stage, rolled: Rolled, own: Order | None = None) -> pl.DataFrame:
    """Try every rival at many settings on a stage; a row each (CURVE)."""
    values, known = to_matrix(panel)
    history = np.where(known, values, np.nan)
    mean, spread = rivals.before(history, rolled.first, stage.periods)
    season = SEASON[panel.frequency]
    rules: list[tuple[str, float, Order | None]] = [
        *((TEXTBOOK, level, rivals.textbook_rule(mean, spread, stage, level)) for level in RIVAL_LEVELS),
        *((AVERAGE, factor, rivals.average_rule(mean, stage, factor)) for factor in FACTORS),
        (R2, rivals.R2_FACTOR, rivals.r2_rule(mean, stage)),
        (LAST_YEAR, 1.0, rivals.last_year_rule(history, rolled.first, season, stage)),
        (OWN, 1.0, own),
    ]
    rows = [
        {"rule": name, "setting": setting, **asdict(live(stage, rule))}
        for name, setting, rule in rules
        if rule is not None
    ]
    return pl.DataFrame(rows, schema=CURVE)


def value_at(curve: pl.DataFrame, rule: str, wanted: float, measure: str = "fill") -> float | None:
    """Give the stock value at which a rule reaches a service, between its settings; None outside of them."""
    points = curve.filter(pl.col("rule") == rule).sort(measure)
    return _between(points[measure], points["stock_value"], wanted)


def service_at(curve: pl.DataFrame, rule: str, value: float, measure: str = "fill") -> float | None:
    """Give the service that a rule reaches with so much stock, between its settings; None outside of them."""
    points = curve.filter(pl.col("rule") == rule).sort("stock_value")
    return _between(points["stock_value"], points[measure], value)


def tuned_level(curve: pl.DataFrame, service: float, measure: Measure) -> float | None:
    """Give the quantile that is likely to achieve the asked service; None beyond what was tried.

    Likely is what today's quantiles foresee, and half of what the past achieved beyond what was foreseen of
    it: a few great orders decide what units were served in any ten weeks, so the past alone misleads as much
    as the quantiles alone. Where less than the lowest level would do, that one is given.
    """
    whole = pl.concat([pl.DataFrame(schema=CURVE), curve], how="diagonal")  # kept ones may lack columns
    points = whole.filter(pl.col("rule") == OURS).sort("setting")
    if not points.height:
        return None
    beyond = pl.col(measure) - pl.col(f"{measure}_foreseen")
    told = points.select(pl.coalesce(pl.col(f"{measure}_ahead") + TRUST * beyond, pl.col(measure)))
    likely = np.maximum.accumulate(np.clip(told.to_series().to_numpy(), 0.0, 1.0))
    if service > likely[-1] + 1e-9:
        return None
    settings = points["setting"].to_numpy()
    steps = likely + 1e-9 * np.arange(len(likely))  # equal services: the lowest level that gives them
    odds = np.interp(service, steps, np.log(settings / (1 - settings)))
    return float(1 / (1 + np.exp(-odds)))


def _between(x: pl.Series, y: pl.Series, wanted: float) -> float | None:
    if not len(x) or not x.min() <= wanted <= x.max():  # type: ignore[operator]
        return None
    return float(np.interp(wanted, x.to_numpy(), y.to_numpy()))


def rule_names(curve: pl.DataFrame) -> Iterable[str]:
    """Give the rules of a curve in the order in which they were tried."""
    return curve["rule"].unique(maintain_order=True).to_list()
