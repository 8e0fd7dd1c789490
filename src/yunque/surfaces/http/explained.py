"""`?explain=true`: the same answers, each with what every column added to its score."""

from dataclasses import replace
from functools import partial
from typing import Any

import msgspec
import polars as pl

from yunque.surfaces.http.answering import Answered, Answerer
from yunque.surfaces.http.arms import Ask
from yunque.surfaces.http.problem import FieldError, Problem, ProblemError

MOST_ROWS = 256  # an explanation costs as much as a thousand predictions
WORDS = {"true": True, "1": True, "false": False, "0": False}


def wants(query: str | None, name: str = "explain") -> bool:
    """Read the value of a query that is true or false.

    Raises:
        ProblemError: it is neither true nor false.
    """
    wanted = WORDS.get((query or "false").strip().lower())
    if wanted is None:
        detail = f"`{name}` is true or false, not {str(query)[:40]!r}."
        raise ProblemError(Problem(status=422, code="query", detail=detail))
    return wanted


def explained(ask: Ask) -> Ask:
    """Give an `ask` whose answers carry explanations."""
    return partial(_explained, ask)


def refuse_table() -> ProblemError:
    """Build the refusal of a table that is to be explained."""
    detail = "Explanations are given for JSON bodies only."
    hint = "Send JSON, or use `yunque predict --explain` for files."
    return ProblemError(Problem(status=422, code="query", detail=detail, hint=hint))


def _explained(ask: Ask, answerer: Answerer, body: bytes) -> Answered:
    answered = ask(answerer, body)
    rows = answered.rows
    if isinstance(rows, pl.DataFrame):
        raise refuse_table()
    if len(rows) > MOST_ROWS:
        detail = f"{len(rows)} rows are to be explained; at most {MOST_ROWS} can be in one request."
        errors = (FieldError(pointer="/instances", code="too_many_rows", detail=detail),)
        raise ProblemError(Problem(status=422, code="contract", detail=detail, errors=errors))
    explanation = answerer.predictor.explain_values(rows)
    document: dict[str, Any] = msgspec.json.decode(answered.content)
    for position, item in enumerate(document.get("predictions", [document])):
        item["explanation"] = explanation.row(position)
    return replace(answered, content=msgspec.json.encode(document))
