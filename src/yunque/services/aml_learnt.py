"""What the layers say of an analysis: asked once, kept, and read again by every re-run."""

import json
from collections.abc import Mapping
from typing import Any

import polars as pl

from yunque.services.aml_desk import Desk
from yunque.services.aml_judge import Judged
from yunque.solutions.aml.classify import ALERTS
from yunque.solutions.aml.layers import BY_ROW, FAILURES, RECENT, RISK, Layer, Learnt, Scores, ask
from yunque.solutions.aml.recent import with_recent
from yunque.solutions.aml.store.answers import Answer, keep_answer, read_answer

SCORED = ("id_operacion", "p_sospecha", "anomalia", RISK)
BESIDE = (RECENT, "segmento", *BY_ROW, "sorteada")
KEPT = (
    *("id_operacion", "cliente_id", "fecha", "clase", "clase_ml", "piso", "p_sospecha", "anomalia", "riesgo"),
    *(RECENT, "segmento", *BY_ROW, "muestra", "razones_ml"),
)
WHY = "razones_ml"
UNEXPLAINED = {
    "origen": "modelo",
    "codigo": "razones_no_disponibles",
    "texto": "Las razones del modelo no pudieron calcularse; el puntaje es el que se muestra.",
    "valores": {},
}


def learnt_of(desk: Desk, analysis_id: str, judged: Judged) -> tuple[Learnt, Answer | None]:
    """Give the layers' answer as it was kept, or ask them now."""
    kept = read_answer(desk.database, desk.tenant, analysis_id)
    if kept is None:
        return ask(desk.scorer, with_recent(judged.mine(judged.enriched), judged.enriched)), None
    return recalled(kept), kept


def recalled(kept: Answer) -> Learnt:
    """Give a kept answer as the layers gave it."""
    facts = kept.facts
    layers = tuple(Layer(**layer) for layer in facts["capas"])
    if facts["modo"] == "solo_reglas":
        return Learnt(mode="solo_reglas", scores=None, layers=layers)
    drawn = (
        kept.rows.with_columns(sorteada=pl.col("muestra")) if "muestra" in kept.rows.columns else kept.rows
    )
    table = drawn.select(*SCORED, *(name for name in BESIDE if name in drawn.columns))
    scores = Scores(
        table=table.filter(pl.col("p_sospecha").is_not_null() | pl.col("anomalia").is_not_null()),
        unusual=facts["umbral_inusual"],
        worrying=facts["umbral_preocupante"],
        layers=layers,
        model=dict(facts["modelo"]),
        policy=dict(facts["politica"]),
    )
    return Learnt(mode=facts["modo"], scores=scores, layers=layers)


def explained(operations: pl.DataFrame, learnt: Learnt, kept: Answer | None, judged: Judged) -> pl.DataFrame:
    """Add `razones_ml` to the operations that the layers raised; where none can be told, that is told."""
    if kept is not None:
        names = [name for name in ("id_operacion", WHY) if name in kept.rows.columns]
        if WHY not in names:
            return operations
        return operations.join(kept.rows.select(names), on="id_operacion", how="left", maintain_order="left")
    if learnt.scores is None or learnt.scores.why is None:
        return operations
    alerts = operations.filter(pl.col("clase_ml").is_in(ALERTS))
    rows = judged.mine(judged.enriched).join(
        alerts.select(*SCORED, *([RECENT] if RECENT in alerts.columns else [])),
        on="id_operacion",
        how="inner",
    )
    try:
        found = learnt.scores.why(rows, judged.enriched)
    except FAILURES:
        found = alerts.select("id_operacion").with_columns(pl.lit(json.dumps([UNEXPLAINED])).alias(WHY))
    return operations.join(found, on="id_operacion", how="left", maintain_order="left")


def keep_learnt(desk: Desk, analysis_id: str, learnt: Learnt, operations: pl.DataFrame) -> None:
    """Keep what the layers said beside the class that came of it."""
    rows = operations.select(name for name in KEPT if name in operations.columns)
    keep_answer(
        desk.database,
        desk.tenant,
        Answer(analysis_id=analysis_id, rows=rows, facts=facts_of(learnt)),
    )


def facts_of(learnt: Learnt) -> Mapping[str, Any]:
    """Give mode, layers, model and policy as JSON."""
    scores = learnt.scores
    told = {
        "modo": learnt.mode,
        "capas": [vars(layer) for layer in learnt.layers],
    }
    if scores is None:
        return told
    return {
        **told,
        "umbral_inusual": scores.unusual,
        "umbral_preocupante": scores.worrying,
        "modelo": dict(scores.model),
        "politica": dict(scores.policy),
    }
