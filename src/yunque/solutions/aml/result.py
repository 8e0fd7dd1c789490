"""The result of an analysis as one JSON document: obligations, numbers, class and reasons by row."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Any

import polars as pl

from yunque.solutions.aml.accumulated import listed_ids
from yunque.solutions.aml.classify import INCOMPLETE
from yunque.solutions.aml.law.evaluate import ORDER, Evaluation
from yunque.solutions.aml.law.rule import Rule
from yunque.solutions.aml.law.warning import meanings
from yunque.solutions.aml.layers import Learnt
from yunque.solutions.aml.money import plain
from yunque.solutions.aml.reasons import by_id, columns_read, reason

FORMAT = 1
OWN = (
    *("orden", "id_operacion", "linea", "cliente_id", "fecha", "monto_c", "uma_c", "regla", "regla_id"),
    *("estado", "falta_dato", "marcas", "piso", "clase", "clase_ml", "p_sospecha", "anomalia", "riesgo"),
    *(
        "acto_c",
        "acto_fecha",
        "acto_filas",
        "acto_cierre",
        "ident_min_c",
        "aviso_min_c",
        "acum_desde",
        "acum_n",
    ),
    *("acum_c", "acum_umas", "acum_por_umas", "acum_por_pesos", "acum_nuevo_c", "acum_nuevo_umas"),
    *("tipo_operacion", "sector_actividad", "intento", "razones_ml", "muestra"),
)


@dataclass(frozen=True, kw_only=True)
class Heading:
    """What a result says of itself.

    Attributes:
        created: when; the only thing that differs between two runs of one analysis.
        rows: rows of the file; `rejected` and `notes` as reading it told.
        repeated, corrected: rows that earlier files had told, or that replaced what they had told.
        changed: operations of earlier files whose obligations this file changed.
    """

    analysis_id: str
    created: datetime
    rows: int
    rejected: tuple[dict[str, Any], ...]
    notes: tuple[str, ...]
    repeated: int
    corrected: int
    changed: tuple[dict[str, Any], ...]


def facts(heading: Heading, found: Evaluation, operations: pl.DataFrame, learnt: Learnt) -> dict[str, Any]:
    """Build everything but the operations, which `operation_rows` gives.

    Args:
        heading: of the analysis.
        found: the evaluation of everything, history included.
        operations: the classified operations of this file.
        learnt: what the layers said.
    """
    return {
        "formato": FORMAT,
        "success": True,
        "analysis_id": heading.analysis_id,
        "estado": "completado",
        "modo": learnt.mode,
        "creado": heading.created.isoformat(),
        "timestamp": heading.created.isoformat(),
        "catalogo": catalogue_facts(found, operations),
        "capas": {
            layer.name: {"corrio": layer.ran, "version": layer.version, "motivo": layer.reason or None}
            for layer in learnt.layers
        },
        "modelo": learnt.scores.model if learnt.scores else None,
        "umbrales_ml": threshold_facts(learnt),
        "resumen": summary(heading, found, operations),
        "advertencias": glossary(operations),
        "rechazadas": heading.rejected,
        "reevaluadas": heading.changed,
        "notas": heading.notes,
        "cobro": {"cobradas": 0, "clave_idempotencia": heading.analysis_id},
    }


def glossary(operations: pl.DataFrame) -> dict[str, str]:
    """Give the texts of the warnings that some operation carries."""
    found = {item for bits in operations["marcas"].unique() for item in meanings(bits)}
    return {item.code: item.text for item in sorted(found, key=lambda item: item.code)}


def threshold_facts(learnt: Learnt) -> dict[str, Any] | None:
    """Give the thresholds of the layers and the policy behind them."""
    if learnt.scores is None:
        return None
    return {"inusual": learnt.scores.unusual, "preocupante": learnt.scores.worrying, **learnt.scores.policy}


def catalogue_facts(found: Evaluation, operations: pl.DataFrame) -> dict[str, Any]:
    """Cite the tables: version, hash, values of the UMA that were used, readings chosen."""
    catalogue = found.catalogue
    used = (
        set(operations["uma_c"].drop_nulls().unique().to_list()) if "uma_c" in operations.columns else set()
    )
    return {
        "version": catalogue.version,
        "sha256": catalogue.sha256,
        "uma": {row.since.isoformat(): plain(row.cents) for row in catalogue.umas if row.cents in used},
        "lecturas": {row.key: row.value for row in catalogue.readings},
    }


def summary(heading: Heading, found: Evaluation, operations: pl.DataFrame) -> dict[str, Any]:
    """Count classes, notices and prohibitions, under R1's names too."""
    classes = dict(operations["clase"].value_counts().iter_rows())
    kinds = dict(owed_by(found, operations)["tipo"].value_counts().iter_rows())
    raised = operations.select(is_raised().sum()).item() or 0
    return {
        "filas": heading.rows,
        "total_transacciones": operations.height,
        "rechazadas": len({cell["linea"] for cell in heading.rejected}),
        "repetidas": heading.repeated,
        "corregidas": heading.corrected,
        **{name: classes.get(name, 0) for name in reversed(ORDER)},
        INCOMPLETE: classes.get(INCOMPLETE, 0),
        "avisos": kinds.get("aviso_mensual", 0),
        "avisos_24h": kinds.get("aviso_24h", 0),
        "identificaciones": kinds.get("identificacion", 0),
        "prohibiciones": kinds.get("prohibicion_efectivo", 0),
        "guardrails_aplicados": raised,
        "reevaluadas": len(heading.changed),
    }


