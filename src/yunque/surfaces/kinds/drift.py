"""The kind `drift`: what a model was asked lately, held against what it learnt from; rules become alerts."""

from yunque.runtime.jobs.context import JobContext, JobResult
from yunque.runtime.jobs.kind import Kind
from yunque.services.watch_file import check_drift


def run(context: JobContext) -> JobResult:
    """Do the job, in the child of a worker."""
    from yunque.services.drift_job import DriftHouse, run_drift_job
    from yunque.surfaces.bootstrap import OUTCOMES, PREDICTIONS, open_platform
    from yunque.surfaces.worker import open_desk

    platform = open_platform()
    house = DriftHouse(
        registry=platform.registry,
        clock=platform.clock,
        log=platform.settings.home / PREDICTIONS,
        outcomes=platform.settings.home / OUTCOMES,
        office=lambda: open_desk(platform).office,
    )
    return run_drift_job(context, house)


KIND = Kind(
    name="drift",
    entry="yunque.surfaces.kinds.drift:run",
    timeout_seconds=1800.0,
    headroom_bytes=128 * 2**30,  # as the kind `train`: the engine that draws the report reserves cages
    check=check_drift,
    retries_timeouts=False,
)
