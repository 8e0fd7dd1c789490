"""R2's training in a real MLflow: what arrives there, and a server that is killed while a company is trained."""

import json
import subprocess
from datetime import datetime
from pathlib import Path
from typing import Any

import mlflow
import pandas as pd
import pytest
from mlflow_server import PATIENT, start_server, stop_server

from yunque.runtime.clock import REAL_CLOCK, Clock, FixedClock
from yunque.services.demand_plan import plan_company, predict_company
from yunque.services.demand_store import open_kept
from yunque.services.demand_train import EXPERIMENT, DemandHouse, TrainAsk, TrainedDemand, train_demand
from yunque.services.tracking import Tracking
from yunque.solutions.demand.generator import Wish, make_company
from yunque.solutions.demand.wish import PlanWish
from yunque.tracking.run_store import read_run

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.filterwarnings("ignore:.*type hint:UserWarning"),  # of MLflow's own classes
]
TABLES = make_company(7, Wish(articles=8, days=300)).tables
ASK = TrainAsk(algorithm="xgboost", budget_seconds=300.0, origins=2)
KEYS = ("mlflow_run_id", "mlflow_ui_url")
NAME = "xgboost_900123456"


def house(home: Path, uri: str, clock: Clock | None = None) -> DemandHouse:
    tracking = Tracking(place=home / "runs", mlflow_uri=uri, patience=PATIENT)
    return DemandHouse(place=home / "demand", tracking=tracking, clock=clock or FixedClock())


def record_of(trained: TrainedDemand, home: Path) -> dict[str, Any]:
    """Everything that is kept of a run: its record and the bytes of its files, without folders' names."""
    folder = home / "runs" / trained.tracked.run_id
    record = json.loads((folder / "run.json").read_bytes())
    record["model"].pop("folder")
    return {"record": record, **{one: (folder / one).read_bytes() for one in record["files"]}}


class Killer:
    """A clock that kills the server when a training looks at the time for the second time: its models are made."""

    def __init__(self, process: subprocess.Popen[bytes], address: str) -> None:
        self.process, self.address, self.looks = process, address, 0

    def now(self) -> datetime:
        self.looks += 1
        if self.looks == 2:
            client = mlflow.MlflowClient(tracking_uri=self.address)
            while not any(client.search_runs([one.experiment_id]) for one in client.search_experiments()):
                continue  # the run opens beside the training
            stop_server(self.process)
        return FixedClock().now()

    def monotonic(self) -> float:
        return REAL_CLOCK.monotonic()


def test_a_training_arrives_by_r2s_names_and_its_model_answers(tmp_path: Path) -> None:
    process, address = start_server(tmp_path)
    try:
        here = house(tmp_path, address)
        trained = train_demand(TABLES, ASK, here)
        document = trained.document()
        client = mlflow.MlflowClient(tracking_uri=address, registry_uri=address)
        experiment = client.get_experiment_by_name(EXPERIMENT)
        assert experiment is not None
        run = client.get_run(document["mlflow_run_id"])
        page = f"{address}/#/experiments/{experiment.experiment_id}/runs/{run.info.run_id}"
        assert document["mlflow_ui_url"] == page
        assert run.info.run_name.startswith("entrenamiento_empresa_900123456_")
        assert {"modelo_id", "nit_empresa", "fecha_entrenamiento", "filas_entrenamiento",
                "total_articulos"} <= set(run.data.params)  # fmt: skip
        assert {"prophet_datos_entrenamiento", "xgboost_mae", "xgboost_r2", "xgboost_rmse"} <= set(
            run.data.metrics
        )
        assert run.data.metrics["xgboost_rmse"] >= run.data.metrics["xgboost_mae"] > 0
        names = {one.path for one in client.list_artifacts(run.info.run_id)}
        assert {"training_data_sample.csv", "training_data.parquet", "prophet_model_info.json"} <= names
        assert client.get_model_version(NAME, "1").run_id == run.info.run_id
        model = mlflow.pyfunc.load_model(client.download_artifacts(run.info.run_id, "model", str(tmp_path)))
        rows = pd.DataFrame(
            {"articulo_codigo": ["A0001", "nobody"], "periodos": [3.0, 1.0], "probabilidad": [0.9, 0.9]}
        )
        told = model.predict(rows)
        sums = trained.kept.basis.forecasts.sums
        assert told["cantidad"][0] == pytest.approx(sums.quantile("A0001", 3.0, 0.9))
        assert told["media"].isna().tolist() == [False, True]
        kept = open_kept(here.place, "local", trained.kept.model_id)
        bought = plan_company(kept, PlanWish(), here).document
        told_months = predict_company(kept, here, months=3)
        for answer, kind in ((bought, "recomendaciones"), (told_months, "demanda")):
            found = client.get_run(answer["mlflow_run_id"])
            assert found.info.run_name.startswith(f"prediccion_{kind}_900123456_")
            assert found.info.experiment_id == experiment.experiment_id
            assert found.data.params["tipo_prediccion"] == kind
            assert int(found.data.params["total_predicciones"]) >= 0
            files = {one.path for one in client.list_artifacts(found.info.run_id)}
            assert {f"{kind}_results.csv", "prediction_metadata.json"} <= files
    finally:
        stop_server(process)


def test_a_server_killed_while_a_company_is_trained_takes_two_keys_and_no_more(tmp_path: Path) -> None:
    process, address = start_server(tmp_path)
    killed, calm = tmp_path / "killed", tmp_path / "calm"
    first = train_demand(TABLES, ASK, house(killed, address, Killer(process, address)))
    assert process.poll() is not None and first.tracked.warning
    second = train_demand(TABLES, ASK, house(calm, ""))
    told, other = ({k: v for k, v in one.document().items() if k != "run_id"} for one in (first, second))
    assert told == other and not set(KEYS) & set(told)
    assert record_of(first, killed) == record_of(second, calm)
    assert read_run(killed / "runs" / first.tracked.run_id).model is not None
    plans = [
        plan_company(open_kept(home / "demand", "local", first.kept.model_id), PlanWish(), house(home, ""))
        for home in (killed, calm)
    ]
    assert plans[0].plan == plans[1].plan
