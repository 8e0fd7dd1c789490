"""R2's three answers: train a company, predict its demand, recommend its purchases; a tenant sees its own."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any

from yunque.errors import NotFoundError
from yunque.services.demand_plan import plan_company, predict_company
from yunque.services.demand_requests import BuyBody, PredictBody, TrainBody
from yunque.services.demand_source import read_company
from yunque.services.demand_store import Kept, companies, open_kept
from yunque.services.demand_train import DemandHouse, TrainAsk, train_demand
from yunque.services.job_fields import read_fields

FOLDER = "demand"  # below the data folder: a folder a tenant, with its tables or `source.url`
URL_FILE = "source.url"


@dataclass(frozen=True, kw_only=True)
class DemandDoor:
    """What R2's endpoints need.

    Attributes:
        house: where companies are kept, and what records runs.
        data: the data folder; a tenant's tables lie in `demand/<tenant>`, or its database's address in
            `demand/<tenant>/source.url`.
    """

    house: DemandHouse
    data: Path
    one_at_a_time: Lock = field(default_factory=Lock)


def train(door: DemandDoor, tenant: str, document: Mapping[str, Any]) -> dict[str, Any]:
    """Answer `entrenar_modelos`.

    Raises:
        FieldsError: a field is unknown or of another type.
        NotFoundError: the tenant has no tables here.
        ContractError: the tables cannot be used.
    """
    body = read_fields(document, TrainBody)
    ask = TrainAsk(
        whose=body.whose,
        tenant=tenant,
        algorithm=body.algoritmo,
        country=body.pais,
        budget_seconds=body.segundos,
        seed=body.semilla,
        bulk=body.pedidos_especiales,
    )
    raw = read_company(source_of(door.data, tenant))
    with door.one_at_a_time:
        return train_demand(raw, ask, door.house).document()


def predict(door: DemandDoor, tenant: str, document: Mapping[str, Any]) -> dict[str, Any]:
    """Answer `predecir_demanda`.

    Raises:
        FieldsError: a field is unknown or of another type.
        NotFoundError: the tenant trained no such company.
    """
    body = read_fields(document, PredictBody)
    kept = company_of(door, tenant, body.modelo_id, body.company, body.nit)
    answer = predict_company(kept, door.house, months=body.meses, codes=tuple(body.articulos))
    return {"modelo_id": kept.model_id, **answer}


def recommend(door: DemandDoor, tenant: str, document: Mapping[str, Any]) -> dict[str, Any]:
    """Answer `recomendaciones_compras`.

    Raises:
        FieldsError: a field is unknown or of another type.
        NotFoundError: the tenant trained no such company.
        UsageError: the wish asks for something that no plan can do.
    """
    body = read_fields(document, BuyBody)
    kept = company_of(door, tenant, body.modelo_id, body.company, body.nit)
    found = dict(plan_company(kept, body.wish, door.house, months=body.meses).document)
    if body.maximo is not None:
        found["recomendaciones"] = found["recomendaciones"][: max(body.maximo, 0)]
    return {"modelo_id": kept.model_id, **found}


def company_of(door: DemandDoor, tenant: str, model_id: str = "", company: str = "", nit: str = "") -> Kept:
    """Open the company that is named by its model, its NIT or its number, or the tenant's only one.

    Raises:
        NotFoundError: the tenant trained no such company, or several and none is named.
    """
    there = companies(door.house.place, tenant)
    plain = "".join(sign for sign in nit.partition("-")[0] if sign.isdigit())
    wanted = {"model": model_id, "number": company, "nit": plain}
    fits = []
    for name, (number, tax) in there.items():
        has = {"model": name, "number": number, "nit": tax}
        if all(has[key] == value for key, value in wanted.items() if value):
            fits.append(name)
    if len(fits) == 1:
        return open_kept(door.house.place, tenant, fits[0])
    asked = model_id or nit or company
    if not asked and fits:
        raise NotFoundError("Several companies were trained.", hint="Name one: " + ", ".join(fits[:5]))
    raise NotFoundError.among("trained company", asked[:64], sorted(there))


def source_of(data: Path, tenant: str) -> str:
    """Give where a tenant's tables are.

    Raises:
        NotFoundError: it has none here.
    """
    folder = data / FOLDER / tenant
    if not folder.is_dir():
        raise NotFoundError(
            "There are no tables of this company here.",
            hint=f"Put them into {FOLDER}/{tenant} below the data folder.",
        )
    address = folder / URL_FILE
    return address.read_text(encoding="utf-8").strip() if address.is_file() else str(folder)
