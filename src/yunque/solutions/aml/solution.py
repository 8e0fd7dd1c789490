"""The compliance desk as one value: what a file of operations is, and the job that analyses it.

It names no target: obligations come from the law. What is learnt beside the law joins when a model does.
"""

from datetime import date

import polars as pl

from yunque.data.contract import Contract
from yunque.data.schema import Column, Kind, Role, Schema
from yunque.solution import REASONS, Policy, Route, Solution, TakenIn
from yunque.solutions.aml.generator import generate
from yunque.solutions.aml.intake.intake import FIRST_LINE
from yunque.solutions.aml.intake.intake import take_in as read_operations
from yunque.solutions.aml.law.read_catalogue import catalogue

NEEDED = ("cliente_id", "monto", "fecha", "tipo_operacion")
OTHERS = ("sector_actividad", "fraccion", "inciso", "hora", "id_acto", "id_contraparte", "sentido", "pais")
LAST_DAY = date(9999, 12, 31)  # a frame alone has no present; the desk passes its own


def _column(name: str) -> Column:
    role = Role.ID if name.endswith("_id") or name.startswith("id_") else Role.FEATURE
    kind = Kind.TIMESTAMP if name == "fecha" else Kind.NUMBER if name == "monto" else Kind.CATEGORY
    is_needed = name in NEEDED
    return Column(name=name, kind=kind, role=role, nullable=not is_needed, required=is_needed)


CONTRACT = Contract(
    name="operaciones",
    schema=Schema(columns=tuple(_column(name) for name in ("id_operacion", *NEEDED, *OTHERS))),
)


def take_in(table: pl.DataFrame) -> TakenIn:
    """Read operations as the desk does; the reasons of the others by row of the table, from 1."""
    found = read_operations(table, catalogue(), LAST_DAY)
    reasons = found.rejected.select(
        (pl.col("linea") - FIRST_LINE + 1).alias("row"),
        pl.col("columna").alias("column"),
        pl.col("valor").alias("value"),
        pl.col("motivo").alias("reason"),
    )
    return TakenIn(accepted=found.operations, rejected=reasons.cast(REASONS))  # type: ignore[arg-type]


SOLUTION = Solution(
    name="aml",
    title={"en": "Anti-money-laundering (LFPIORPI)", "es": "Prevención de lavado de dinero (LFPIORPI)"},
    contract=CONTRACT,
    generate=generate,
    take_in=take_in,
    policy=Policy(facts=("obligations come from the dated tables of the law, never from a model",)),
    routes=(
        Route(
            method="POST",
            path="/api/portal/upload",
            entry="yunque.surfaces.http.routes.portal:portal_routes",
        ),
    ),
    jobs={"aml": "yunque.services.aml_job:run_aml_job"},
)
