"""Plan a trained company's purchases, keep what a person opens, and record the run (R2)."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from importlib import import_module
from io import BytesIO
from pathlib import Path
from typing import Any

import polars as pl

from yunque.errors import StorageError
from yunque.services.demand_store import Kept
from yunque.services.demand_tracked import EXPERIMENT, MAIN
from yunque.services.demand_train import DemandHouse
from yunque.services.tracking import Tracked
from yunque.solutions.demand.drafts import Language, harmless, order_drafts
from yunque.solutions.demand.months import monthly_demand, sight_months
from yunque.solutions.demand.plan import make_plan
from yunque.solutions.demand.plan_tables import lines_table, plan_facts
from yunque.solutions.demand.plan_values import PurchasePlan
from yunque.solutions.demand.result import recommendations
from yunque.solutions.demand.terms import sold_before
from yunque.solutions.demand.wish import PlanWish
from yunque.tracking.run_record import RunRecord

TOP = 10  # articles of a demand answer when none are named (R2)
TRUST = {
    False: "Los intervalos son cuantiles calibrados con errores pasados; el total suma los de los artículos.",
    True: "Los intervalos de los artículos son cuantiles calibrados con errores pasados; los del total son "
    "de Prophet, que no decide las compras.",
}
CONFIDENCE = {"low": "baja", "medium": "media", "high": "alta"}


@dataclass(frozen=True, kw_only=True)
class Planned:
    """A plan, its answer by R2's keys, and where the run is recorded."""

    plan: PurchasePlan
    document: dict[str, Any]
    tracked: Tracked


@dataclass(frozen=True, kw_only=True)
class Said:
    """What a prediction said: metrics, files, metadata, and how many predictions there are."""

    metrics: dict[str, float]
    files: dict[str, bytes]
    metadata: Any
    count: int


def plan_company(kept: Kept, wish: PlanWish, house: DemandHouse, *, months: float = 1.0) -> Planned:
    """Make the purchase plan of a company and record it.

    Raises:
        UsageError: the wish asks for something that no plan can do.
    """
    plan = make_plan(kept.basis, wish)
    sold = {row["code"]: row for row in sold_before(kept.basis.book, plan.as_of).iter_rows(named=True)}
    document = recommendations(plan, months, sold)
    metrics = {
        "total_articulos_recomendados": float(len(plan.bought)),
        "cantidad_total_recomendada": sum(line.quantity for line in plan.bought),
        "inversion_total_estimada": plan.cost,
        "inversion_total": plan.cost,
    }
    files = {"recomendaciones_results.csv": csv_bytes(flat(lines_table(plan)))}
    found = Said(metrics=metrics, files=files, metadata=plan_facts(plan), count=len(plan.bought))
    tracked = _record(kept, house, "recomendaciones", months, found)
    return Planned(
        plan=plan, document={**document, **tracked.keys, "run_id": tracked.run_id}, tracked=tracked
    )


def predict_company(
    kept: Kept, house: DemandHouse, *, months: int = 6, codes: tuple[str, ...] = ()
) -> dict[str, Any]:
    """Predict demand by month: of the named articles, else of the ten with most sale lines (R2)."""
    basis = kept.basis
    monthly = monthly_demand(basis, months)
    sold = sold_before(basis.book, basis.book.today).sort("lines", "code", descending=[True, False])
    wanted = list(codes) or sold["code"].head(TOP).to_list()
    names = dict(zip(*_columns(basis.book.movements, "code", "name"), strict=True))
    chosen = monthly.filter(pl.col("code").is_in(wanted)).sort("code", "month")
    whole = monthly.group_by("month").agg(pl.col("mean").sum(), pl.col("low").sum(), pl.col("high").sum())
    items = basis.forecasts.items.filter(pl.col("unique_id").is_in(wanted))
    common = items["confidence"].mode().sort().to_list() or ["low"]
    document: dict[str, Any] = {
        "predicciones_prophet": _of_prophet(kept, whole["month"].to_list())
        or [
            {
                "fecha": _day(row["month"]),
                "prediccion": row["mean"],
                "minimo": row["low"],
                "maximo": row["high"],
            }
            for row in whole.sort("month").iter_rows(named=True)
        ],
        "predicciones_xgboost": [
            {
                "fecha": _day(row["month"]),
                "articulo_codigo": row["code"],
                "articulo_nombre": names.get(row["code"]) or "",
                "prediccion": row["mean"],
                "minimo": row["low"],
                "maximo": row["high"],
            }
            for row in chosen.iter_rows(named=True)
        ],
        "predictor_principal": MAIN,
        "explicacion_confianza": TRUST[kept.facts.get("prophet") is not None],
        "niveles_confianza": {"prophet": CONFIDENCE[common[0]], "xgboost": CONFIDENCE[common[0]]},
        "periodo_prediccion": f"{months} meses",
        "nit_empresa": basis.book.nit,
        "total_articulos_predichos": len(wanted),
        "metadata_modelo": {
            "meses_historicos": round((basis.book.last - basis.book.first).days / 30.44, 1),
            "mae_xgboost": kept.facts["metrics"].get("xgboost_mae"),
            "mae": kept.facts["metrics"].get("mae"),
            "datos_prophet": int(kept.facts["metrics"].get("prophet_datos_entrenamiento", 0)),
            "periodos_historicos": kept.facts["points"],
            "caracteristicas_entrenamiento": sorted(basis.forecasts.weights["model"].unique().to_list()),
        },
    }
    if months > sight_months(basis):
        document["advertencias"] = ["Más allá del horizonte entrenado se repite el último periodo."]
    metrics = {
        "demanda_total": float(chosen["mean"].sum()),
        "demanda_total_predicha": float(chosen["mean"].sum()),
        "demanda_promedio": float(chosen["mean"].mean() or 0.0),  # type: ignore[arg-type]
        "demanda_maxima": float(chosen["mean"].max() or 0.0),  # type: ignore[arg-type]
        "demanda_minima": float(chosen["mean"].min() or 0.0),  # type: ignore[arg-type]
    }
    files = {"demanda_results.csv": csv_bytes(flat(monthly))}
    said = Said(metrics=metrics, files=files, metadata=document["metadata_modelo"], count=chosen.height)
    tracked = _record(kept, house, "demanda", months, said)
    return {**document, **tracked.keys, "run_id": tracked.run_id}