def is_raised() -> pl.Expr:
    """Whether a rule's floor, and not a layer, decided the class."""
    by_floor = (pl.col("piso") != ORDER[0]) & (pl.col("piso") == pl.col("clase"))
    return by_floor & pl.col("clase_ml").ne_missing(pl.col("piso"))


def owed_by(found: Evaluation, operations: pl.DataFrame) -> pl.DataFrame:
    """Give the obligations of some operations."""
    return found.obligations.join(operations.select("orden"), on="orden", how="semi", maintain_order="left")


def operation_rows(found: Evaluation, operations: pl.DataFrame) -> Iterator[dict[str, Any]]:
    """Give each operation of the file, by its line, one at a time."""
    rules = by_id()
    names = [name for name in dict.fromkeys([*OWN, *columns_read()]) if name in operations.columns]
    rows = (
        operations.select(*names, elevada=is_raised()).sort("linea", "id_operacion").with_row_index("_fila")
    )
    order = owed_by(found, operations).drop("id_operacion", "linea", "cliente_id")
    owed = order.join(rows.select("orden", "_fila"), on="orden", how="left").sort("_fila", "regla")
    groups = groupby(owed.iter_rows(named=True), key=itemgetter("_fila"))
    ids = listed_ids(found.operations, operations)
    at, items = next(groups, (None, iter(())))
    for row in rows.iter_rows(named=True):
        mine: list[dict[str, Any]] = []
        if at == row["_fila"]:
            mine = list(items)
            at, items = next(groups, (None, iter(())))
        yield one(row, mine, ids.get(row["orden"]), rules)


def one(
    row: dict[str, Any], owed: list[dict[str, Any]], ids: dict[str, Any] | None, rules: dict[str, Rule]
) -> dict[str, Any]:
    """Build one operation."""
    fired = [rules[item["regla"]] for item in owed]
    raising = [rule.cited for rule in fired if rule.floor == row["piso"] != ORDER[0]]
    return {
        "id_operacion": row["id_operacion"],
        "linea": row["linea"],
        "cliente_id": row["cliente_id"],
        "fecha": row["fecha"].isoformat(),
        "monto": plain(row["monto_c"]),
        "uma": plain(row["uma_c"]) if row["uma_c"] else None,
        "umas": f"{row['monto_c'] / row['uma_c']:.4f}" if row["uma_c"] else None,
        "tipo_operacion": row.get("tipo_operacion"),
        "sector_actividad": row.get("sector_actividad"),
        "regla_art17": row["regla_id"],
        "estado_legal": row["estado"],
        "clase": row["clase"],
        "clase_ml": row["clase_ml"],
        "elevada_por": raising if row["elevada"] else [],
        "obligaciones": [obligation(item) for item in owed],
        "umbral": distance(row),
        "acumulado": sums(row, ids),
        "puntajes": {name: row[name] for name in ("p_sospecha", "anomalia", "riesgo")},
        "razones": [*(reason(rule, row) for rule in fired), *json.loads(row.get("razones_ml") or "[]")],
        "muestra": bool(row.get("muestra")),
        "advertencias": [item.code for item in meanings(row["marcas"])],
    }


def obligation(item: dict[str, Any]) -> dict[str, Any]:
    """Build one obligation."""
    return {
        "tipo": item["tipo"],
        "regla": item["regla"],
        "naturaleza": item["naturaleza"],
        "fundamento": item["fundamento"],
        "fecha_del_acto": item["acto_fecha"].isoformat() if item["acto_fecha"] else None,
        "plazo": item["plazo"],
        "vence": item["vence"].isoformat() if item["vence"] else None,
        "vence_habil": item["vence_habil"].isoformat() if item["vence_habil"] else None,
    }


def distance(row: dict[str, Any]) -> dict[str, Any] | None:
    """Say how far the act is from its thresholds; null where no amount decides."""
    if row["ident_min_c"] is None and row["aviso_min_c"] is None:
        return None
    return {
        "acto": plain(row["acto_c"]),
        "identificacion": plain(row["ident_min_c"]) if row["ident_min_c"] else None,
        "identificacion_pct": percent(row["acto_c"], row["ident_min_c"]),
        "aviso": plain(row["aviso_min_c"]) if row["aviso_min_c"] else None,
        "aviso_pct": percent(row["acto_c"], row["aviso_min_c"]),
        "falta_mxn": plain(max(0, row["aviso_min_c"] - row["acto_c"])) if row["aviso_min_c"] else None,
    }


def percent(part: int, whole: int | None) -> float | None:
    """Give a share in hundredths of a per cent, rounded down: 99.99 is never shown as 100."""
    return None if not whole else part * 10_000 // whole / 100


def sums(row: dict[str, Any], ids: dict[str, Any] | None) -> dict[str, Any] | None:
    """Show the six-month sum, with and without what was already notified, and by which it reaches."""
    if row["acum_n"] is None:
        return None
    by = {(True, True): "ambos", (True, False): "umas", (False, True): "pesos"}
    notice = row["aviso_min_c"]
    return {
        "desde": row["acum_desde"].isoformat(),
        "actos": row["acum_n"],
        "umas": f"{row['acum_umas']:.4f}",
        "pesos": plain(row["acum_c"]),
        "sin_avisadas_umas": f"{row['acum_nuevo_umas']:.4f}",
        "sin_avisadas_pesos": plain(row["acum_nuevo_c"]),
        "criterio": by.get((row["acum_por_umas"], row["acum_por_pesos"])),
        "falta_mxn": plain(max(0, notice - row["acum_c"])) if notice else None,
        **(ids or {"ids": [row["id_operacion"]], "ids_omitidos": 0, "ya_avisadas": []}),
    }
