"""A training as a job (R3): goes on after a lost worker, and registers one model however often it ran."""

from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePath

import msgspec

from yunque.data.infer import Wishes
from yunque.data.table import read_table
from yunque.errors import FindingsError, NotFoundError
from yunque.learning.budget import parse_budget
from yunque.learning.leaderboard import Leaderboard
from yunque.learning.progress import Progress
from yunque.learning.splits import SplitWish
from yunque.learning.unlabelled.task import is_without_target
from yunque.learning.unlabelled.wish import UnlabelledWish
from yunque.models.registry import Registry
from yunque.models.registry_names import CHAMPION
from yunque.models.registry_rows import Version
from yunque.runtime.clock import Clock
from yunque.runtime.database import Database
from yunque.runtime.jobs.context import JobContext, JobResult
from yunque.runtime.parallel import Parallel
from yunque.services.fit_memory_store import JobFits
from yunque.services.guess_target import guess_target
from yunque.services.job_input import fetch_upload
from yunque.services.job_payloads import TrainPayload, decision_wish
from yunque.services.model_owner import may_train, once, refuse_taken
from yunque.services.publish import Published, settle
from yunque.services.tracking import Asked, Tracking, track_training
from yunque.services.train import TrainRequest
from yunque.services.train_any import train_any
from yunque.services.train_result import Told, leave_results

EXPERIMENT = "auto_ml"
_HEADER_ROWS = 100


@dataclass(frozen=True, kw_only=True)
class TrainHouse:
    """The real things that a training needs.

    Attributes:
        registry, database: where the model goes, and whose it is.
        plan: where fits are made; a cluster must reach the home, where scratch files are.
        tracking: where the run is recorded.
    """

    registry: Registry
    database: Database
    clock: Clock
    plan: Parallel
    tracking: Tracking


def run_train_job(context: JobContext, house: TrainHouse) -> JobResult:
    """Train, publish, and leave leaderboard, manifest and report; runs in the child of a worker.

    Raises:
        DataError, FindingsError, TrainingError: as `train`; the findings are told in the job's log.
        ConflictError: the model's name belongs to another tenant or to the house.
    """
    payload = msgspec.convert(dict(context.payload), TrainPayload)
    registry, database, began = house.registry, house.database, house.clock.now()
    table = fetch_upload(context, payload.origin.file_name)
    target, why = _target(payload, table)
    name = payload.name or _model_name(payload.origin.file_name, target or payload.task)
    if payload.name is None and not may_train(database, registry, name, context.tenant):
        name = _model_name(f"{context.tenant}-{name}", "")
    refuse_taken(database, registry, name, context.tenant)
    context.log(f"{f'predicting {target!r}' if target else f'looking for {payload.task}'}: {why}")
    with house.tracking.begin(EXPERIMENT, f"automl_job_{context.job_id}") as run:
        version, board = _made_before(registry, name, context.job_id), None
        if version is None:
            work = Work(payload=payload, table=table, target=target, name=name, plan=house.plan)
            version, board = _make(context, registry, house.clock, work)
        else:
            context.log(f"{version.label} was registered by an earlier attempt")
        published = settle_training(registry, version, payload)
        asked = Asked(
            experiment=EXPERIMENT,
            name=f"automl_job_{context.job_id}",
            by=payload.origin.by or context.tenant,
            began=began,
            ended=house.clock.now(),
            tags={"job_id": context.job_id},
        )
        tracked = track_training(run, registry, published, asked, board)
    if tracked.warning:
        context.log(tracked.warning)
    told = Told(payload=payload, target=target, target_reason=why, published=published, tracked=tracked)
    return leave_results(context, registry.load(published.version), told)


@dataclass(frozen=True, kw_only=True)
class Work:
    """What was settled before the training."""

    payload: TrainPayload
    table: Path
    target: str | None
    name: str
    plan: Parallel


