"""Score a file: batches in, answers and reasons out; no row is dropped, and a killed run goes on."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import polars as pl

from yunque.data.table import scan_batches
from yunque.errors import ContractError
from yunque.models.prediction import TablePrediction
from yunque.models.predictor import Predictor
from yunque.services.explain_rows import with_explanations
from yunque.services.parts import Outputs, Part, PartsFolder
from yunque.services.parts_join import format_of

REASONS = {"row": pl.Int64, "column": pl.String, "check": pl.String, "reason": pl.String}


@dataclass(frozen=True, kw_only=True)
class ScoreFileRequest:
    """What to score, and where to.

    Attributes:
        source: a path, a glob, or several of them.
        output: file to write; its suffix tells the format.
        batch_rows: rows held in memory at a time.
        threads: threads of the compiled part.
        explain: whether to put what each column adds beside each answer.
        key: tells this piece of work from others for a later run; made of the files as they are when empty.
    """

    source: object
    output: Path
    batch_rows: int = 100_000
    threads: int = 1
    explain: bool = False
    key: str = ""

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
        resumed_rows: rows that an earlier run of the same had scored before it was stopped.
    """

    rows: int
    rejected: int
    rejected_output: Path | None
    warnings: tuple[str, ...]
    resumed_rows: int = 0


def score_file(
    predictor: Predictor, request: ScoreFileRequest, on_rows: Callable[[int], None] | None = None
) -> ScoredFile:
    """Answer every row of a file; the outputs appear whole or not at all.

    Finished batches are kept in a hidden folder beside the output until then. A run that was killed leaves
    it, and the next one of the same source, model and output goes on after the last finished batch.

    Args:
        predictor: the model.
        request: what and where to.
        on_rows: told the number of rows done so far.

    Raises:
        UsageError: the output's suffix or folder cannot be used.
        ConflictError: another process writes the same output.
        TableError: the source cannot be read.
        ContractError: required columns are missing.
    """
    format_of(request.output)
    outputs = Outputs(answers=request.output, reasons=request.rejected_output)
    with PartsFolder(outputs, _key(predictor, request)) as folder:
        rows = resumed = sum(part.rows for part in folder.parts)
        batches = scan_batches(request.source, batch_rows=request.batch_rows)
        for batch in _skip(batches, len(folder.parts)):
            prediction = predictor.predict_table(batch, threads=request.threads)
            reasons = explain_rejections(predictor, batch, prediction, first_row=rows)
            part = Part(
                rows=batch.height,
                rejected=len(prediction.rejected_rows),
                has_reasons=reasons.height > 0,
                warnings=tuple(warning.message for warning in prediction.warnings),
            )
            answers = with_explanations(predictor, prediction) if request.explain else prediction.frame
            folder.add(answers, reasons, part)
            rows += batch.height
            if on_rows is not None:
                on_rows(rows)
        parts = list(folder.parts)
        has_reasons = folder.finish()
    return ScoredFile(
        rows=rows,
        rejected=sum(part.rejected for part in parts),
        rejected_output=request.rejected_output if has_reasons else None,
        warnings=tuple(dict.fromkeys(warning for part in parts for warning in part.warnings)),
        resumed_rows=resumed,
    )


def _skip(batches: Iterable[pl.DataFrame], count: int) -> Iterator[pl.DataFrame]:
    for number, batch in enumerate(batches):
        if number >= count:
            yield batch


def _key(predictor: Predictor, request: ScoreFileRequest) -> str:
    """Tell this piece of work from others: the files as they are now, the model, and the size of batches."""
    if request.key:
        return request.key
    files = _files(request.source)
    if files is None:
        return uuid4().hex  # a frame in memory is no file that a later run could find again
    facts = [predictor.bundle.id, predictor.version_label, request.batch_rows, request.explain]
    for path in files:
        status = path.stat()
        facts += [str(path.resolve()), status.st_size, status.st_mtime_ns]
    return hashlib.sha256(repr(facts).encode()).hexdigest()


def _files(source: object) -> list[Path] | None:
    """Give the files of a source when all of them are there by name; None otherwise."""
    paths: list[Path] = []
    for item in source if isinstance(source, list | tuple) else [source]:
        if not isinstance(item, str | Path):
            return None
        path = Path(item)
        found = [path] if path.is_file() else sorted(path.parent.glob(path.name))
        if not found or not all(entry.is_file() for entry in found):
            return None
        paths += found
    return paths


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
