"""R5's pipeline as a job: the upload is one table of orders, the result the folder of the run."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec

from yunque.errors import UsageError
from yunque.learning.budget import parse_budget
from yunque.learning.progress import Progress
from yunque.models.report_facts import Language
from yunque.runtime.jobs.context import JobContext, JobResult
from yunque.runtime.jobs.folders import RESULT_NAME
from yunque.runtime.storage import chunks_of
from yunque.services.job_input import fetch_upload
from yunque.services.orders_artifacts import OrdersRun
from yunque.services.orders_request import MODEL, OrdersRequest, read_call
from yunque.services.orders_run import OrdersHouse, run_orders
from yunque.services.pipeline_house import PipelineHouse
from yunque.services.pipeline_payload import read_pipeline
from yunque.solutions.orders.questions import Question

LONGEST_BUDGET_SECONDS = 60.0  # the kind `pipeline` ends after five minutes, and all else takes three
SHARES = {"etl": 0.05, "train": 0.10, "register": 0.75, "inference_test": 0.80, "who_to_call": 0.90}


class OrdersOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The options of `yunque orders run`, by its words."""

    name: str = MODEL
    question: Literal["next", "given"] = "next"
    rows: Literal["order", "client"] = "order"
    split: Literal["time", "stratified"] = "time"
    budget: str | float = "60s"
    choose_by: Literal["log_loss", "f1"] = "log_loss"
    ceiling: bool = True
    costs: str = ""
    call: str = ""
    samples: int = 50
    max_concurrent: int = 10
    seed: int = 42
    language: Language = "es"


def check_options(options: Mapping[str, Any]) -> None:
    """Refuse options that would fail only after the upload was read.

    Raises:
        UsageError: one is unknown or cannot be used.
    """
    found = _read(options)
    if parse_budget(found.budget) > LONGEST_BUDGET_SECONDS:
        raise UsageError(f"A job trains for at most {LONGEST_BUDGET_SECONDS:.0f} seconds.")
    if found.costs and ">" not in found.costs:
        raise UsageError("Costs of a job are a line.", hint='Write "VENDEDOR>DIGITAL=3".')
    _request(found, MODEL, threads=1)


def run_orders_job(context: JobContext, house: PipelineHouse) -> JobResult:
    """Run the pipeline on the upload; a second attempt registers no second model.

    Raises:
        TableError, DataError: the file cannot be used; names file, column and row.
    """
    payload = read_pipeline(context.payload)
    table = fetch_upload(context, payload.origin.file_name)
    request = _request(
        _read(payload.options), payload.origin.by or context.tenant, threads=context.threads, source=table
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
        once=f"job {context.job_id}",
    )
    done = run_orders(request, own, None, told, tell)
    for notice in done.etl.intake.notices:
        context.log(notice.text(request.language))
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


def _read(options: Mapping[str, Any]) -> OrdersOptions:
    try:
        return msgspec.convert(dict(options), OrdersOptions)
    except msgspec.ValidationError as error:
        raise UsageError(f"The options cannot be used: {error}.") from error


def _request(options: OrdersOptions, by: str, *, threads: int, source: Any = None) -> OrdersRequest:
    return OrdersRequest(
        source=source or Path(),
        name=options.name,
        question=Question(asked=options.question, rows=options.rows),
        split=options.split,
        budget=options.budget,
        choice=options.choose_by,
        has_ceiling=options.ceiling,
        costs=options.costs,
        call=read_call(options.call),
        samples=options.samples,
        max_concurrent=options.max_concurrent,
        seed=options.seed,
        threads=threads,
        by=by,
        language=options.language,
    )
