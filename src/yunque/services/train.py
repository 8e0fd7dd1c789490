"""Train: from a raw table to a packed bundle, with everything that was decided on the way written down."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import get_args

import polars as pl

from yunque.data.contract import Contract
from yunque.data.finding import Finding
from yunque.data.infer import Wishes
from yunque.errors import DataError, UsageError
from yunque.learning.budget import Budget, parse_budget
from yunque.learning.decide_wish import DecisionWish
from yunque.learning.fold_memory import FoldMemory
from yunque.learning.infer_task import infer_task
from yunque.learning.leaderboard import Leaderboard
from yunque.learning.learn import LearnRequest, learn
from yunque.learning.memory_limit import DEFAULT_MEMORY, parse_memory
from yunque.learning.progress import Progress, ignore
from yunque.learning.registry import algorithm
from yunque.learning.request import never
from yunque.learning.sensitive_groups import refuse_sensitive
from yunque.learning.splits import SplitWish
from yunque.learning.task import Task
from yunque.learning.unlabelled.wish import UnlabelledWish
from yunque.models.bundle import Bundle, PackContext, pack
from yunque.models.gates import parse_requirement
from yunque.models.manifest import Acceptance
from yunque.models.registry_names import check_name
from yunque.models.report_facts import Language
from yunque.runtime.clock import Clock
from yunque.runtime.parallel import Parallel
from yunque.services.check import (
    CheckOutcome,
    CheckRequest,
    check,
    refuse_blocking,
    refuse_broken,
    require_target,
)
from yunque.services.train_fleet import fleet_of
from yunque.services.train_memory import large_fits, memory_limit

PACK_SECONDS, PACK_SHARE = 3.0, 0.3  # kept for packing and the report
CELLS_PER_SECOND = 15_000_000  # that are profiled and fingerprinted
LEAST_SHARE = 1 / 3

Listener = Callable[[Progress], None]


@dataclass(frozen=True, kw_only=True)
class TrainRequest:
    """What to train, and what is asked of it.

    Attributes:
        source: a path, a glob, several of them, or a frame.
        source_name: where the table came from, in words; no path of this machine.
        name: name of the model.
        wishes: target, roles and kinds that the user names.
        contract: a contract that the table must meet; inferred when None.
        task, metric: "auto" or a name.
        budget: "60s", "5m", small, medium, large, or seconds.
        split: holdout, folds, order.
        requirements: targets declared before training, for example "roc_auc>=0.85".
        accept: blocking findings that are accepted by name.
        accept_reason: why.
        algorithms: names to choose among; all when None.
        seed: seeds every random choice.
        threads: threads of training.
        by: who asks; the author of the model card.
        language: of report and card.
        description: what the model is for, in the asker's words.
        varies: whether hyper-parameters near the winner's are searched when there is time left.
        decision: what is asked of the answers, and how often intervals and sets are to hold the truth.
        latency_microseconds: what one row may take.
        sensitive: columns, features or not, whose groups are compared in report and card.
        keep_rows: whether the bundle holds a sample of the rows, which drift is measured against.
        unlabelled: how many clusters, how many flags, a label to judge by, where the task has no target.
        cancelled: asked often; once it says True the training ends soon with the best so far.
        memory: where finished fits are kept for a run that has to start again.
        memory_limit: what the training may hold: "75%" of what is free, "4GB", or bytes.
        most_memory_bytes: what someone else allows this process; None when nobody does.
        spent_seconds: seconds of the budget that were gone before the call.
        parallel: where fits are made: here, or on a Dask cluster that reaches the folder beside the bundle's.
    """

    source: object
    source_name: str = ""
    name: str
    wishes: Wishes
    contract: Contract | None = None
    task: str = "auto"
    metric: str = "auto"
    budget: str | float = "60s"
    split: SplitWish = field(default_factory=SplitWish)
    requirements: tuple[str, ...] = ()
    accept: tuple[str, ...] = ()
    accept_reason: str = ""
    algorithms: tuple[str, ...] | None = None
    seed: int = 7
    threads: int = 2
    by: str
    language: Language = "en"
    description: str = ""
    varies: bool = True
    decision: DecisionWish = field(default_factory=DecisionWish)
    latency_microseconds: float = 1_000.0
    sensitive: tuple[str, ...] = ()
    keep_rows: bool = True
    unlabelled: UnlabelledWish = field(default_factory=UnlabelledWish)
    cancelled: Callable[[], bool] = never
    memory: FoldMemory | None = None
    memory_limit: str | float = DEFAULT_MEMORY
    most_memory_bytes: int | None = None
    spent_seconds: float = 0.0
    parallel: Parallel = field(default_factory=Parallel)

    def __post_init__(self) -> None:
        """Refuse a name, budget or language that would fail only after the training."""
        check_name(self.name)
        parse_budget(self.budget)
        parse_memory(self.memory_limit)
        if self.language not in get_args(Language):
            raise UsageError(
                f"There is no report in {self.language!r}.",
                hint=f"Languages: {', '.join(get_args(Language))}.",
            )


@dataclass(frozen=True, kw_only=True)
class Trained:
    """What a training made.

    Attributes:
        name: name of the model.
        task: the question that was settled.
        outcome: contract, findings and notes of the table.
        leaderboard: everything the run found.
        bundle: the packed champion, not yet published.
    """

    name: str
    task: Task
    outcome: CheckOutcome
    leaderboard: Leaderboard
    bundle: Bundle


def train(request: TrainRequest, folder: Path, clock: Clock, on_progress: Listener = ignore) -> Trained:
    """Check the table, learn within the budget, and pack the champion in `folder`, which must not exist.

    What the caller got wrong is refused before anything long starts: unknown metric, requirement, algorithm.

    Raises:
        UsageError: a wish names what does not exist.
        DataError: the table cannot be used; blocking findings that nobody accepted; a broken contract.
        TrainingError: no candidate could be trained.
    """
    started = clock.monotonic() - request.spent_seconds
    limit = memory_limit(request.memory_limit, request.most_memory_bytes)
    seconds = parse_budget(request.budget)
    names = _algorithm_names(request.algorithms)
    on_progress(_stage("check", f"Reading and checking {request.source_name or 'the table'}", seconds))
    outcome = check(
        CheckRequest(
            source=request.source,
            wishes=request.wishes,
            name=request.name,
            contract=request.contract,
            seed=request.seed,
            as_of=clock.now(),
            is_regression={"auto": None}.get(request.task, request.task == "regression"),
        )
    )
    target = require_target(outcome.contract)
    if request.contract is not None:
        refuse_broken(outcome, request.accept)
    accepted = refuse_blocking(outcome, request.accept)
    frame = _answered(outcome.checked.frame, target)
    task = infer_task(outcome.contract, frame, request.task, request.metric)
    refuse_sensitive(frame, request.sensitive, target)
    requirements = tuple(str(parse_requirement(text, task)) for text in request.requirements)

    def tell(message: str) -> None:
        on_progress(_stage("cluster", message, seconds))

    wish = LearnRequest(
        frame=frame,
        schema=outcome.contract.schema,
        task=task,
        budget=Budget(
            seconds=_left(seconds, clock.monotonic() - started, frame.height * frame.width),
            clock=clock.monotonic,
        ),
        seed=request.seed,
        split=request.split,
        algorithms=names,
        threads=request.threads,
        on_progress=on_progress,
        varies=request.varies,
        with_curve=True,
        decision=request.decision,
        latency_microseconds=request.latency_microseconds,
        cancelled=request.cancelled,
        memory=request.memory,
        memory_limit=limit,
    )
    with large_fits(folder.parent) as outside, fleet_of(request.parallel, folder.parent, tell) as fleet:
        threads = request.threads if fleet is None else max(request.threads, fleet.size)
        board = learn(replace(wish, outside=outside, fleet=fleet, threads=threads))
    on_progress(_stage("pack", "Packing the champion and drawing its report", 0.0))
    context = PackContext(
        name=request.name,
        frame=frame,
        created=clock.now(),
        source=request.source_name,
        findings=outcome.findings,
        accepted=_acceptances(accepted, request),
        requirements=requirements,
        budget_seconds=seconds,
        budget_used_seconds=clock.monotonic() - started,
        language=request.language,
        author=request.by,
        description=request.description,
        sensitive=request.sensitive,
        keep_rows=request.keep_rows,
    )
    bundle = pack(board, outcome.contract, context, folder)
    return Trained(name=request.name, task=task, outcome=outcome, leaderboard=board, bundle=bundle)


def _left(seconds: float, spent: float, cells: int) -> float:
    """Give the seconds of a budget that are left for learning, once the table is checked.

    Packing and drawing the report are part of the promise. Learning gets a third of the budget even where the
    check of a very large table took more than the rest.
    """
    packing = min(PACK_SECONDS + cells / CELLS_PER_SECOND, PACK_SHARE * seconds)
    return max(seconds - spent - packing, LEAST_SHARE * seconds)


def _stage(stage: str, message: str, seconds_left: float) -> Progress:
    return Progress(
        stage=stage,
        done=0,
        total=0,
        best="",
        best_loss=None,
        baseline_loss=None,
        message=message,
        seconds_left=seconds_left,
    )


def _algorithm_names(wished: tuple[str, ...] | None) -> tuple[str, ...] | None:
    return None if wished is None else tuple(algorithm(name).name for name in wished)


def _answered(frame: pl.DataFrame, target: str) -> pl.DataFrame:
    """Keep the rows whose answer is known; how many are not is one of the findings."""
    known = frame.filter(pl.col(target).is_not_null())
    if known.height == 0:
        raise DataError(
            f"No row has a value in the target {target!r}.", hint="Choose another target, or another table."
        )
    return known


def _acceptances(accepted: tuple[Finding, ...], request: TrainRequest) -> tuple[Acceptance, ...]:
    reason = request.accept_reason or "accepted by name when the training was asked for"
    return tuple(Acceptance(finding=finding.id, by=request.by, reason=reason) for finding in accepted)
