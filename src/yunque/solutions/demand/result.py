"""The answers of R2 by its literal keys, with true values: recommendations and predicted demand."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from yunque.solutions.demand.plan_values import PlanLine, PurchasePlan

ROOT = ("recomendaciones", "total_articulos", "inversion_estimada", "nivel_servicio", "meses_proyeccion",
        "modelo_utilizado", "empresa_servidor_id", "nit_empresa")  # fmt: skip
FIELDS = ("articulo_codigo", "articulo_nombre", "clasificacion_abc", "demanda_predicha",
          "cantidad_recomendada", "ventas_historicas", "transacciones_historicas", "urgencia",
          "precio_promedio", "inversion_estimada", "ultima_venta")  # fmt: skip
URGENCIES = ("ALTA", "MEDIA", "BAJA")
HIGH, MIDDLE = 0.5, 0.1  # probability of running out before an order placed now arrives
MONTH = 365.25 / 12
MODEL = "cuantil_calibrado_de_demanda"  # what R2 called "analisis_historico_avanzado" was no model


def urgency(line: PlanLine) -> str:
    """Give R2's word for how soon an article runs out."""
    risk = line.risk.stockout_probability
    return URGENCIES[0] if risk >= HIGH else URGENCIES[1] if risk >= MIDDLE else URGENCIES[2]


def recommendation(line: PlanLine, months: float, sold: Mapping[str, Any]) -> dict[str, Any]:
    """Give an article's recommendation: R2's fields, and what the plan knows beside them.

    Args:
        line: of the plan.
        months: that the predicted demand is of.
        sold: its history: units, lines, last (date or None).
    """
    last = sold.get("last")
    return {
        "articulo_codigo": line.article.code,
        "articulo_nombre": line.article.name,
        "clasificacion_abc": line.abc,
        "demanda_predicha": round(demand_of_months(line, months), 2),
        "cantidad_recomendada": line.quantity,
        "ventas_historicas": sold.get("units", 0.0),
        "transacciones_historicas": sold.get("lines", 0),
        "urgencia": urgency(line),
        "precio_promedio": line.terms.price,
        "inversion_estimada": line.cost,
        "ultima_venta": _day(last),
        "clasificacion_xyz": line.xyz,
        "clase_demanda": line.demand_class,
        "costo_unitario": line.terms.cost,
        "existencias": line.position.on_hand,
        "pedidos_en_camino": line.position.on_order,
        "reservado": line.position.reserved,
        "punto_reorden": line.levels.reorder_point,
        "stock_seguridad": line.levels.safety_stock,
        "nivel_objetivo": line.levels.order_up_to,
        "paquetes": line.packs,
        "unidades_por_paquete": line.terms.pack,
        "dias_cobertura": line.risk.cover_days,
        "probabilidad_agotamiento": line.risk.stockout_probability,
        "fecha_agotamiento": _day(line.risk.stockout_date),
        "fecha_limite_pedido": _day(line.risk.latest_order_date),
        "margen_en_riesgo": line.risk.lost_margin,
        "unidades_exceso": line.risk.excess_units,
        "proveedor": line.article.supplier,
        "categoria": line.article.category,
        "confianza": {"low": "baja", "medium": "media", "high": "alta"}[line.confidence],
        "razones": list(line.reasons),
        "supuestos": list(line.assumptions),
    }


def demand_of_months(line: PlanLine, months: float) -> float:
    """Give the mean demand of the months ahead from an article's periods; its last period goes on."""
    if not line.periods:
        return 0.0
    days = months * MONTH
    length = (line.periods[1].start - line.periods[0].start).days if len(line.periods) > 1 else MONTH
    total = 0.0
    for place, one in enumerate(line.periods):
        is_last = place == len(line.periods) - 1
        share = days / length if is_last else min(days / length, 1.0)
        total += one.mean * share
        days -= share * length
        if days <= 0:
            break
    return total


def recommendations(
    plan: PurchasePlan, months: float, sold: Mapping[str, Mapping[str, Any]], *, top: int | None = None
) -> dict[str, Any]:
    """Give R2's recommendation document: what to buy, the greatest loss first, at most `top`."""
    bought = plan.bought if top is None else plan.bought[:top]
    return {
        "recomendaciones": [recommendation(line, months, sold.get(line.article.code, {})) for line in bought],
        "total_articulos": len(plan.bought),
        "inversion_estimada": plan.cost,
        "nivel_servicio": plan.service,
        "tipo_nivel_servicio": {"cycle": "ciclo", "fill": "unidades"}[plan.measure],
        "meses_proyeccion": months,
        "modelo_utilizado": MODEL,
        "empresa_servidor_id": int(plan.company) if plan.company.isdigit() else plan.company or None,
        "nit_empresa": plan.nit,
        "moneda": plan.currency,
        "fecha": plan.as_of.isoformat(),
        "advertencias": [one.text["es"] for one in plan.warnings],
    }


def faults(document: Mapping[str, Any]) -> tuple[str, ...]:
    """Say what a recommendation document lacks of R2's shape."""
    found = [f"{key!r} is missing" for key in ROOT if key not in document]
    for place, one in enumerate(document.get("recomendaciones") or ()):
        lacking = [key for key in FIELDS if key not in one]
        if lacking:
            found.append(f"recommendation {place + 1} lacks {', '.join(lacking)}")
        elif one["urgencia"] not in URGENCIES:
            found.append(f"recommendation {place + 1} has the urgency {one['urgencia']!r}")
    return tuple(found)


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
