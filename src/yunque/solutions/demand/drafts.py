"""Purchase-order drafts, one a supplier, as tables that people send."""

from collections.abc import Mapping
from typing import Any, Literal

import polars as pl

from yunque.solutions.demand.plan_values import PlanLine, PurchasePlan

Language = Literal["en", "es"]
HEADERS: Mapping[Language, tuple[str, ...]] = {
    "es": ("codigo", "articulo", "unidades", "paquetes", "unidades_por_paquete", "costo_unitario",
           "costo_total", "pedir_antes_de"),
    "en": ("code", "article", "units", "packs", "units_per_pack", "unit_cost", "total_cost",
           "order_before"),
}  # fmt: skip
NOBODY: Mapping[Language, str] = {"es": "sin proveedor", "en": "no supplier"}
_TYPES = (pl.String, pl.String, pl.Float64, pl.Int64, pl.Float64, pl.Float64, pl.Float64, pl.Date)
_ACTIVE = (
    "=",
    "+",
    "-",
    "@",
    "\t",
    "\r",
    "\n",
    "＝",
    "＋",
    "－",
    "＠",
)  # a spreadsheet would run a cell that begins so


def order_drafts(plan: PurchasePlan, language: Language = "es") -> dict[str, pl.DataFrame]:
    """Give the draft of each supplier, the dearest order first; its total is that of the plan."""
    groups: dict[str, list[PlanLine]] = {one.key: [] for one in plan.by_supplier}
    for line in plan.bought:
        groups[line.article.supplier].append(line)
    schema: dict[str, Any] = dict(zip(HEADERS[language], _TYPES, strict=True))
    return {
        supplier or NOBODY[language]: pl.DataFrame(
            [_row(line) for line in lines], schema=schema, orient="row"
        )
        for supplier, lines in groups.items()
    }


def _row(line: PlanLine) -> tuple[Any, ...]:
    article, terms = line.article, line.terms
    return (
        harmless(article.code), harmless(article.name), line.quantity, line.packs, terms.pack, terms.cost,
        line.cost, line.risk.latest_order_date,
    )  # fmt: skip


def harmless(text: str) -> str:
    """Give a cell that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(_ACTIVE) else text
