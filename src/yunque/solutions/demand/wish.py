"""What is wished of a purchase plan: service, budget, defaults where the data say nothing, and what-ifs."""

from dataclasses import dataclass

from yunque.errors import UsageError
from yunque.solutions.demand.plan_values import Measure


@dataclass(frozen=True, kw_only=True)
class PlanWish:
    """What is wished.

    Attributes:
        measure: what `service` is of: "cycle" (the share of order cycles without a stock-out) or "fill" (the
            share of units served from the shelf).
        service: 0.5 to 0.999.
        level: the quantile that is used instead of the asked cycle service, when a simulation tuned it so
            that the asked service is achieved; None to take it as it stands.
        budget: most money to spend, None without a cap.
        review_days: from one order to the next, where a supplier does not say.
        lead_days: of an article where nothing at all is known of any.
        lead_sd_share: deviation of the lead time as a share of it, where it is unknown.
        horizon_days: over which too much stock is too much.
        max_cover_days: longest time that a supplier's minimum may last; beyond it the plan waits.
        ordering_cost: of an order, money; 0 leaves the economic lot out.
        holding_rate: of stock, share of its cost a year; for the economic lot.
        currency: ISO code.
        extra_lead_days, demand_factor, price_factor: what-ifs; 0, 1 and 1 for the plan as it is.
        cover_from, cover_to: days from the day of the plan at which the period begins that is bought for, and
            after which it ends; None for lead time and review alone (see `cover`).
        warehouse: only articles of that warehouse; "" for all together.
    """

    measure: Measure = "cycle"
    service: float = 0.95
    level: float | None = None
    budget: float | None = None
    review_days: float = 7.0
    lead_days: float = 14.0
    lead_sd_share: float = 0.2
    horizon_days: int = 90
    max_cover_days: float = 180.0
    ordering_cost: float = 0.0
    holding_rate: float = 0.2
    currency: str = "COP"
    extra_lead_days: float = 0.0
    demand_factor: float = 1.0
    price_factor: float = 1.0
    cover_from: float = 0.0
    cover_to: float | None = None
    warehouse: str = ""

    def __post_init__(self) -> None:
        """Refuse what no plan can do.

        Raises:
            UsageError: names the field and what it may be.
        """
        if self.measure not in ("cycle", "fill"):
            raise UsageError(f"There is no service measure {self.measure!r}.", hint="Measures: cycle, fill.")
        if not 0.5 <= self.service <= 0.999:
            raise UsageError(
                f"A service level of {self.service} cannot be planned.", hint="Give 0.5 to 0.999, e.g. 0.95."
            )
        if self.budget is not None and not 0 <= self.budget < 1e18:
            raise UsageError(f"A budget of {self.budget} is none.", hint="Give money, 0 or more.")
        days = (self.review_days, self.lead_days, self.max_cover_days, self.lead_sd_share)
        if min(days) < 0 or max(days) > 3650 or self.review_days < 1 or not 1 <= self.horizon_days <= 3650:
            raise UsageError("Days lie between 0 and 3,650, review and horizon at 1 at least.")
        if not (0 < self.demand_factor < 100 and 0 < self.price_factor < 100):
            raise UsageError("Factors of demand and price lie between 0 and 100.", hint="For example 1.2.")
        if self.cover_to is not None and not 0 <= self.cover_from < self.cover_to <= 3650:
            raise UsageError(
                "A purchase is for days ahead, 3,650 at most. / Se compra para días que vienen, hasta 3.650.",
            )
        if not -3650 <= self.extra_lead_days <= 3650:
            raise UsageError("Extra days of lead time lie between -3,650 and 3,650.")
