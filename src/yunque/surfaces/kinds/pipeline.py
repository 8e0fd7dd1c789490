"""The kind `pipeline`: a solution's whole run over a file, within R1's five minutes."""

from yunque.runtime.jobs.context import JobContext, JobResult
from yunque.runtime.jobs.kind import Kind
from yunque.services.pipeline_payload import check_pipeline


def run(context: JobContext) -> JobResult:
    """Do the job, in the child of a worker."""
    from yunque.services.pipeline_house import PipelineHouse
    from yunque.services.pipeline_job import run_pipeline_job
    from yunque.surfaces.bootstrap import open_platform
    from yunque.surfaces.loopback import loopback_server

    platform = open_platform()
    house = PipelineHouse(
        home=platform.settings.home,
        database=platform.database,
        registry=platform.registry,
        clock=platform.clock,
        serve=lambda: loopback_server(platform.settings),
        tracking=platform.tracking,
    )
    return run_pipeline_job(context, house)


KIND = Kind(
    name="pipeline",
    entry="yunque.surfaces.kinds.pipeline:run",
    timeout_seconds=300.0,
    memory_bytes=12 * 2**30,
    headroom_bytes=128 * 2**30,  # as the kind `train`: the engine that draws the report reserves cages
    check=check_pipeline,
)