def _make(context: JobContext, registry: Registry, clock: Clock, work: Work) -> tuple[Version, Leaderboard]:
    payload, name = work.payload, work.name
    folder = context.scratch / "bundle"
    seconds = parse_budget(payload.budget)
    request = TrainRequest(
        source=work.table,
        source_name=payload.origin.file_name,
        name=name,
        wishes=Wishes(
            target=work.target,
            time_column=payload.time_column,
            group_column=payload.group_column,
            weight_column=payload.weight_column,
            ignore=tuple(payload.ignore),
            ids=tuple(payload.ids),
        ),
        task=payload.task,
        metric=payload.metric,
        budget=seconds,
        split=SplitWish(holdout=payload.holdout, folds=payload.folds),
        requirements=tuple(payload.require),
        accept=tuple(payload.accept),
        accept_reason=payload.accept_reason,
        algorithms=None if payload.models is None else tuple(payload.models),
        seed=payload.seed,
        threads=context.threads,
        by=payload.origin.by or context.tenant,
        language=payload.language,
        description=payload.description,
        varies=payload.hpo,
        decision=decision_wish(payload.decision),
        sensitive=tuple(payload.sensitive),
        keep_rows=payload.keep_rows,
        unlabelled=UnlabelledWish(
            clusters=payload.clusters, contamination=payload.contamination, label=payload.label
        ),
        latency_microseconds=payload.latency_microseconds,
        memory=JobFits(checkpoints=context.checkpoints, attempt=context.attempt),
        memory_limit=payload.memory,
        most_memory_bytes=context.memory_bytes,
        parallel=work.plan,
    )
    try:
        trained = train_any(request, folder, clock, Teller(context=context, seconds=seconds))
    except FindingsError as error:
        raise _in_words(context, error) from error
    context.progress(0.97, "Registering the model")
    version = registry.publish(
        folder, by=request.by, name=name, reason="trained by a job", once=once(context.job_id)
    )
    return version, trained.leaderboard


def _in_words(context: JobContext, error: FindingsError) -> FindingsError:
    """Say what was found and how a request accepts it; a job has no page to show findings on."""
    told = [f"{finding.id}: {finding.message}" for finding in error.findings]
    for line in told:
        context.log(line)
    names = ", ".join(f'"{finding.id}"' for finding in error.findings)
    hint = f'Correct the table, or accept them by name in the request: "accept": [{names}].'
    return FindingsError(f"{error.message} {' '.join(told)}", findings=error.findings, hint=hint)


def _made_before(registry: Registry, name: str, job_id: str) -> Version | None:
    with suppress(NotFoundError):
        for event in registry.history(name):
            if event.event == "publish" and event.details.get("once") == once(job_id):
                return registry.resolve(f"{name}@{event.version}")
    return None


def settle_training(registry: Registry, version: Version, payload: TrainPayload) -> Published:
    """Promote what was trained through its gates, or put it beside the champion where that was asked."""
    folder, by = registry.folder_of(version), payload.origin.by or "a job"
    if CHAMPION in version.aliases:  # by an earlier attempt
        return Published(version=version, promoted=True, shortfalls=(), folder=folder)
    has_champion = any(CHAMPION in other.aliases for other in registry.versions(version.name))
    if payload.as_challenger and has_champion:
        beside = registry.challenge(version.name, version.version, by=by, reason="trained to be compared")
        return Published(version=beside, promoted=False, shortfalls=(), folder=folder)
    return settle(registry, version, by=by)


def _target(payload: TrainPayload, table: Path) -> tuple[str | None, str]:
    if payload.target is not None or is_without_target(payload.task):
        return payload.target, "asked for"
    return guess_target(read_table(table, limit=_HEADER_ROWS).columns)


def _model_name(file_name: str, target: str) -> str:
    words = f"{PurePath(file_name).stem}-{target}".lower()
    kept = "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in words)
    return "-".join(part for part in kept.split("-") if part)[:60].strip("-") or "model"


@dataclass(kw_only=True)
class Teller:
    """Passes what a run tells on to the job: its progress always, a line when something is new."""

    context: JobContext
    seconds: float
    stage: str = ""
    best: str = ""
    lines: set[str] = field(default_factory=set)

    def __call__(self, progress: Progress) -> None:
        """Tell one step."""
        text = progress.message or progress.stage
        self.context.progress(self._share(progress), text)
        if progress.stage != self.stage:
            self.stage = progress.stage
            self.context.log(f"{progress.stage}: {text}")
        elif progress.best != self.best and progress.best_loss is not None:
            self.context.log(f"best so far: {progress.best}, loss {progress.best_loss:.5g}")
        self.best = progress.best

    def _share(self, progress: Progress) -> float:
        if progress.stage == "check":
            return 0.02
        if progress.stage in ("pack", "done"):
            return 0.95
        return 0.05 + 0.88 * min(1.0, max(0.0, 1.0 - progress.seconds_left / self.seconds))
