"""The kind `train`: a model from a table (R3); goes on after a lost worker with the fits it had finished."""

from yunque.runtime.jobs.context import JobContext, JobResult
from yunque.runtime.jobs.kind import Kind
from yunque.services.job_payloads import check_train


def run(context: JobContext) -> JobResult:
    """Do the job, in the child of a worker."""
    from yunque.services.train_job import TrainHouse, run_train_job
    from yunque.surfaces.bootstrap import open_platform

    platform = open_platform()
    house = TrainHouse(
        registry=platform.registry,
        database=platform.database,
        clock=platform.clock,
        plan=platform.parallel,
        tracking=platform.tracking,
    )
    return run_train_job(context, house)


KIND = Kind(
    name="train",
    entry="yunque.surfaces.kinds.train:run",
    timeout_seconds=5 * 3600.0,
    memory_bytes=12 * 2**30,
    headroom_bytes=128 * 2**30,  # the engine that draws the report reserves cages of many gibibytes
    check=check_train,
    retries_timeouts=True,
)
