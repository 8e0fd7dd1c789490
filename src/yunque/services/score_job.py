"""A file scored as a job, in the same parts as `yunque predict`; a lost worker costs one of them."""

from collections.abc import Iterator
from pathlib import Path

import msgspec

from yunque.models.predictor import Predictor
from yunque.models.registry import Registry
from yunque.runtime.jobs.context import JobContext, JobResult
from yunque.runtime.jobs.digest import digest_of
from yunque.runtime.jobs.folders import RESULT_NAME
from yunque.runtime.parallel import Parallel
from yunque.runtime.storage import chunks_of
from yunque.services.job_input import fetch_upload
from yunque.services.job_payloads import ScorePayload
from yunque.services.parts_kept import KeptParts
from yunque.services.score_file import ScoredFile, ScoreFileRequest, score_file

_MODEL = {"piece": "model"}


def run_score_job(context: JobContext, registry: Registry, plan: Parallel | None = None) -> JobResult:
    """Score the upload and leave answers and the reasons of rejected rows; runs in the child of a worker.

    `plan` says where parts are done; a cluster must reach the home, where models and scratch files are.
    Every attempt uses the version that the first one found, however the champion moves meanwhile.

    Raises:
        NotFoundError: the model is gone.
        TableError, ContractError: the file cannot be scored at all.
    """
    payload = msgspec.convert(dict(context.payload), ScorePayload)
    predictor = registry.open(_label(context, registry, payload.model))
    context.log(f"scoring with {predictor.version_label}")
    table = fetch_upload(context, payload.origin.file_name)
    scored, output = _score(context, predictor, table, payload, plan or Parallel())
    context.publish(output.name, _bytes_of(output))
    if scored.rejected_output is not None:
        context.publish(scored.rejected_output.name, _bytes_of(scored.rejected_output))
    for warning in scored.warnings:
        context.log(warning)
    summary = {
        "model": predictor.version_label,
        "rows": scored.rows,
        "answered": scored.rows - scored.rejected,
        "rejected": scored.rejected,
        "resumed_rows": scored.resumed_rows,
        "output": output.name,
        "rejected_output": scored.rejected_output.name if scored.rejected_output else None,
        "warnings": list(scored.warnings),
    }
    context.publish(
        RESULT_NAME, [msgspec.json.encode({"success": True, "job_id": context.job_id, **summary}) + b"\n"]
    )
    return JobResult(summary=summary)


def _label(context: JobContext, registry: Registry, model: str) -> str:
    context.checkpoints.save(_MODEL, registry.resolve(model).label.encode())  # the first one counts
    kept = context.checkpoints.load(_MODEL)
    return model if kept is None else kept.decode()


def _score(
    context: JobContext, predictor: Predictor, table: Path, payload: ScorePayload, plan: Parallel
) -> tuple[ScoredFile, Path]:
    output = context.scratch / f"answers.{payload.output}"
    key = digest_of([payload.origin.sha256, predictor.bundle.id, payload.batch_rows, payload.output])
    kept = KeptParts(output=output, key=key, checkpoints=context.checkpoints)
    found = kept.restore()
    if found:
        context.log(f"{found} finished part(s) of an earlier attempt are taken up")

    def on_rows(rows: int) -> None:
        kept.keep()
        context.progress(min(0.95, rows / (rows + payload.batch_rows)), f"{rows:,} rows done")

    request = ScoreFileRequest(
        source=table,
        output=output,
        batch_rows=payload.batch_rows,
        threads=context.threads,
        plan=plan,
        key=key,
    )
    return score_file(predictor, request, on_rows), output


def _bytes_of(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        yield from chunks_of(file)
