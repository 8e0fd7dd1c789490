"""R5's pipeline as a job: the upload is one table of orders, the result the folder of the run."""

import msgspec

from yunque.learning.progress import Progress
from yunque.runtime.jobs.context import JobContext, JobResult
from yunque.runtime.jobs.folders import RESULT_NAME
from yunque.runtime.storage import chunks_of
from yunque.services.job_input import fetch_upload
from yunque.services.orders_artifacts import OrdersRun
from yunque.services.orders_options import read_options, request_of
from yunque.services.orders_run import OrdersHouse, run_orders
from yunque.services.pipeline_house import PipelineHouse
from yunque.services.pipeline_payload import read_pipeline

SHARES = {"etl": 0.05, "train": 0.10, "register": 0.75, "inference_test": 0.80, "who_to_call": 0.90}


def run_orders_job(context: JobContext, house: PipelineHouse) -> JobResult:
    """Run the pipeline on the upload; a second attempt registers no second model.

    Raises:
        TableError, DataError: the file cannot be used; names file, column and row.
    """
    payload = read_pipeline(context.payload)
    table = fetch_upload(context, payload.origin.file_name)
    request = request_of(
        read_options(payload.options),
        payload.origin.by or context.tenant,
        threads=context.threads,
        source=table,
    )

    def told(progress: Progress) -> None:
        context.progress(SHARES["train"], progress.message or progress.stage)

    def tell(step: str) -> None:
        context.progress(SHARES[step], step)
        context.log(step)

    own = OrdersHouse(
        registry=house.registry,
        clock=house.clock,
        serve=house.serve,
        place=context.scratch / "runs",
        scratch=context.scratch / "work",
        tracking=house.tracking,
        once=f"job {context.job_id}",
    )
    done = run_orders(request, own, None, told, tell)
    for notice in done.etl.intake.notices:
        context.log(notice.text(request.language))
    if done.tracked is not None and done.tracked.warning:
        context.log(done.tracked.warning)
    return _leave(context, done)


def _leave(context: JobContext, done: OrdersRun) -> JobResult:
    """Publish every file of the folder, and the record of the run as the result."""
    names = sorted(
        path.relative_to(done.folder).as_posix() for path in done.folder.rglob("*") if path.is_file()
    )
    for name in names:
        with (done.folder / name).open("rb") as file:
            context.publish(name, chunks_of(file))
    record = done.record(names)
    context.publish(RESULT_NAME, [msgspec.json.encode({"success": True, **record})])
    summary = {name: record[name] for name in ("model", "leak_alarm", "metrics")}
    return JobResult(summary=summary)
