"""An analysis of the compliance desk (R1) as a job: enrich, apply the law, price it, give a result."""

import json

import polars as pl

from yunque.runtime.jobs.context import JobContext, JobResult
from yunque.runtime.jobs.folders import RESULT_NAME
from yunque.runtime.storage import chunks_of
from yunque.services.aml_charge import cost, count, paid_parts
from yunque.services.aml_desk import PENDING, Desk
from yunque.services.aml_enrich import enrich_file
from yunque.services.aml_layers import scorer_of
from yunque.services.aml_pages import INDEX_NAME, PageIndex
from yunque.services.aml_run import CLASSES, Outcome, finish
from yunque.services.job_input import fetch_upload
from yunque.services.pipeline_house import PipelineHouse
from yunque.services.pipeline_payload import read_pipeline

ROWS = "operaciones.csv"


def run_aml_job(context: JobContext, house: PipelineHouse) -> JobResult:
    """Enrich and classify: the job's id is the analysis id, so a second attempt keeps nothing twice.

    What the job costs is captured with its result, in one commit.

    Raises:
        DataError: the file cannot be used.
    """
    payload = read_pipeline(context.payload)
    table = fetch_upload(context, payload.origin.file_name)
    desk = Desk(
        folder=context.scratch / "aml",
        database=house.database,
        tenant=context.tenant,
        actor=payload.origin.by or context.tenant,
        clock=house.clock,
        scorer=scorer_of(house.database, house.registry, context.tenant),
    )
    start = house.clock.monotonic()
    context.progress(0.1, "Reading and enriching the file")
    enriched = enrich_file(desk, table, analysis_id=context.job_id)
    context.log(f"{enriched.accepted:,} of {enriched.rows:,} rows accepted, {enriched.rejected:,} rejected")
    for note in enriched.notes:
        context.log(note)
    middle = house.clock.monotonic()
    context.progress(0.5, "Applying the law's rules")

    def price(number: int, operations: pl.DataFrame) -> dict[str, object]:
        counted = count(operations, number, paid_parts(house.database, context.tenant, number))
        return cost(house.database, context.tenant, context.job_id, counted)

    outcome = finish(desk, desk.place(PENDING, f"{context.job_id}.csv"), price)
    lines = metrics(outcome, (middle - start, house.clock.monotonic() - middle))
    for line in lines:
        context.log(line)
    context.progress(0.9, "Writing the result")
    publish(context, outcome)
    summary = {
        "analysis_id": context.job_id,
        "resumen": outcome.summary,
        "cobro": outcome.cost,
        "metricas": lines,
    }
    return JobResult(summary=summary, charge_minor=outcome.cost["importe_minor"])


def metrics(outcome: Outcome, seconds: tuple[float, float]) -> list[str]:
    """Write R1's lines: seconds of enrichment and of the layers, classes, and how often a rule raised one."""
    classes = ", ".join(f"{name}={outcome.summary[name]}" for name in CLASSES)
    return [
        f"Tiempo de enriquecimiento: {seconds[0]:.3f} s",
        f"Tiempo de inferencia (3 capas): {seconds[1]:.3f} s",
        f"Clasificación: {classes}",
        f"Guardrails aplicados: {outcome.summary['guardrails_aplicados']}",
    ]


def publish(context: JobContext, outcome: Outcome) -> None:
    """Put the result, its rows as a table, and the index of its pages into the store."""
    index = PageIndex()
    with outcome.path.open("rb") as file:
        context.publish(RESULT_NAME, index.watch(file))
    with outcome.path.with_suffix(".csv").open("rb") as file:
        context.publish(ROWS, chunks_of(file))
    context.publish(INDEX_NAME, [json.dumps(index.document()).encode()])
