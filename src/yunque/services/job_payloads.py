"""What jobs of each kind may be asked: strict shapes, checked when they are submitted."""

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from yunque.errors import UsageError
from yunque.learning.budget import parse_budget
from yunque.learning.decide_wish import COVERAGE, DecisionWish, read_wish
from yunque.learning.memory_limit import DEFAULT_MEMORY, parse_memory
from yunque.learning.splits import SplitWish
from yunque.learning.unlabelled.wish import UnlabelledWish
from yunque.models.registry_names import check_name, read_reference
from yunque.services.job_fields import FieldsError, WrongField, read_fields
from yunque.services.model_names import check_models

LONGEST_BUDGET_SECONDS = 4 * 3600.0
TASKS = ("auto", "binary", "multiclass", "classification", "regression", "anomaly", "clusters")


class Origin(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a job's table came from and who asked; written by the server, never taken from a client."""

    file_name: str = ""
    sha256: str = ""
    by: str = ""
    door: str = "jobs"


class DecisionPayload(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a model is to answer; the words of `yunque train --least-recall --costs --coverage`."""

    least_recall: float | dict[str, float] | None = None
    costs: str | dict[str, dict[str, float]] | None = None
    coverage: float = COVERAGE


class TrainPayload(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A training; the words of `yunque train`. Without `target` it is guessed, and the guess is told.

    With `as_challenger` the model is put beside the champion, where there is one, and not in its place.
    """

    target: str | None = None
    name: str = ""
    task: str = "auto"
    metric: str = "auto"
    budget: str | int | float = "small"
    models: list[str] | None = None
    hpo: bool = True
    seed: int = 7
    time_column: str | None = None
    group_column: str | None = None
    weight_column: str | None = None
    ignore: list[str] = []
    ids: list[str] = []
    require: list[str] = []
    accept: list[str] = []
    accept_reason: str = ""
    holdout: float | None = None
    folds: int | None = None
    decision: DecisionPayload = DecisionPayload()
    sensitive: list[str] = []
    keep_rows: bool = True
    latency_microseconds: float = 1_000.0
    memory: str | int = DEFAULT_MEMORY
    clusters: int | None = None
    contamination: float = 0.01
    label: str | None = None
    language: Literal["en", "es"] = "en"
    description: str = ""
    as_challenger: bool = False
    origin: Origin = Origin()


class ScorePayload(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A file to score: `model` is NAME, NAME@VERSION or NAME@champion."""

    model: str
    output: Literal["csv", "parquet", "ndjson", "arrow"] = "csv"
    batch_rows: int = 100_000
    origin: Origin = Origin()


def check_train(payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Give the payload of a training with everything settled that can be settled without the table.

    Raises:
        FieldsError: a field is unknown or cannot be used; each with its place.
    """
    found = read_fields(payload, TrainPayload, under="/payload")
    wrong: list[WrongField] = []
    _try(wrong, "/payload/budget", lambda: _budget(found.budget))
    _try(wrong, "/payload/name", lambda: check_name(found.name) if found.name else "")
    _try(wrong, "/payload/holdout", lambda: SplitWish(holdout=found.holdout))
    _try(wrong, "/payload/folds", lambda: SplitWish(folds=found.folds))
    _try(wrong, "/payload/clusters", lambda: UnlabelledWish(clusters=found.clusters))
    _try(wrong, "/payload/contamination", lambda: UnlabelledWish(contamination=found.contamination))
    _try(wrong, "/payload/memory", lambda: parse_memory(found.memory))
    _try(wrong, "/payload/decision", lambda: decision_wish(found.decision))
    if not 1.0 <= found.latency_microseconds <= 1e9:
        detail = "latency_microseconds is between 1 and 1,000,000,000."
        wrong.append(WrongField(pointer="/payload/latency_microseconds", code="range", detail=detail))
    if found.task not in TASKS:
        detail = f"The task {found.task[:40]!r} is not known; use {', '.join(TASKS)}."
        wrong.append(WrongField(pointer="/payload/task", code="unknown_task", detail=detail))
    if found.seed < 0:
        wrong.append(WrongField(pointer="/payload/seed", code="range", detail="A seed is not negative."))
    models = None
    try:
        models = found.models and list(check_models(found.models, pointer="/payload/models"))
        if found.models is not None and not found.models:
            check_models([], pointer="/payload/models")
    except FieldsError as error:
        wrong += error.fields
    if wrong:
        raise FieldsError(wrong)
    return _plain(msgspec.structs.replace(found, models=models))


def decision_wish(asked: DecisionPayload) -> DecisionWish:
    """Give what a payload asks of the answers.

    Raises:
        UsageError: it means nothing.
    """
    return read_wish(asked.least_recall, asked.costs, asked.coverage)


def check_score(payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Give the payload of a scoring.

    Raises:
        FieldsError: a field is unknown or cannot be used.
    """
    found = read_fields(payload, ScorePayload, under="/payload")
    wrong: list[WrongField] = []
    _try(wrong, "/payload/model", lambda: read_reference(found.model))
    if not 1 <= found.batch_rows <= 1_000_000:
        detail = "batch_rows is between 1 and 1,000,000."
        wrong.append(WrongField(pointer="/payload/batch_rows", code="range", detail=detail))
    if wrong:
        raise FieldsError(wrong)
    return _plain(found)


def _budget(wish: str | float) -> float:
    seconds = parse_budget(wish)
    if seconds > LONGEST_BUDGET_SECONDS:
        raise UsageError(f"A budget is at most {LONGEST_BUDGET_SECONDS:.0f} seconds here.")
    return seconds


def _try(wrong: list[WrongField], pointer: str, check: Any) -> None:
    try:
        check()
    except UsageError as error:
        detail = f"{error.message} {error.hint}".strip()
        wrong.append(WrongField(pointer=pointer, code="value", detail=detail))


def _plain(found: msgspec.Struct) -> Mapping[str, Any]:
    document: dict[str, Any] = msgspec.to_builtins(found)
    return document
