"""R2's endpoints: literal paths and keys, what belongs to whom, and refusals that name the field."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from demand_case import small_basis
from fastapi import FastAPI
from starlette.testclient import TestClient

from yunque.errors import NotFoundError, StorageError, UsageError
from yunque.runtime.clock import FixedClock
from yunque.services.demand_door import DemandDoor, company_of, source_of
from yunque.services.demand_requests import check_options
from yunque.services.demand_source import read_company
from yunque.services.demand_store import keep, keep_simulation, models, open_kept
from yunque.services.demand_train import DemandHouse
from yunque.services.tracking import Tracking
from yunque.solutions.demand.generator import Wish, make_company
from yunque.solutions.demand.plan import make_plan
from yunque.solutions.demand.result import faults
from yunque.solutions.demand.tradeoff import CURVE
from yunque.surfaces.http import errors
from yunque.surfaces.http.routes.assistant_demand import PREFIX, demand_routes

FACTS = {"metrics": {"mae": 1.5}, "points": 28, "rows": 900, "articles": 18, "run_id": "r"}


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> DemandDoor:
    home = tmp_path_factory.mktemp("home")
    house = DemandHouse(place=home / "demand", tracking=Tracking(place=home / "runs"), clock=FixedClock())
    keep(house.place, "local", small_basis(), FACTS)
    keep(house.place, "other", small_basis("800111222", 6), FACTS)
    return DemandDoor(house=house, data=home / "data")


@pytest.fixture(scope="module")
def client(door: DemandDoor) -> Iterator[TestClient]:
    app = FastAPI()
    errors.install(app)
    app.include_router(demand_routes(lambda: door))

    async def opened(scope: Any, receive: Any, send: Any) -> None:
        from yunque.services.access import Caller, Scope

        tenant = dict(scope.get("headers", ())).get(b"x-tenant", b"").decode()
        scope["state"] = {"caller": Caller(tenant=tenant, scopes=frozenset({Scope.ADMIN}))}
        await app(scope, receive, send)

    with TestClient(opened) as found:
        yield found


def test_recommendations_have_r2s_keys_and_no_mlflow_ones(client: TestClient) -> None:
    answer = client.post(
        f"{PREFIX}/recomendaciones_compras/",
        json={"modelo_id": "empresa_900123456", "meses": 3, "nivel_servicio": 0.9},
    )
    document = answer.json()
    assert answer.status_code == 200 and faults(document) == ()
    assert (document["nit_empresa"], document["empresa_servidor_id"]) == ("900123456", 1)
    assert (document["nivel_servicio"], document["meses_proyeccion"]) == (0.9, 3)
    assert "mlflow_run_id" not in document and "mlflow_ui_url" not in document
    capped = client.post(f"{PREFIX}/recomendaciones_compras/", json={"presupuesto": 200_000.0}).json()
    assert capped["inversion_estimada"] <= 200_000.0


def test_predictions_have_r2s_keys(client: TestClient) -> None:
    answer = client.post(f"{PREFIX}/predecir_demanda/", json={"modelo_id": "empresa_900123456", "meses": 2})
    document = answer.json()
    assert {"predicciones_prophet", "predicciones_xgboost", "predictor_principal", "explicacion_confianza",
            "niveles_confianza", "periodo_prediccion", "nit_empresa", "total_articulos_predichos",
            "metadata_modelo"} <= set(document)  # fmt: skip
    assert len(document["predicciones_prophet"]) == 2
    assert len(document["predicciones_xgboost"]) == 2 * document["total_articulos_predichos"] == 20


def test_a_tenant_sees_its_own_companies_only(client: TestClient, door: DemandDoor) -> None:
    body = {"modelo_id": "empresa_900123456"}
    stranger = client.post(f"{PREFIX}/recomendaciones_compras/", json=body, headers={"x-tenant": "other"})
    assert stranger.status_code == 404 and "800111222" in stranger.text and "demand/" not in stranger.text
    assert models(door.house.place, "other") == ["empresa_800111222"]
    assert models(door.house.place, "../local") == []
    with pytest.raises(NotFoundError):
        open_kept(door.house.place, "other", "../local/empresa_900123456")
    assert company_of(door, "other", nit="800.111.222-9").model_id == "empresa_800111222"


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("entrenar_modelos", {"empresa_servidor_id": 1}, 404),
        ("entrenar_modelos", {"fecha_inicio": "ayer"}, 422),
        ("entrenar_modelos", {"inventado": 1}, 422),
        ("predecir_demanda", {"meses": 99}, 422),
        ("recomendaciones_compras", {"nivel_servicio": 7}, 400),
        ("recomendaciones_compras", {"modelo_id": "empresa_1; DROP TABLE x"}, 404),
    ],
)
def test_what_cannot_be_answered_is_refused_by_name(
    client: TestClient, path: str, body: dict[str, Any], status: int
) -> None:
    answer = client.post(f"{PREFIX}/{path}/", json=body)
    assert answer.status_code in (status, 422) and answer.status_code < 500, answer.text
    assert answer.json()["detail"]


def test_what_is_kept_gives_the_same_plan(door: DemandDoor) -> None:
    kept = open_kept(door.house.place, "local", "empresa_900123456")
    assert make_plan(kept.basis) == make_plan(small_basis()) and kept.simulation is None
    import polars as pl

    keep_simulation(door.house.place, "local", kept, pl.DataFrame(schema=CURVE))
    assert open_kept(door.house.place, "local", kept.model_id).simulation is not None


def test_tables_come_from_folders_and_from_databases_that_are_only_read(tmp_path: Path) -> None:
    import sqlalchemy as sa

    company = make_company(3, Wish(articles=3, days=80))
    folder = tmp_path / "demand" / "acme"
    folder.mkdir(parents=True)
    for name, table in company.tables.items():
        table.write_csv(folder / f"{name}.csv")
    found = read_company(source_of(tmp_path, "acme"))  # a table without rows is as good as none
    assert set(found) == {name for name, table in company.tables.items() if table.height}
    url = f"sqlite:///{tmp_path / 'r2.db'}"
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE movimientos_inventario (fecha TEXT, cantidad REAL)"))
        connection.execute(sa.text("INSERT INTO movimientos_inventario VALUES ('2024-01-01', 2)"))
    engine.dispose()
    assert read_company(url)["movements"].rows() == [("2024-01-01", 2.0)]
    for query in ("DELETE FROM movimientos_inventario", "SELECT 1; DROP TABLE movimientos_inventario"):
        with pytest.raises(UsageError, match="not one SELECT"):
            read_company(url, {"movements": query})
    with pytest.raises(StorageError, match="did not answer") as told:
        read_company(url, {"movements": "WITH x AS (SELECT 1) DELETE FROM movimientos_inventario"})
    assert "DELETE" not in str(told.value) and str(tmp_path) not in str(told.value)
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="none of the tables"):
        read_company(str(tmp_path / "empty"))


def test_options_of_a_job_are_looked_at_before_its_upload() -> None:
    check_options({"nit": "900123456", "meses": 2, "fecha_inicio": "2024-01-01"})
    for wrong in (
        {"x": 1},
        {"nivel_servicio": 3.0},
        {"fecha_inicio": "2024-02-01", "fecha_fin": "2024-01-01"},
    ):
        with pytest.raises(UsageError):
            check_options(wrong)
