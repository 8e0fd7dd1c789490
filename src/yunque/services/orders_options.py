"""What the orders pipeline may be asked as a job; looked at before the upload is read, without the engine."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec

from yunque.errors import UsageError
from yunque.learning.budget import parse_budget
from yunque.models.report_facts import Language
from yunque.services.orders_request import MODEL, OrdersRequest, read_call
from yunque.solutions.orders.questions import Question

LONGEST_BUDGET_SECONDS = 60.0  # the kind `pipeline` ends after five minutes, and all else takes three


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
    found = read_options(options)
    if parse_budget(found.budget) > LONGEST_BUDGET_SECONDS:
        raise UsageError(f"A job trains for at most {LONGEST_BUDGET_SECONDS:.0f} seconds.")
    if found.costs and ">" not in found.costs:
        raise UsageError("Costs of a job are a line.", hint='Write "VENDEDOR>DIGITAL=3".')
    request_of(found, MODEL, threads=1)


def read_options(options: Mapping[str, Any]) -> OrdersOptions:
    """Read options by their names.

    Raises:
        UsageError: one is unknown or of another type.
    """
    try:
        return msgspec.convert(dict(options), OrdersOptions)
    except msgspec.ValidationError as error:
        raise UsageError(f"The options cannot be used: {error}.") from error


def request_of(options: OrdersOptions, by: str, *, threads: int, source: Path = Path()) -> OrdersRequest:
    """Give the request that options stand for."""
    return OrdersRequest(
        source=source,
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
