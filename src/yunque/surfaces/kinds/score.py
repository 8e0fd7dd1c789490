"""The kind `score`: a file answered by a registered model; goes on after its last finished part."""

from yunque.runtime.jobs.context import JobContext, JobResult
from yunque.runtime.jobs.kind import Kind
from yunque.services.job_payloads import check_score


def run(context: JobContext) -> JobResult:
    """Do the job, in the child of a worker."""
    from yunque.services.score_job import run_score_job
    from yunque.surfaces.bootstrap import open_platform

    platform = open_platform()
    return run_score_job(context, platform.registry, platform.parallel)


KIND = Kind(
    name="score",
    entry="yunque.surfaces.kinds.score:run",
    timeout_seconds=3600.0,
    check=check_score,
    retries_timeouts=True,
)
