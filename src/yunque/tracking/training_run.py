"""The record of a training, read from the bundle that it packed.

Names of parameters, metrics and tags are those of R3 (`cv_mean_score`, `best_model`, `trial_<model>` …). A
score here is a loss: the smaller, the better.
"""

import math
import statistics
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from yunque.data.contract import Contract
from yunque.data.schema import Role
from yunque.models.manifest import CARD, ENVIRONMENT, LEADERBOARD, MANIFEST, REPORT, CandidateRecord, Manifest
from yunque.models.targets import targets_of
from yunque.models.trusted_load import LoadedBundle
from yunque.tracking.held_out import PREDICTIONS
from yunque.tracking.run_record import DatasetFact, ModelFact, RunRecord

TRAINING = "training"
LONGEST_VALUE = 500  # MLflow before 2.9 takes no more characters of a parameter
_FILES = (MANIFEST, LEADERBOARD, REPORT, CARD, ENVIRONMENT)


@dataclass(frozen=True, kw_only=True)
class TrainingFacts:
    """What the bundle does not know of its training.

    Attributes:
        run_name: in words; `automl_job_<id>` for a job (R3).
        version, aliases: as the registry has them.
        by: who asked.
        started, ended: seconds since 1970.
        tags: more to find it by, as the job's id.
    """

    experiment: str
    run_name: str
    version: int
    aliases: tuple[str, ...]
    by: str
    started: float
    ended: float
    tags: Mapping[str, str]


def training_run(
    bundle: LoadedBundle, facts: TrainingFacts, predictions: bytes = b""
) -> tuple[RunRecord, dict[str, bytes]]:
    """Give the record with one child per candidate, and the files that belong to it by name.

    Args:
        bundle: what the training packed.
        facts: what it does not know.
        predictions: on held-out rows, as `held_out.predictions_csv` gives them; none when empty.
    """
    manifest, contract = bundle.manifest, bundle.contract
    champion, task = manifest.champion, manifest.task
    files = {name: _content(bundle, name) for name in _FILES}
    files |= {PREDICTIONS: predictions} if predictions else {}
    best = max(champion.members, key=lambda name: champion.members[name], default="")
    metrics = {
        "best_model_score": champion.loss,
        "best_model_score_error": champion.loss_error,
        **{f"{champion.held_out}_{_of_class(name)}": value for name, value in champion.metrics.items()},
        **{f"baseline_{each.name}": each.loss for each in manifest.baselines},
        "budget_used_seconds": manifest.clock.budget_used_seconds,
        "rows": manifest.dataset.rows,
    }
    record = RunRecord(
        experiment=facts.experiment,
        name=facts.run_name,
        kind=TRAINING,
        started=facts.started,
        ended=facts.ended,
        params=_texts(
            {
                "problem_type": task.kind,
                "target": task.target or "",
                "scoring_metric": task.metric,
                "model_key": best,
                "cv_folds": manifest.split.get("folds", ""),
                "split": manifest.split.get("kind", ""),
                "budget_seconds": manifest.budget_seconds,
                "seed": manifest.seed,
                "members": ", ".join(f"{name} {weight:.3g}" for name, weight in champion.members.items()),
            }
        ),
        metrics=_finite(metrics),
        tags=_texts(
            {
                "user_id": facts.by,
                "dataset_hash": manifest.dataset.fingerprint,
                "best_model": best,
                **_targets(manifest),
                "bundle_id": bundle.id,
                "model": f"{manifest.name}@{facts.version}",
                "yunque_version": manifest.versions.get("yunque", ""),
                **facts.tags,
            }
        ),
        dataset=DatasetFact(
            name=manifest.dataset.source or manifest.name,
            digest=manifest.dataset.fingerprint,
            rows=manifest.dataset.rows,
            columns=manifest.dataset.columns,
            source=manifest.dataset.source,
            types={column.name: str(column.kind) for column in contract.schema.columns},
            target=task.target or "",
        ),
        model=_model(bundle, facts, contract),
        files=list(files),
        children=[_trial(each, facts, manifest.clock.fit_seconds) for each in manifest.candidates],
    )
    return record, files


def _content(bundle: LoadedBundle, name: str) -> bytes:
    return bundle.manifest.to_bytes() if name == MANIFEST else bundle.read(name)


def _model(bundle: LoadedBundle, facts: TrainingFacts, contract: Contract) -> ModelFact:
    classes = bundle.manifest.task.classes
    answers = {"prediction": "text" if classes else "number"}
    answers |= {f"probability_{label}": "number" for label in classes}
    features = [column for column in contract.schema.columns if column.role is Role.FEATURE]
    return ModelFact(
        folder=str(bundle.folder),
        name=bundle.manifest.name,
        version=facts.version,
        aliases=list(facts.aliases),
        inputs={column.name: str(column.kind) for column in features},
        optional=[column.name for column in features if column.nullable],
        answers=answers,
        example=msgspec.to_builtins(bundle.golden.record(0)),
    )


def _trial(each: CandidateRecord, facts: TrainingFacts, seconds: Mapping[str, float | None]) -> RunRecord:
    losses = [loss for loss in each.fold_losses if loss is not None]
    metrics = {
        "cv_mean_score": statistics.fmean(losses) if losses else each.loss,
        "cv_std_score": statistics.pstdev(losses) if losses else None,
        "fit_time": seconds.get(each.name),
        "weight": each.weight,
        "rounds": float(each.rounds),
        **{_of_class(name): value for name, value in each.metrics.items()},
    }
    return RunRecord(
        experiment=facts.experiment,
        name=f"trial_{each.name}",
        kind="candidate",
        started=facts.started,
        ended=facts.ended,
        status="failed" if each.state == "failed" else "finished",
        params=_texts({"model_key": each.algorithm, "family": each.family, **each.params}),
        metrics=_finite(metrics),
        tags=_texts({"state": each.state, "reason": each.reason}),
    )


def _targets(manifest: Manifest) -> dict[str, str]:
    """Say which targets were declared and whether all were met; nothing where there was none."""
    targets = targets_of(manifest)
    if not targets:
        return {}
    told = "; ".join(f"{each.declared}: {'met' if each.met else 'not met'}" for each in targets)
    return {"targets": told, "targets_met": str(all(each.met for each in targets)).lower()}


def _of_class(name: str) -> str:
    """Give the metric of a class a name that every tracker takes: precision[late] is precision_late."""
    return name.replace("[", "_").replace("]", "")


def _texts(values: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(value)[:LONGEST_VALUE] for name, value in values.items() if str(value)}


def _finite(values: Mapping[str, float | None]) -> dict[str, float]:
    return {
        name: float(value) for name, value in values.items() if value is not None and math.isfinite(value)
    }
