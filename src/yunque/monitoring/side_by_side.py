"""Two versions on the same rows: how their answers differ, row by row and as a whole."""

from collections.abc import Mapping, Sequence

import polars as pl

from yunque.models.predictor import Predictor
from yunque.monitoring.answered_rows import answers_of_frame
from yunque.monitoring.online import ANSWER, Reference
from yunque.monitoring.trial_counts import TrialCounts

TENTHS = 10


def compare(predictor: Predictor, frame: pl.DataFrame, counts: TrialCounts) -> pl.DataFrame:
    """Answer the rows of a log's table once more, count the differences, give the table with these answers.

    Args:
        predictor: what answers now.
        frame: rows with the champion's answers, as `answered_rows.frame_of` gives them.
        counts: of the trial; added to.

    Raises:
        ContractError: the rows lack columns that this version needs.
    """
    prediction = predictor.predict_table(frame["features"].struct.unnest())
    answers = answers_of_frame(predictor, prediction.frame)
    counts.failed += len(prediction.rejected_rows)
    if prediction.rejected:
        counts.failure = prediction.rejected[0].message
    ours = frame["answer"].struct.unnest()
    both = pl.DataFrame({"a": ours["prediction"], "b": answers["prediction"]})
    if predictor.task.is_classification:
        shared = [
            name for name in answers.columns if name.startswith("probability_") and name in ours.columns
        ]
        gaps = pl.DataFrame([(ours[name] - answers[name]).abs().alias(name) for name in shared])
        distance = gaps.max_horizontal() if shared else None
        differs = both["a"].cast(pl.String) != both["b"].cast(pl.String)
    else:
        distance = (both["a"].cast(pl.Float64) - both["b"].cast(pl.Float64)).abs()
        differs = distance != 0
    counts.compared += len(differs.drop_nulls())
    counts.differing += int(differs.sum())
    if distance is not None:
        counts.distance += float(distance.sum())
        counts.largest = max(counts.largest, float(distance.max() or 0.0))  # type: ignore[arg-type]
    return frame.with_columns(pl.lit("shadow").alias("arm"), answers.to_struct("answer"))


def spread_of(frame: pl.DataFrame, references: Sequence[Reference]) -> Mapping[str, int]:
    """Count the answers of a log's table: by class and tenth of confidence, or by the target's bins.

    Args:
        frame: rows with answers.
        references: of the champion, for both sides of a trial.
    """
    answers = frame["answer"].struct
    if "confidence" in answers.fields:
        tenth = (answers.field("confidence") * TENTHS).cast(pl.Int64).cast(pl.String)
        keys = (answers.field("prediction").cast(pl.String) + " " + tenth).drop_nulls()
        return {str(key): count for key, count in keys.alias("key").value_counts().iter_rows()}
    for reference in references:
        if reference.column == ANSWER:
            counted = reference.count(answers.field("prediction")).tolist()
            return {str(position): count for position, count in enumerate(counted) if count}
    return {}
