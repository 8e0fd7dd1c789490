"""What a prediction is: an answer, how sure it is, and how probabilities become one."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec
import numpy as np
import numpy.typing as npt
import polars as pl

from yunque.data.validate import CheckFailure
from yunque.errors import UsageError
from yunque.kernel.form import FloatArray
from yunque.learning.answers import answer_position, answer_positions
from yunque.learning.conformal import sets
from yunque.learning.leaderboard import Decision
from yunque.learning.task import Label, Task

INPUT_SUFFIX = "_input"
UNLABELLED_COLUMNS = ("prediction", "score", "percentile", "distance")


class Prediction(msgspec.Struct, frozen=True, kw_only=True):
    """The answer for one row; a msgspec value, because one is made for every row that is served.

    Attributes:
        value: the predicted class as it stood in the data, or the predicted number; whether a row is
            unusual; or the number of its cluster, -1 for none.
        probabilities: calibrated, in the order of the classes; None in regression.
        confidence: calibrated probability of `value`; None in regression.
        interval: lower and upper end around the number; None in classification.
        score: of an anomaly, the higher the more unusual; None in other tasks.
        percentile: per cent of the training rows that score as high or lower; None in other tasks.
        distance: to the cluster; None in other tasks.
    """

    value: Label
    probabilities: tuple[float, ...] | None = None
    confidence: float | None = None
    interval: tuple[float, float] | None = None
    score: float | None = None
    percentile: float | None = None
    distance: float | None = None


@dataclass(frozen=True, kw_only=True)
class TablePrediction:
    """Answers for a whole table, every input row in its place.

    Attributes:
        frame: columns that identify rows, then prediction, confidence and probability_<class>, or
            prediction, interval_low and interval_high, or prediction, score and percentile, or prediction and
            distance; null where the row was rejected.
        rejected: why rows were rejected, as records; empty when none was.
        rejected_rows: positions of the rejected rows, ascending.
        warnings: what was noticed without harm, such as columns that the contract does not know.
        typed: the answered rows as they were read: features only, typed.
    """

    frame: pl.DataFrame
    rejected: tuple[CheckFailure, ...]
    rejected_rows: npt.NDArray[np.int64]
    warnings: tuple[CheckFailure, ...] = ()
    typed: pl.DataFrame = field(default_factory=pl.DataFrame)


def answer_row(task: Task, decision: Decision, numbers: Sequence[float]) -> Prediction:
    """Turn the model's outputs for one row into an answer."""
    if not task.has_target:
        return _answer_unlabelled(decision, numbers)
    if not task.is_classification:
        value = numbers[0]
        return Prediction(
            value=value, probabilities=None, confidence=None, interval=_interval(decision, value)
        )
    position = answer_position(decision, numbers)
    return Prediction(
        value=task.classes[position],
        probabilities=tuple(numbers),
        confidence=numbers[position],
        interval=None,
    )


def class_sets(task: Task, decision: Decision, outputs: FloatArray) -> list[tuple[Label, ...]]:
    """Give the set of classes that holds each row's truth as often as the decision says, likeliest first.

    Args:
        task: a classification.
        decision: one with sets.
        outputs: (n, C) calibrated probabilities.

    Raises:
        UsageError: the model answers numbers, or was packed before there were sets.
    """
    if decision.set_threshold is None:
        raise UsageError(
            "This model gives no sets of classes.",
            hint="Numbers have intervals; classes need a new training.",
        )
    inside = sets(outputs, decision.set_threshold)
    order = np.argsort(-outputs, axis=1, kind="stable")
    return [
        tuple(task.classes[place] for place in places if row[place])
        for places, row in zip(order.tolist(), inside.tolist(), strict=True)
    ]


def _answer_unlabelled(decision: Decision, numbers: Sequence[float]) -> Prediction:
    """Turn a score into a flag with its percentile, or cluster and distance into theirs."""
    ranks = decision.ranks
    if ranks is None:
        return Prediction(value=int(numbers[0]), distance=numbers[1])
    score = numbers[0]
    return Prediction(value=score >= ranks.flag_from, score=score, percentile=ranks.percentile(score))


