"""A solution's whole run over a file as a job: the solution's own value says which function does it."""

from yunque.runtime.jobs.context import JobContext, JobResult
from yunque.services.pipeline_house import PipelineHouse
from yunque.services.pipeline_payload import job_function, read_pipeline


def run_pipeline_job(context: JobContext, house: PipelineHouse) -> JobResult:
    """Run the solution that the payload names; runs in the child of a worker.

    Raises:
        UsageError: there is no such solution here.
        DataError: the file cannot be used.
    """
    return job_function(read_pipeline(context.payload).solution)(context, house)
