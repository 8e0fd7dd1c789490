"""Score a file: batches in, answers and reasons out; no row is dropped and memory does not grow."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from yunque.data.table import scan_batches
from yunque.errors import ContractError
from yunque.models.prediction import TablePrediction
from yunque.models.predictor import Predictor
from yunque.services.parts import Parts, format_of

REASONS = {"row": pl.Int64, "column": pl.String, "check": pl.String, "reason": pl.String}


@dataclass(frozen=True, kw_only=True)
class ScoreFileRequest:
    """What to score, and where to.

    Attributes:
        source: a path, a glob, or several of them.
        output: file to write; its suffix tells the format.
        batch_rows: rows held in memory at a time.
    """

    source: object
    output: Path
    batch_rows: int = 100_000

    @property
    def rejected_output(self) -> Path:
        """Where the reasons of rejected rows go."""
        return self.output.with_name(f"{self.output.name}.rejected.csv")


@dataclass(frozen=True, kw_only=True)
class ScoredFile:
    """What came of it.

    Attributes:
        rows: rows of the source; the output has as many.
        rejected: rows without an answer.
        rejected_output: where their reasons are; None when there are none.
        warnings: what was noticed without harm, each once.
    """

    rows: int
    rejected: int
    rejected_output: Path | None
    warnings: tuple[str, ...]


def score_file(
    predictor: Predictor, request: ScoreFileRequest, on_rows: Callable[[int], None] | None = None
) -> ScoredFile:
    """Answer every row of a file; the outputs appear whole or not at all.

    Args:
        predictor: the model.
        request: what and where to.
        on_rows: told the number of rows done so far.

    Raises:
        UsageError: the output's suffix or folder cannot be used.
        TableError: the source cannot be read.
        ContractError: required columns are missing.
    """
    format_of(request.output)
    rows = rejected = 0
    warnings: dict[str, None] = {}
    with Parts(request.output) as answers, Parts(request.rejected_output) as reasons:
        for batch in scan_batches(request.source, batch_rows=request.batch_rows):
            prediction = predictor.predict_table(batch)
            answers.add(prediction.frame)
            if len(prediction.rejected_rows):
                reasons.add(explain_rejections(predictor, batch, prediction, first_row=rows))
            rejected += len(prediction.rejected_rows)
            rows += batch.height
            warnings |= {warning.message: None for warning in prediction.warnings}
            if on_rows is not None:
                on_rows(rows)
        has_reasons = reasons.finish()
        answers.finish()
    if not has_reasons:
        request.rejected_output.unlink(missing_ok=True)  # of an earlier run; it would tell of other rows
    return ScoredFile(
        rows=rows,
        rejected=rejected,
        rejected_output=request.rejected_output if has_reasons else None,
        warnings=tuple(warnings),
    )


def explain_rejections(
    predictor: Predictor, batch: pl.DataFrame, prediction: TablePrediction, *, first_row: int
) -> pl.DataFrame:
    """Give every reason of every rejected row, with row numbers counted from 1 over the whole source."""
    known = [name for name in predictor.fields if name in batch.columns]
    records: list[dict[str, Any]] = []
    for position in prediction.rejected_rows.tolist():
        row = batch.select(known).row(position, named=True)
        records += [{"row": first_row + position + 1, **reason} for reason in _reasons(predictor, row)]
    return pl.DataFrame(records, schema=REASONS)


def _reasons(predictor: Predictor, row: Mapping[str, Any]) -> list[dict[str, Any]]:
    try:
        predictor.predict_row(row)
    except ContractError as error:
        return [
            {"column": failure.column, "check": failure.check, "reason": failure.message}
            for failure in error.failures
        ]
    return [{"column": None, "check": "unreadable", "reason": "The row breaks the contract of the table."}]
