"""What a training job leaves: result, R3's manifest with the packages beside it, leaderboard, report."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from yunque.models.bundle_json import plain, write_json
from yunque.models.manifest import CARD, ENVIRONMENT, LEADERBOARD, REPORT, Manifest
from yunque.models.trusted_load import LoadedBundle
from yunque.runtime.jobs.context import JobContext, JobResult
from yunque.runtime.jobs.folders import RESULT_NAME
from yunque.services.job_payloads import TrainPayload
from yunque.services.publish import Published
from yunque.services.tracking import Tracked
from yunque.version import __version__

AUTO_ML = "auto_ml"
PIP_FREEZE = "pip_freeze.txt"
MANIFEST_FORMAT = 1
MLFLOW_KEYS = ("mlflow_run_id", "mlflow_ui_url")  # absent, not null, where there is no MLflow


@dataclass(frozen=True, kw_only=True)
class Told:
    """What the result must say beside what the bundle says.

    Attributes:
        target: the column that is predicted; None where the task has none.
        target_reason: why that column is predicted.
        tracked: where the run is recorded.
    """

    payload: TrainPayload
    target: str | None
    target_reason: str
    published: Published
    tracked: Tracked


def leave_results(context: JobContext, bundle: LoadedBundle, told: Told) -> JobResult:
    """Write every file of the result and give its summary; the same bundle gives the same bytes."""
    manifest = bundle.manifest
    result = result_document(context.job_id, manifest, told)
    for name, content in _files(context.job_id, bundle, told, result):
        context.publish(name, [content])
    return JobResult(summary=_summary(result))


def _files(
    job_id: str, bundle: LoadedBundle, told: Told, result: dict[str, Any]
) -> Iterable[tuple[str, bytes]]:
    yield f"{AUTO_ML}/manifest.json", write_json(manifest_document(job_id, bundle, told))
    yield f"{AUTO_ML}/{PIP_FREEZE}", bundle.read(ENVIRONMENT)
    yield LEADERBOARD, bundle.read(LEADERBOARD)
    yield REPORT, bundle.read(REPORT)
    yield CARD, bundle.read(CARD)
    yield RESULT_NAME, write_json(result)


def result_document(job_id: str, manifest: Manifest, told: Told) -> dict[str, Any]:
    """Give the answer of a finished training: registered model, scores against baselines, leaderboard."""
    version = told.published.version
    document: dict[str, Any] = plain(
        {
            "success": True,
            "job_id": job_id,
            "model": {
                "name": version.name,
                "version": version.version,
                "label": version.label,
                "promoted": told.published.promoted,
                "shortfalls": list(told.published.shortfalls),
            },
            "task": {
                "kind": manifest.task.kind,
                "target": manifest.task.target,
                "target_chosen_because": told.target_reason,
                "classes": manifest.task.classes,
                "metric": manifest.task.metric,
            },
            "champion": manifest.champion,
            "baselines": manifest.baselines,
            "leaderboard": [
                {"rank": rank, **plain(candidate)} for rank, candidate in enumerate(manifest.candidates, 1)
            ],
            "alarms": manifest.alarms,
            "findings": manifest.findings,
            "dataset": {**plain(manifest.dataset), "sha256": told.payload.origin.sha256},
            **told.tracked.keys,
        }
    )
    return document


def manifest_document(job_id: str, bundle: LoadedBundle, told: Told) -> dict[str, Any]:
    """Give R3's manifest: data hash, models tried and their results, MLflow run, packages."""
    manifest, version, payload = bundle.manifest, told.published.version, told.payload
    document: dict[str, Any] = plain(
        {
            "format": MANIFEST_FORMAT,
            "job_id": job_id,
            "created": manifest.clock.created,
            "dataset_hash": manifest.dataset.fingerprint,
            "dataset": {**plain(manifest.dataset), "sha256": payload.origin.sha256},
            "request": {
                "target": told.target,
                "target_chosen_because": told.target_reason,
                "task_type": payload.task,
                "models": payload.models,
                "hpo": payload.hpo,
                "budget": payload.budget,
                "seed": payload.seed,
                "decision": payload.decision,
                "sensitive": payload.sensitive,
                "keep_rows": payload.keep_rows,
                "latency_microseconds": payload.latency_microseconds,
            },
            "task": manifest.task,
            "split": manifest.split,
            "budget_seconds": manifest.budget_seconds,
            "budget_used_seconds": manifest.clock.budget_used_seconds,
            "models": manifest.candidates,
            "baselines": manifest.baselines,
            "champion": manifest.champion,
            "registered_model": {
                "name": version.name,
                "version": version.version,
                "bundle_id": bundle.id,
                "promoted": told.published.promoted,
            },
            **told.tracked.keys,
            "dependencies": PIP_FREEZE,
            "versions": manifest.versions,
            "yunque_version": __version__,
        }
    )
    return document


def _summary(result: dict[str, Any]) -> dict[str, Any]:
    model, champion = result["model"], result["champion"]
    return {
        "model": model["label"],
        "promoted": model["promoted"],
        "shortfalls": [shortfall["message"] for shortfall in model["shortfalls"]],
        "target": result["task"]["target"],
        "target_chosen_because": result["task"]["target_chosen_because"],
        "task": result["task"]["kind"],
        "metric": result["task"]["metric"],
        "loss": champion["loss"],
        "metrics": champion["metrics"],
        "candidates": len(result["leaderboard"]),
        **{name: result[name] for name in MLFLOW_KEYS if name in result},
    }
