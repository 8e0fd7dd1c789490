"""Train a company and plan its purchases as one durable job over an uploaded file of movements."""

import msgspec

from yunque.runtime.jobs.context import JobContext, JobResult
from yunque.runtime.jobs.folders import RESULT_NAME
from yunque.services.demand_plan import page, plan_company, write_plan
from yunque.services.demand_requests import read_job_options
from yunque.services.demand_source import read_company
from yunque.services.demand_train import DemandHouse, TrainAsk, train_demand
from yunque.services.job_input import fetch_upload
from yunque.services.pipeline_house import PipelineHouse
from yunque.services.pipeline_payload import read_pipeline

FOLDER = "demand"  # under the home: what a job trained answers questions and plans as any other training


def run_demand_job(context: JobContext, house: PipelineHouse) -> JobResult:
    """Read the upload, forecast, plan; the plan, its drafts and R2's answer are the job's files.

    Raises:
        DataError: the file cannot be used; names column and row.
    """
    payload = read_pipeline(context.payload)
    options = read_job_options(dict(payload.options))
    table = fetch_upload(context, payload.origin.file_name)
    own = DemandHouse(
        place=house.home / FOLDER,
        tracking=house.tracking,
        clock=house.clock,
        threads=context.threads,
    )
    context.progress(0.1, "Reading and forecasting")
    ask = TrainAsk(
        whose=options.whose,
        tenant=context.tenant,
        algorithm=options.algoritmo,
        budget_seconds=options.segundos,
    )
    trained = train_demand(read_company(str(table)), ask, own)
    for one in trained.kept.basis.book.notes:
        context.log(one.text["es"])
    context.progress(0.8, "Planning")
    done = plan_company(trained.kept, options.wish, own, months=options.meses)
    folder = context.scratch / "plan"
    for name in write_plan(done.plan, folder, "es", page(done.plan, trained.kept, "es")):
        context.publish(name, [(folder / name).read_bytes()])
    document = {"success": True, "entrenamiento": trained.document(), **done.document}
    context.publish(RESULT_NAME, [msgspec.json.encode(document)])
    summary = {name: document[name] for name in ("total_articulos", "inversion_estimada", "nivel_servicio")}
    return JobResult(summary={"modelo_id": trained.kept.model_id, **summary})
