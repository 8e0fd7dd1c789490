"""Record an answer that rests on a prediction as a run, here and in MLflow when it is there (R2)."""

import json
from collections.abc import Mapping

import polars as pl

from yunque.services.demand_plan import csv_bytes, flat
from yunque.services.demand_store import Kept
from yunque.services.demand_train import EXPERIMENT, DemandHouse
from yunque.solutions.demand.plan_tables import LINES, line_row, plan_facts
from yunque.solutions.demand.questions.answer import Answer
from yunque.tracking.run_record import RunRecord

PREDICTED = ("forecast_article", "forecast_category", "forecast_total")


def record_answer(kept: Kept, house: DemandHouse, found: Answer) -> Mapping[str, str]:
    """Record what was answered and give the keys of the run; {} for answers from the history alone.

    A store or MLflow that refuses costs a warning, never the answer.
    """
    story = found.found
    query = found.understood.query
    if story is None or story.plan is None or not story.lines or query is None:
        return {}
    moment, nit = house.clock.now(), kept.basis.book.nit
    kind = "demanda" if query.intent in PREDICTED else "recomendaciones"
    name = f"prediccion_{kind}_{nit}_{moment:%Y%m%d_%H%M%S}"
    metrics = {
        "total_articulos_recomendados": float(sum(line.quantity > 0 for line in story.lines)),
        "cantidad_total_recomendada": float(sum(line.quantity for line in story.lines)),
        "inversion_total_estimada": float(sum(line.cost for line in story.lines)),
    }
    record = RunRecord(
        experiment=EXPERIMENT,
        name=name,
        kind="prediction",
        started=moment.timestamp(),
        ended=house.clock.now().timestamp(),
        params={
            "tipo_prediccion": kind,
            "predictor_principal": "combinacion_calibrada",
            "intencion": query.intent,
            "modelo_id": kept.model_id,
            "nit_empresa": nit,
        },
        metrics=metrics,
        tags={"nit_empresa": nit, "modelo_id": kept.model_id},
    )
    rows = pl.DataFrame([line_row(line) for line in story.lines], schema=LINES)
    facts = json.dumps(plan_facts(story.plan), ensure_ascii=False, default=str, indent=1).encode()
    files = {f"{kind}_results.csv": csv_bytes(flat(rows)), "prediction_metadata.json": facts}
    with house.tracking.begin(EXPERIMENT, name) as run:
        tracked = run.finish(record, files)
    return {**tracked.keys, "run_id": tracked.run_id}