def _unlabelled_table(decision: Decision, outputs: FloatArray) -> pl.DataFrame:
    ranks = decision.ranks
    if ranks is None:
        return pl.DataFrame({"prediction": outputs[:, 0].astype(np.int64), "distance": outputs[:, 1]})
    scores = outputs[:, 0]
    columns = {"prediction": scores >= ranks.flag_from, "score": scores}
    return pl.DataFrame(columns | {"percentile": ranks.percentiles_of(scores)})


def _interval(decision: Decision, value: float) -> tuple[float, float] | None:
    if decision.interval_low is None or decision.interval_high is None:
        return None
    return value + decision.interval_low, value + decision.interval_high


def answer_table(task: Task, decision: Decision, outputs: FloatArray) -> pl.DataFrame:
    """Turn the model's outputs, (n, n_outputs), into columns; the same answers as `answer_row`."""
    if not task.has_target:
        return _unlabelled_table(decision, outputs)
    if not task.is_classification:
        values = outputs[:, 0]
        columns = {"prediction": values}
        if decision.interval_low is not None and decision.interval_high is not None:
            columns["interval_low"] = values + decision.interval_low
            columns["interval_high"] = values + decision.interval_high
        return pl.DataFrame(columns)
    positions = answer_positions(decision, outputs)
    confidence = np.take_along_axis(outputs, positions[:, None], axis=1)[:, 0]
    labels = pl.Series("prediction", list(task.classes)).gather(positions)
    shares = {probability_name(label): outputs[:, i] for i, label in enumerate(task.classes)}
    return pl.DataFrame([labels, pl.Series("confidence", confidence)]).with_columns(
        **{name: pl.Series(share) for name, share in shares.items()}
    )


def predictions_of(task: Task, frame: pl.DataFrame) -> list[Prediction]:
    """Give the answers that a frame of `answer_table` holds, one by one."""
    if not task.has_target:
        found = frame.select([name for name in UNLABELLED_COLUMNS if name in frame.columns]).iter_rows(
            named=True
        )
        return [Prediction(value=row.pop("prediction"), **row) for row in found]
    if not task.is_classification:
        names = ["prediction", "interval_low", "interval_high"]
        rows = frame.select([name for name in names if name in frame.columns]).iter_rows()
        return [
            Prediction(value=row[0], probabilities=None, confidence=None, interval=row[1:] or None)
            for row in rows
        ]
    shares = [probability_name(label) for label in task.classes]
    rows = frame.select("prediction", "confidence", *shares).iter_rows()
    return [
        Prediction(value=value, probabilities=tuple(more), confidence=confidence, interval=None)
        for value, confidence, *more in rows
    ]


def probability_name(label: Label) -> str:
    """Name the column of a class's probability; truth values in lower case as JSON writes them."""
    text = str(label).lower() if isinstance(label, bool) else str(label)
    return f"probability_{text}"


def scatter(frame: pl.DataFrame, rows: npt.NDArray[np.int64], height: int) -> pl.DataFrame:
    """Put the rows of `frame` at positions `rows` of a table of `height` rows, nulls elsewhere."""
    if len(rows) == height:
        return frame
    source = np.full(height, -1, dtype=np.int64)
    source[rows] = np.arange(len(rows))
    picks = pl.Series(source, dtype=pl.Int64)
    return frame.select(pl.all().gather(picks.replace(-1, None)))


def beside(carried: pl.DataFrame, answers: pl.DataFrame) -> pl.DataFrame:
    """Put answers beside carried columns; a carried column of an answer's name gets the suffix "_input"."""
    clashes = {name: f"{name}{INPUT_SUFFIX}" for name in carried.columns if name in answers.columns}
    return pl.DataFrame([*carried.rename(clashes).iter_columns(), *answers.iter_columns()])
