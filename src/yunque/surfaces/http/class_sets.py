"""`?set=true`: the same answers, each with the classes that hold the truth as often as the model says."""

from dataclasses import replace
from functools import partial
from typing import Any

import msgspec
import numpy as np
import polars as pl

from yunque.errors import UsageError
from yunque.models.prediction import class_sets
from yunque.surfaces.http.answering import Answered, Answerer
from yunque.surfaces.http.arms import Ask
from yunque.surfaces.http.problem import Problem, ProblemError


def with_sets(ask: Ask) -> Ask:
    """Give an `ask` whose answers carry `set`, the likeliest class first, and `set_level`."""
    return partial(_with_sets, ask)


def refuse_table() -> ProblemError:
    """Build the refusal of a table whose answers should carry sets."""
    detail = "Sets of classes are given for JSON bodies only."
    hint = "Send JSON, or use `yunque predict --set` for files."
    return ProblemError(Problem(status=422, code="query", detail=detail, hint=hint))


def _with_sets(ask: Ask, answerer: Answerer, body: bytes) -> Answered:
    answered = ask(answerer, body)
    predictions = answered.predictions
    if isinstance(predictions, pl.DataFrame):
        raise refuse_table()
    task, decision = answerer.predictor.task, answerer.predictor.champion.decision
    outputs = np.array([each.probabilities or () for each in predictions])
    try:
        found = class_sets(task, decision, outputs)
    except UsageError as error:
        problem = Problem(status=422, code="query", detail=error.message, hint=error.hint)
        raise ProblemError(problem) from error
    document: dict[str, Any] = msgspec.json.decode(answered.content)
    for item, classes in zip(document.get("predictions", [document]), found, strict=True):
        item |= {"set": classes, "set_level": decision.set_level}
    return replace(answered, content=msgspec.json.encode(document))
