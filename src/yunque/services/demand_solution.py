"""Train the demand solution on one raw table, from rows to R2's answer: what its promises are tested by."""

from pathlib import Path
from typing import Any

import polars as pl

from yunque.runtime.clock import FixedClock
from yunque.services.demand_plan import plan_company
from yunque.services.demand_train import DemandHouse, TrainAsk, train_demand
from yunque.services.tracking import Tracking
from yunque.solutions.demand.wish import PlanWish

SECONDS = 300.0  # far more than is needed: a budget that binds depends on the machine


def train_solution(table: pl.DataFrame, seed: int, place: Path) -> dict[str, Any]:
    """Forecast and plan a table of movements; the same seed gives the same document.

    Raises:
        ContractError: the table cannot be used.
        StorageError: the disk refuses.
    """
    house = DemandHouse(
        place=place / "demand", tracking=Tracking(place=place / "runs"), clock=FixedClock(), threads=1
    )
    ask = TrainAsk(seed=seed, budget_seconds=SECONDS, origins=2)
    kept = train_demand({"movements": table}, ask, house).kept
    document = plan_company(kept, PlanWish(), house).document
    return {key: value for key, value in document.items() if key != "run_id"}
