"""A solution's whole run over a file as a job; today the compliance desk's (`aml`)."""

from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from yunque.errors import UsageError
from yunque.runtime.clock import Clock
from yunque.runtime.database import Database
from yunque.runtime.jobs.context import JobContext, JobResult
from yunque.runtime.jobs.folders import RESULT_NAME
from yunque.runtime.storage import chunks_of
from yunque.services.aml_desk import PENDING, Desk
from yunque.services.aml_enrich import enrich_file
from yunque.services.aml_run import finish
from yunque.services.job_input import fetch_upload
from yunque.services.job_payloads import PipelinePayload

ROWS = "operaciones.csv"
Run = Callable[[JobContext, Database, Clock, Path, str], JobResult]


def run_pipeline_job(context: JobContext, database: Database, clock: Clock) -> JobResult:
    """Run the solution that the payload names; runs in the child of a worker.

    Raises:
        UsageError: there is no such solution here.
        DataError: the file cannot be used.
    """
    payload = msgspec.convert(dict(context.payload), PipelinePayload)
    run = _RUNS.get(payload.solution)
    if run is None:
        raise UsageError(f"There is no solution {payload.solution!r} on this worker.")
    table = fetch_upload(context, payload.origin.file_name)
    return run(context, database, clock, table, payload.origin.by or context.tenant)


def _run_aml(context: JobContext, database: Database, clock: Clock, table: Path, by: str) -> JobResult:
    """Enrich and classify: the job's id is the analysis id, so a second attempt keeps nothing twice."""
    desk = Desk(
        folder=context.scratch / "aml", database=database, tenant=context.tenant, actor=by, clock=clock
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


_RUNS: Mapping[str, Run] = {"aml": _run_aml}
