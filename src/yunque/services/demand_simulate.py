"""Simulate a trained company's stock: our plan, R2's rule, the textbook and the buyer's own past orders."""

from dataclasses import replace

import polars as pl

from yunque.errors import NotFoundError, UsageError
from yunque.forecasting.forecast import roll
from yunque.forecasting.panel import Frequency, Panel, step, to_matrix
from yunque.forecasting.request import ForecastRequest
from yunque.services.demand_store import Kept, keep_simulation
from yunque.services.demand_train import HORIZON, DemandHouse, protection
from yunque.solutions.demand.basis import Basis
from yunque.solutions.demand.terms import Stockroom, read_stockroom
from yunque.solutions.demand.tradeoff import Rolled, trade_off, tuned_level
from yunque.solutions.demand.wish import PlanWish

PERIODS: dict[Frequency, int] = {"day": 60, "week": 15, "month": 6}
LEAST_HISTORY = 2  # times the periods that are lived through


def simulate_company(
    kept: Kept, house: DemandHouse, tenant: str, *, periods: int | None = None, seconds: float = 60.0
) -> pl.DataFrame:
    """Live through the company's last periods under every rule, and keep the curve beside its forecasts.

    Raises:
        UsageError: the history is too short to hold some of it back.
        StorageError: the disk refuses.
    """
    basis, facts = kept.basis, kept.facts
    room = read_stockroom(basis.book, PlanWish())
    request = ForecastRequest(
        horizon_periods=HORIZON[basis.panel.frequency],
        protection=protection(room, basis.panel.frequency),
        budget_seconds=seconds,
        origins=facts["origins"],
        seed=facts["seed"],
        booster=facts["booster"],
        country=facts["country"],
        workers=house.threads,
    )
    curve = simulate(basis, room, request, periods or PERIODS[basis.panel.frequency])
    keep_simulation(house.place, tenant, kept, curve)
    return curve


def simulate(basis: Basis, room: Stockroom, request: ForecastRequest, periods: int) -> pl.DataFrame:
    """Give the trade-off curve of the last periods.

    Raises:
        UsageError: the history is too short.
    """
    return trade_off(basis, room, roll_back(basis.panel, request, periods))


def roll_back(panel: Panel, request: ForecastRequest, periods: int, *, until: int = 0) -> Rolled:
    """Forecast at the close of each period before the last `periods` ones, `until` periods back from the end.

    Raises:
        UsageError: the history is too short.
    """
    length = to_matrix(panel)[0].shape[1]
    if length < LEAST_HISTORY * (periods + until):
        raise UsageError(
            f"A simulation of {periods + until} periods needs twice as many of history; there are {length}.",
            hint="Ask for fewer periods, or give more history.",
        )
    origins = step(panel.last, panel.frequency, range(-periods - until, -until))
    answers = roll(panel, request, origins)
    return Rolled(sums=[sums for _, sums, _ in answers], first=length - periods - until)


def tune(kept: Kept, wish: PlanWish) -> PlanWish:
    """Give the wish with the level that is likely to achieve the asked service (`tradeoff.tuned_level`).

    Raises:
        NotFoundError: the company was not simulated.
        UsageError: no level that was tried is likely to.
    """
    if kept.simulation is None:
        raise NotFoundError("The company was not simulated yet.", hint="yunque demand simulate")
    level = tuned_level(kept.simulation, wish.service, wish.measure)
    if level is None:
        raise UsageError(
            f"No level that was simulated achieves a {wish.measure} service of {wish.service:.0%}.",
            hint="Ask for another service, or plan without --tuned.",
        )
    return replace(wish, level=level)
