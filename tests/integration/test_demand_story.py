"""A company from files to a plan, with real models: the same seed the same plan, MLflow or not."""

from pathlib import Path

import polars as pl
import pytest

from yunque.runtime.clock import REAL_CLOCK
from yunque.services.demand_plan import page, plan_company, predict_company, write_plan
from yunque.services.demand_simulate import simulate_company, tune
from yunque.services.demand_store import open_kept
from yunque.services.demand_train import DemandHouse, TrainAsk, train_demand
from yunque.services.tracking import Tracking
from yunque.solutions.demand.generator import Wish, make_company
from yunque.solutions.demand.tradeoff import OURS, R2
from yunque.solutions.demand.wish import PlanWish

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
ASK = TrainAsk(budget_seconds=300.0, origins=3)
NOWHERE = "http://127.0.0.1:9"  # no server listens at the discard port


def house(home: Path, uri: str = "") -> DemandHouse:
    return DemandHouse(
        place=home / "demand", tracking=Tracking(place=home / "runs", mlflow_uri=uri), clock=REAL_CLOCK
    )


def test_the_whole_story(tmp_path: Path) -> None:
    tables = make_company(7, Wish(articles=15, days=420)).tables
    plain, dead = house(tmp_path / "a"), house(tmp_path / "b", NOWHERE)
    first, again = (train_demand(tables, ASK, one) for one in (plain, dead))
    told, other = ({k: v for k, v in one.document().items() if k != "run_id"} for one in (first, again))
    assert told == other and "mlflow_run_id" not in told
    assert {"mae", "rmse", "r2", "wape", "bias"} <= set(told["metricas"])
    curve = simulate_company(first.kept, plain, "local", periods=8, seconds=300.0)
    assert {OURS, R2} <= set(curve["rule"])
    kept = open_kept(plain.place, "local", first.kept.model_id)
    wish = tune(kept, PlanWish(measure="fill", service=0.93))
    assert wish.level is not None
    done = plan_company(kept, wish, plain)
    assert done.plan.bought
    without_level = PlanWish(service=0.9)
    assert plan_company(kept, without_level, plain).plan == plan_company(again.kept, without_level, dead).plan
    files = write_plan(done.plan, tmp_path / "plan", "es", page(done.plan, kept, "es"))
    assert {"plan.json", "plan.csv", "plan.xlsx", "informe.html"} <= set(files)
    assert pl.read_csv(tmp_path / "plan" / "plan.csv").height == len(done.plan.lines)
    assert predict_company(kept, plain, months=3)["total_articulos_predichos"] == 10
