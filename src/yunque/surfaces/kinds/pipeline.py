"""The kind `pipeline`: a solution's whole run over a file, within R1's five minutes."""

from yunque.runtime.jobs.context import JobContext, JobResult
from yunque.runtime.jobs.kind import Kind
from yunque.services.job_payloads import check_pipeline


def run(context: JobContext) -> JobResult:
    """Do the job, in the child of a worker."""
    from yunque.services.pipeline_job import run_pipeline_job
    from yunque.surfaces.bootstrap import open_platform

    platform = open_platform()
    return run_pipeline_job(context, platform.database, platform.clock)


KIND = Kind(
    name="pipeline",
    entry="yunque.surfaces.kinds.pipeline:run",
    timeout_seconds=300.0,
    check=check_pipeline,
)
