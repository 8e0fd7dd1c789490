"""A purchase plan as a value: a line per article with its arithmetic, totals, budget and warnings.

Units are the article's own selling unit; money is in the company's currency; times are days. All numbers of
a plan are final: an answer or a page shows them and computes nothing anew.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

Measure = Literal["cycle", "fill"]
Grade = Literal["A", "B", "C"]
Swing = Literal["X", "Y", "Z"]
Confidence = Literal["low", "medium", "high"]

REASONS = (
    "buy",  # stock and orders do not cover the demand until the next order arrives
    "covered",  # they do
    "wait_minimum",  # less than the minimum order is needed, which would last too long: later
    "raised_to_minimum",  # ordered the supplier's minimum, more than needed
    "rounded_to_pack",  # whole packs, more than needed
    "budget_left_out",  # needed, but the money went to articles that lose more without it
    "budget_reduced",  # part of it was left out
    "not_moving",  # no sale for long: nothing is bought
    "new_article",  # little history: borrowed from its category, wide
    "stockout_likely",  # more likely than not to run out before an order placed now arrives
    "overstock",  # holds more than nine in ten futures of the horizon would sell
    "seasonal_rise",  # the coming demand is well above the recent one
    "no_supplier",  # nobody is named to order from
)
ASSUMPTIONS = (
    "stock_unknown",  # on hand taken as 0
    "stock_negative",  # a negative stock taken as 0
    "lead_time_unknown",  # the median of the known ones, or the default, was taken
    "lead_time_zero",  # delivered the same day: only the review period is covered
    "lead_time_sd_unknown",  # taken as a share of the lead time
    "cost_unknown",  # taken from purchases, else a share of the price, else 0
    "price_unknown",  # taken from sales, else from the cost
    "pack_unknown",  # sold in ones
    "minimum_unknown",  # no minimum order
)


@dataclass(frozen=True, kw_only=True)
class Article:
    """What is bought; empty words where nothing is known."""

    code: str
    name: str = ""
    category: str = ""
    supplier: str = ""
    warehouse: str = ""


@dataclass(frozen=True, kw_only=True)
class Position:
    """The inventory position and its arithmetic: on hand + on order - reserved, in units."""

    on_hand: float
    on_order: float
    reserved: float

    @property
    def total(self) -> float:
        """Units that a new order need not bring."""
        return self.on_hand + self.on_order - self.reserved


@dataclass(frozen=True, kw_only=True)
class PeriodForecast:
    """What one period will sell: mean and quantiles in units; `start` is its first day."""

    start: date
    mean: float
    p10: float
    p50: float
    p90: float
    p95: float


@dataclass(frozen=True, kw_only=True)
class Terms:
    """How an article is bought.

    Attributes:
        lead_days, lead_sd_days: from order to shelf, mean and standard deviation.
        review_days: from one order to the next.
        pack: units of a pack; quantities are whole packs.
        minimum: least units of an order, 0 for none.
        cost, price: of a unit, bought and sold.
    """

    lead_days: float
    lead_sd_days: float
    review_days: float
    pack: float
    minimum: float
    cost: float
    price: float

    @property
    def margin(self) -> float:
        """Money earned with a unit sold, never below 0."""
        return max(self.price - self.cost, 0.0)


@dataclass(frozen=True, kw_only=True)
class Levels:
    """The levels that decide an order, in units.

    Attributes:
        demand: mean demand of the protection interval (lead time + review period), mu_P.
        lead_demand: mean demand of the lead time alone.
        safety_stock: order_up_to - demand.
        reorder_point: the asked quantile of the demand of the lead time.
        order_up_to: the asked quantile of the demand of the protection interval, S.
        level: the quantile that was asked for (0..1), after tuning.
        days: length of the demand to cover: lead time + review period, or longer where a period is asked for.
    """

    demand: float
    lead_demand: float
    safety_stock: float
    reorder_point: float
    order_up_to: float
    level: float
    days: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Risk:
    """What may go wrong, with dates and money.

    Attributes:
        stockout_probability: that stock and orders run out before an order placed now arrives, P(D_L > IP).
        stockout_date: the day they run out at the expected demand; None beyond the horizon.
        lost_margin: expected, over the protection interval, if nothing is bought.
        lost_margin_after: the same with what the plan buys.
        excess_units, excess_money: beyond what nine in ten futures of the horizon sell, at cost.
        overstock_probability: that the horizon sells less than what is there.
        cover_days: days that stock and orders last at the forecast; None when nothing sells.
        latest_order_date: the last day to order without falling below the reorder point; None when covered
            for the whole horizon.
    """

    stockout_probability: float
    stockout_date: date | None
    lost_margin: float
    lost_margin_after: float
    excess_units: float
    excess_money: float
    overstock_probability: float
    cover_days: float | None
    latest_order_date: date | None


@dataclass(frozen=True, kw_only=True)
class PlanLine:
    """One article of a plan.

    Attributes:
        article: what it is.
        demand_class: smooth, erratic, intermittent, lumpy, short, new or ended.
        abc, xyz: share of the money, and how much the demand swings.
        model, confidence: what forecast it, and how much that is to be believed.
        periods: the forecast, period by period.
        mean_daily: forecast units a day over the demand to cover.
        past_daily: units a day sold over the last year at most, lost sales not counted.
        position, terms, levels, risk: see there.
        needed: units short of the order-up-to level before packs, minimum and budget.
        quantity, packs: what the plan buys; units are packs x terms.pack.
        cost: quantity x unit cost.
        left_then: units expected to be left when a later period begins that is bought for on its own; None
            for a plan from today on.
        left_out: units that packs and minimum would ask for and the budget did not allow.
        reasons, assumptions: codes of REASONS and ASSUMPTIONS.
    """

    article: Article
    demand_class: str
    abc: Grade
    xyz: Swing
    model: str
    confidence: Confidence
    periods: Sequence[PeriodForecast]
    mean_daily: float
    past_daily: float
    position: Position
    terms: Terms
    levels: Levels
    risk: Risk
    needed: float
    quantity: float
    packs: int
    cost: float
    left_out: float = 0.0
    left_then: float | None = None
    reasons: tuple[str, ...] = ()
    assumptions: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Total:
    """Sums of a group of lines: how many articles are bought, units and money."""

    key: str
    articles: int
    units: float
    cost: float


@dataclass(frozen=True, kw_only=True)
class Budget:
    """What was asked of the money: the cap (None without one), what is used, and what is left out.

    Attributes:
        cap, used: money.
        left_out_cost: money that the articles left out would have cost.
        left_out_lost_margin: expected lost margin of what was left out.
        method: "none", "greedy" or "milp".
    """

    cap: float | None
    used: float
    left_out_cost: float
    left_out_lost_margin: float
    method: str


@dataclass(frozen=True, kw_only=True)
class DataNote:
    """One thing the data lacks or that was assumed: code, how many, a few examples, text by language."""

    code: str
    count: int
    examples: tuple[str, ...]
    text: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class PurchasePlan:
    """What to buy on a day.

    Attributes:
        run_id: of the record of this run, "" before it is kept.
        company, nit: whose plan it is.
        as_of: the day of the plan; the history ends before it.
        currency: ISO code.
        period: "week" or "month", the period of forecasts.
        measure, service: what the service level is of ("cycle": periods without a stock-out; "fill": share of
            units served), and the level asked for.
        horizon_days: of overstock.
        lines: in order of what is lost without buying, most first.
        by_supplier, by_category, by_abc: totals of what is bought, most money first.
        budget: see there.
        warnings: data warnings and assumptions, gathered.
        covers: first and last day of the period that is bought for; None for lead time and review alone.
        coverage: measured coverage of the demand quantiles by level, of the backtest; {} when not measured.
        accuracy: backtest measures by name ("wape", "bias", ...).
    """

    run_id: str
    company: str
    nit: str
    as_of: date
    currency: str
    period: str
    measure: Measure
    service: float
    horizon_days: int
    lines: tuple[PlanLine, ...]
    by_supplier: tuple[Total, ...]
    by_category: tuple[Total, ...]
    by_abc: tuple[Total, ...]
    budget: Budget
    warnings: tuple[DataNote, ...] = ()
    covers: tuple[date, date] | None = None
    coverage: Mapping[float, float] = field(default_factory=dict)
    accuracy: Mapping[str, float] = field(default_factory=dict)

    @property
    def bought(self) -> tuple[PlanLine, ...]:
        """Lines with something to buy, in the order of the plan."""
        return tuple(line for line in self.lines if line.quantity > 0)

    @property
    def cost(self) -> float:
        """Money of the whole plan."""
        return sum(line.cost for line in self.lines)

    def line(self, code: str) -> PlanLine | None:
        """Give the line of an article, by its code."""
        return next((line for line in self.lines if line.article.code == code), None)
