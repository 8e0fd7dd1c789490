"""Rows that were answered, as a server hands them over and as a table holds them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple

import polars as pl

from yunque.data.parse import POLARS_TYPES, Value
from yunque.models.prediction import INPUT_SUFFIX, UNLABELLED_COLUMNS, Prediction, probability_name
from yunque.models.predictor import Predictor

Arm = Literal["champion", "canary", "shadow", "pinned"]  # pinned: a version that the request named


@dataclass(frozen=True, kw_only=True, eq=False)
class Watched:
    """A version whose answers are watched; two are the same when they are the same object.

    Attributes:
        name, version: how it is called.
        predictor: what answers.
        arm: why it answered.
    """

    name: str
    version: int
    predictor: Predictor
    arm: Arm = "champion"


class AnsweredRows(NamedTuple):
    """The rows of one request with their answers.

    Attributes:
        source: what answered.
        at: seconds since 1970.
        request_id: of the request.
        rows: typed values in the order of the contract's features; or a typed frame.
        predictions: one per row; or a frame with the answers to a frame.
    """

    source: Watched
    at: float
    request_id: str
    rows: Sequence[Sequence[Value]] | pl.DataFrame
    predictions: Sequence[Prediction] | pl.DataFrame


def frame_of(answered: Sequence[AnsweredRows]) -> pl.DataFrame:
    """Give the rows of several requests of one source as a table.

    Columns: `at` (UTC), `request_id`, `row` (position in its request), `arm`, and two structures, `features`
    with the typed values by name, and `answer` with what `models.prediction` calls its columns.
    """
    return pl.concat([_one_frame(part) for part in _merged(answered)], how="vertical")


def _merged(answered: Sequence[AnsweredRows]) -> list[list[AnsweredRows]]:
    """Put requests of plain rows together, so that a table is made for many of them at once."""
    groups: list[list[AnsweredRows]] = []
    for one in answered:
        is_plain = not isinstance(one.rows, pl.DataFrame)
        if groups and is_plain and not isinstance(groups[-1][-1].rows, pl.DataFrame):
            groups[-1].append(one)
        else:
            groups.append([one])
    return groups


def _one_frame(part: list[AnsweredRows]) -> pl.DataFrame:
    predictor = part[0].source.predictor
    sizes = [len(one.rows) for one in part]
    if isinstance(part[0].rows, pl.DataFrame) and isinstance(part[0].predictions, pl.DataFrame):
        features = part[0].rows
        answers = answers_of_frame(predictor, part[0].predictions)
    else:
        features = pl.DataFrame(
            [row for one in part for row in one.rows],
            schema={c.name: POLARS_TYPES[c.kind] for c in predictor.contract.schema.features},
            orient="row",
        )
        plain = [one.predictions for one in part if not isinstance(one.predictions, pl.DataFrame)]
        answers = answers_frame(predictor, [answer for predictions in plain for answer in predictions])
    moments = [datetime.fromtimestamp(one.at).astimezone() for one in part]
    meta = pl.DataFrame(
        {
            "at": pl.Series(
                [m for m, n in zip(moments, sizes, strict=True) for _ in range(n)]
            ).dt.convert_time_zone("UTC"),
            "request_id": [one.request_id for one, n in zip(part, sizes, strict=True) for _ in range(n)],
            "row": pl.Series([i for n in sizes for i in range(n)], dtype=pl.Int32),
            "arm": [one.source.arm for one, n in zip(part, sizes, strict=True) for _ in range(n)],
        }
    )
    return meta.with_columns(features.to_struct("features"), answers.to_struct("answer"))


def answers_frame(predictor: Predictor, predictions: Sequence[Prediction]) -> pl.DataFrame:
    """Give answers as columns: prediction, confidence and probabilities, or prediction and interval."""
    values = pl.Series("prediction", [answer.value for answer in predictions])
    if not predictor.task.has_target:
        made = {name: [getattr(answer, name) for answer in predictions] for name in UNLABELLED_COLUMNS[1:]}
        columns = [pl.Series(name, found, dtype=pl.Float64) for name, found in made.items()]
        return pl.DataFrame([values, *(column for column in columns if not column.has_nulls())])
    if not predictor.task.is_classification:
        ends = [answer.interval or (None, None) for answer in predictions]
        low = pl.Series("interval_low", [end[0] for end in ends], dtype=pl.Float64)
        high = pl.Series("interval_high", [end[1] for end in ends], dtype=pl.Float64)
        return pl.DataFrame([values, low, high])
    shares = pl.DataFrame(
        [answer.probabilities for answer in predictions],
        schema={probability_name(label): pl.Float64 for label in predictor.classes},
        orient="row",
    )
    confidence = pl.Series("confidence", [answer.confidence for answer in predictions], dtype=pl.Float64)
    return pl.DataFrame([values, confidence, *shares.iter_columns()])


def answers_of_frame(predictor: Predictor, frame: pl.DataFrame) -> pl.DataFrame:
    """Pick the answers out of a frame that also carries columns of the input."""
    if predictor.task.is_classification:
        names = ["prediction", "confidence", *(probability_name(label) for label in predictor.classes)]
        return frame.select(names)
    if not predictor.task.has_target:
        return frame.select([name for name in UNLABELLED_COLUMNS if name in frame.columns])
    answers = frame.select("prediction")
    for name in ("interval_low", "interval_high"):
        is_there = name in frame.columns and f"{name}{INPUT_SUFFIX}" not in frame.columns
        column = frame[name] if is_there else pl.Series([None] * frame.height, dtype=pl.Float64)
        answers = answers.with_columns(column.cast(pl.Float64).alias(name))
    return answers