def _columns(frame: pl.DataFrame, *names: str) -> tuple[list[Any], ...]:
    last = frame.select(names).unique("code", keep="last", maintain_order=True)
    return tuple(last[name].to_list() for name in names)


def _of_prophet(kept: Kept, months: list[date]) -> list[dict[str, Any]]:
    """Give what Prophet says of those months; nothing where it was not asked, or does not reach them all."""
    told = {one["fecha"]: one for one in kept.facts.get("prophet") or ()}
    wanted = [_day(month) for month in sorted(months)]
    return [told[day] for day in wanted] if all(day in told for day in wanted) else []


def _record(kept: Kept, house: DemandHouse, kind: str, months: float, said: Said) -> Tracked:
    moment, nit = house.clock.now(), kept.basis.book.nit
    name = f"prediccion_{kind}_{nit}_{moment:%Y%m%d_%H%M%S}"
    with house.tracking.begin(EXPERIMENT, name) as run:
        params = {
            "tipo_prediccion": kind,
            "predictor_principal": MAIN,
            "meses_proyeccion": f"{months:g}",
            "total_predicciones": str(said.count),
            "modelo_id": kept.model_id,
            "nit_empresa": nit,
            "entrenamiento": str(kept.facts.get("run_id", "")),
        }
        record = RunRecord(
            experiment=EXPERIMENT, name=name, kind="prediction", started=moment.timestamp(),
            ended=house.clock.now().timestamp(), params=params, metrics=said.metrics,
            tags={"nit_empresa": nit, "modelo_id": kept.model_id},
        )  # fmt: skip
        document = json.dumps(said.metadata, ensure_ascii=False, default=str, indent=1).encode()
        return run.finish(record, {**said.files, "prediction_metadata.json": document})


def write_plan(plan: PurchasePlan, folder: Path, language: Language, report: str = "") -> list[str]:
    """Write the plan: plan.json, lines as CSV and XLSX, a draft a supplier, and the report; give their names.

    Raises:
        StorageError: the disk refuses.
    """
    drafts = order_drafts(plan, language)
    files: dict[str, bytes] = {
        "plan.json": json.dumps(plan_facts(plan), ensure_ascii=False, indent=1).encode(),
        "plan.csv": csv_bytes(flat(lines_table(plan))),
    }
    for place, (supplier, table) in enumerate(drafts.items(), start=1):
        files[f"orders/{place:02d}-{_file_name(supplier)}.csv"] = csv_bytes(table)
    book = workbook({"plan": flat(lines_table(plan)), **drafts})
    if book is not None:
        files["plan.xlsx"] = book
    if report:
        files["informe.html" if language == "es" else "report.html"] = report.encode()
    try:
        for name, content in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    except OSError as error:
        raise StorageError(f"The plan cannot be written: {error.strerror}.") from error
    return list(files)


def page(plan: PurchasePlan, kept: Kept, language: Language) -> str:
    """Give the plan's report as one HTML page."""
    from yunque.solutions.demand.report import (
        render_demand,
    )  # its charts cost half a second; questions draw none

    return render_demand(plan, kept.basis.panel.frame, language, kept.simulation)


def flat(table: pl.DataFrame) -> pl.DataFrame:
    """Give a table that a spreadsheet can hold: lists as text, no cell that it would run."""
    lists = [name for name, kind in table.schema.items() if isinstance(kind, pl.List)]
    texts = [name for name, kind in table.schema.items() if kind == pl.String]
    return table.with_columns(
        *(pl.col(name).list.join(" ") for name in lists),
        *(pl.col(name).map_elements(harmless, return_dtype=pl.String) for name in texts),
    )


def csv_bytes(table: pl.DataFrame) -> bytes:
    """Give a table as CSV that spreadsheets read with its accents."""
    return b"\xef\xbb\xbf" + table.write_csv().encode()


def workbook(sheets: Mapping[str, pl.DataFrame]) -> bytes | None:
    """Give tables as sheets of one workbook; None where the optional part `excel` is not installed."""
    try:
        writer = import_module("xlsxwriter")
    except ImportError:
        return None
    buffer = BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with writer.Workbook(buffer, options) as book:
        used: set[str] = set()
        for place, (name, table) in enumerate(sheets.items()):
            title = _file_name(name)[:26] or "hoja"
            title = title if title not in used else f"{title}-{place}"
            used.add(title)
            table.write_excel(book, worksheet=title, autofit=True)
    return buffer.getvalue()


def _file_name(text: str) -> str:
    return re.sub(r"[^0-9A-Za-zÀ-ÿ _-]", "", text).strip().replace(" ", "_")[:40]


def _day(day: date) -> str:
    return day.isoformat()
