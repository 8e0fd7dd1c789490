"""Train without a target: from a raw table to a packed bundle of anomalies or clusters."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from yunque.data.contract import Contract
from yunque.data.schema import Role
from yunque.errors import UsageError
from yunque.learning.budget import Budget, parse_budget
from yunque.learning.progress import Progress, ignore
from yunque.learning.registry import algorithm
from yunque.learning.unlabelled.explore import explore
from yunque.learning.unlabelled.request import ExploreRequest
from yunque.learning.unlabelled.task import unlabelled_task
from yunque.models.bundle import PackContext, pack
from yunque.models.gates import parse_requirement
from yunque.models.manifest import Acceptance
from yunque.runtime.clock import Clock
from yunque.services.check import CheckRequest, check, refuse_blocking, refuse_broken
from yunque.services.train import Trained, TrainRequest

PACK_SHARE, MOST_PACKING = 0.3, 10.0  # of the budget kept for packing and the report, in seconds at most
LEAST_SHARE = 1 / 3


def train_unlabelled(
    request: TrainRequest, folder: Path, clock: Clock, on_progress: Callable[[Progress], None] = ignore
) -> Trained:
    """Check the table, learn within the budget, and pack what was found in `folder`, which must not exist.

    Raises:
        UsageError: a wish names what does not exist, or what needs a target.
        DataError: the table cannot be used.
        TrainingError: no candidate could be fitted.
    """
    started = clock.monotonic()
    seconds = parse_budget(request.budget)
    refuse_wishes_of_targets(request)
    names = None if request.algorithms is None else tuple(algorithm(name).name for name in request.algorithms)
    task = unlabelled_task(request.task, request.metric, names)
    requirements = tuple(str(parse_requirement(text, task)) for text in request.requirements)
    on_progress(_stage("check", f"Reading and checking {request.source_name or 'the table'}", seconds))
    label = request.unlabelled.label
    wishes = request.wishes if label is None else replace(
        request.wishes, ignore=tuple(dict.fromkeys((*request.wishes.ignore, label)))
    )  # fmt: skip
    outcome = check(
        CheckRequest(
            source=request.source,
            wishes=wishes,
            name=request.name,
            contract=None if request.contract is None else without_target(request.contract),
            seed=request.seed,
            as_of=clock.now(),
        )
    )
    if request.contract is not None:
        refuse_broken(outcome, request.accept)
    accepted = refuse_blocking(outcome, request.accept)
    frame = outcome.checked.frame
    spent = clock.monotonic() - started
    left = max(seconds - spent - min(MOST_PACKING, PACK_SHARE * seconds), LEAST_SHARE * seconds)
    board = explore(
        ExploreRequest(
            frame=frame,
            schema=outcome.contract.schema,
            task=task,
            wish=request.unlabelled,
            budget=Budget(seconds=left, clock=clock.monotonic),
            seed=request.seed,
            algorithms=names,
            on_progress=on_progress,
            cancelled=request.cancelled,
        )
    )
    on_progress(_stage("pack", "Packing the champion and drawing its report", 0.0))
    reason = request.accept_reason or "accepted by name when the training was asked for"
    context = PackContext(
        name=request.name,
        frame=frame,
        created=clock.now(),
        source=request.source_name,
        findings=outcome.findings,
        accepted=tuple(Acceptance(finding=each.id, by=request.by, reason=reason) for each in accepted),
        requirements=requirements,
        budget_seconds=seconds,
        budget_used_seconds=clock.monotonic() - started,
        language=request.language,
        author=request.by,
        description=request.description,
        keep_rows=request.keep_rows,
    )
    bundle = pack(board, outcome.contract, context, folder)
    return Trained(name=request.name, task=task, outcome=outcome, leaderboard=board, bundle=bundle)


def refuse_wishes_of_targets(request: TrainRequest) -> None:
    """Refuse what means something only where rows have an answer.

    Raises:
        UsageError: a target, groups to compare, untouched rows or folds are asked for.
    """
    kind = request.task
    if request.wishes.target is not None:
        raise UsageError(
            f"A task of kind {kind} has no target; {request.wishes.target!r} was given as one.",
            hint="A column that says what is right, for judging only, is named with --label.",
        )
    for given, name in (
        (bool(request.sensitive), "groups to compare (--sensitive)"),
        (request.split.holdout is not None, "untouched rows (--holdout, --test-from)"),
        (request.split.folds is not None, "folds (--folds)"),
    ):
        if given:
            raise UsageError(
                f"A task of kind {kind} has no {name}: its rows have no answers.", hint="Leave it out."
            )


def without_target(contract: Contract) -> Contract:
    """Give a contract whose target, if it has one, is no longer looked at."""
    target = contract.schema.target
    if target is None:
        return contract
    schema = contract.schema.with_role(target.name, Role.IGNORE, "a task without a target was asked for")
    return replace(contract, schema=schema)


def _stage(stage: str, message: str, seconds_left: float) -> Progress:
    return Progress(
        stage=stage, done=0, total=0, best="", best_loss=None, baseline_loss=None, message=message,
        seconds_left=seconds_left,
    )  # fmt: skip
