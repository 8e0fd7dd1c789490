"""Do the jobs that wait in this process, as a worker's child does them, without the cost of a process each."""

import tempfile
from pathlib import Path

from yunque.errors import YunqueError
from yunque.runtime.jobs.checkpoints import Checkpoints
from yunque.runtime.jobs.context import JobContext
from yunque.runtime.jobs.job import Failure, Finished, Job
from yunque.runtime.jobs.keys import result_prefix, upload_key, work_prefix
from yunque.runtime.jobs.queue import claim
from yunque.runtime.jobs.queue_finish import complete, fail
from yunque.services.pipeline_house import PipelineHouse
from yunque.services.pipeline_job import run_pipeline_job
from yunque.surfaces.bootstrap import Platform
from yunque.surfaces.worker import Desk


def _no_server() -> None:
    raise AssertionError("no server is needed")


def work_here(desk: Desk, platform: Platform) -> int:
    """Do every job that waits, and give how many there were."""
    house = PipelineHouse(
        home=platform.settings.home,
        database=platform.database,
        registry=platform.registry,
        clock=platform.clock,
        serve=_no_server,  # type: ignore[arg-type]
        tracking=platform.tracking,
    )
    count = 0
    while (job := claim(desk.queue, "a test")) is not None:
        with tempfile.TemporaryDirectory() as folder:
            _one(desk, job, house, Path(folder))
        count += 1
    return count


def _one(desk: Desk, job: Job, house: PipelineHouse, folder: Path) -> None:
    context = JobContext(
        job_id=job.id,
        tenant=job.tenant,
        attempt=job.attempts,
        payload=job.payload,
        storage=desk.storage,
        checkpoints=Checkpoints(desk.storage, work_prefix(job.tenant, job.id)),
        scratch=folder,
        threads=1,
        result_prefix=result_prefix(job),
        upload_key=None if job.upload_id is None else upload_key(job.tenant, job.upload_id),
        tell=lambda kind, text, fraction: None,
    )
    try:
        found = run_pipeline_job(context, house)
    except YunqueError as error:
        fail(desk.queue, job, Failure(code=error.code, message=str(error)))
        return
    files = {name: {"size": it.size, "sha256": it.sha256} for name, it in sorted(context.files.items())}
    summary = {"files": files, "summary": dict(found.summary)}
    complete(
        desk.queue,
        job,
        Finished(prefix=context.result_prefix, summary=summary, charge_minor=found.charge_minor),
    )
