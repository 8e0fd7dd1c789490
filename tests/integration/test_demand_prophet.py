"""Prophet where it is asked for by name: R2's keys hold its own words, and no purchase rests on them."""

from pathlib import Path

import pytest

from yunque.runtime.clock import FixedClock
from yunque.services.demand_plan import plan_company, predict_company
from yunque.services.demand_store import open_kept
from yunque.services.demand_train import DemandHouse, TrainAsk, train_demand
from yunque.services.tracking import Tracking
from yunque.solutions.demand.generator import Wish, make_company
from yunque.solutions.demand.wish import PlanWish

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # of the library's own imports
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]


def test_prophet_tells_the_total_and_decides_nothing(tmp_path: Path) -> None:
    tables = make_company(7, Wish(articles=6, days=900)).tables
    told, plans = {}, {}
    for algorithm in ("prophet", "lightgbm"):
        house = DemandHouse(
            place=tmp_path / algorithm, tracking=Tracking(place=tmp_path / "runs"), clock=FixedClock()
        )
        trained = train_demand(tables, TrainAsk(algorithm=algorithm, origins=2, budget_seconds=300.0), house)  # type: ignore[arg-type]
        kept = open_kept(house.place, "local", trained.kept.model_id)
        told[algorithm] = predict_company(kept, house, months=4)
        plans[algorithm] = plan_company(kept, PlanWish(), house).plan
        metrics = trained.document()["metricas"]
        assert metrics["prophet_datos_entrenamiento"] == (29.0 if algorithm == "prophet" else 0.0)
        assert ("prophet_mae" in metrics) == (algorithm == "prophet")
    assert plans["prophet"] == plans["lightgbm"]
    months = [one["fecha"] for one in told["prophet"]["predicciones_prophet"]]
    assert months == [one["fecha"] for one in told["lightgbm"]["predicciones_prophet"]] and len(months) == 4
    assert told["prophet"]["predicciones_prophet"] != told["lightgbm"]["predicciones_prophet"]
    assert "Prophet" in told["prophet"]["explicacion_confianza"]
    for one in told["prophet"]["predicciones_prophet"]:
        assert 0 <= one["minimo"] <= one["prediccion"] <= one["maximo"]
    assert told["prophet"]["predicciones_xgboost"] == told["lightgbm"]["predicciones_xgboost"]
