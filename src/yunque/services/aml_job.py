"""An analysis of the compliance desk (R1) as a job: enrich a file, apply the law, leave the result."""

from yunque.runtime.jobs.context import JobContext, JobResult
from yunque.runtime.jobs.folders import RESULT_NAME
from yunque.runtime.storage import chunks_of
from yunque.services.aml_desk import PENDING, Desk
from yunque.services.aml_enrich import enrich_file
from yunque.services.aml_run import finish
from yunque.services.job_input import fetch_upload
from yunque.services.pipeline_house import PipelineHouse
from yunque.services.pipeline_payload import read_pipeline

ROWS = "operaciones.csv"


def run_aml_job(context: JobContext, house: PipelineHouse) -> JobResult:
    """Enrich and classify: the job's id is the analysis id, so a second attempt keeps nothing twice.

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
    )
    context.progress(0.1, "Reading and enriching the file")
    enriched = enrich_file(desk, table, analysis_id=context.job_id)
    context.log(f"{enriched.accepted:,} of {enriched.rows:,} rows accepted, {enriched.rejected:,} rejected")
    for note in enriched.notes:
        context.log(note)
    context.progress(0.5, "Applying the law's rules")
    outcome = finish(desk, desk.place(PENDING, f"{context.job_id}.csv"))
    context.progress(0.9, "Writing the result")
    for name, path in ((RESULT_NAME, outcome.path), (ROWS, outcome.path.with_suffix(".csv"))):
        with path.open("rb") as file:
            context.publish(name, chunks_of(file))
    return JobResult(summary={"analysis_id": context.job_id, "resumen": outcome.summary})
