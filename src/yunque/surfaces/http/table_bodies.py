"""Bodies that are whole tables: NDJSON, CSV, Arrow and Parquet in, the same or another of them out."""

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import polars as pl

from yunque.data.table import write_table
from yunque.data.validate import CheckFailure
from yunque.surfaces.http.answering import JSON, Answered, Answerer
from yunque.surfaces.http.problem import FieldError, Problem, ProblemError, escape_pointer
from yunque.surfaces.http.table_child import ARROW_STREAM

# Media type -> suffix by which files of the format are written.
FORMATS: dict[str, str] = {
    "application/x-ndjson": ".ndjson",
    "application/ndjson": ".ndjson",
    "application/jsonl": ".ndjson",
    "text/csv": ".csv",
    "application/vnd.apache.arrow.stream": ".arrow",
    "application/vnd.apache.arrow.file": ".arrow",
    "application/vnd.apache.parquet": ".parquet",
}


def table_type(content_type: str) -> str | None:
    """Give the media type of a body that is a table, or None."""
    kind = content_type.partition(";")[0].strip().lower()
    return kind if kind in FORMATS else None


def answer_type(accept: str, request_type: str) -> str:
    """Choose what is answered with: the first known type that is asked for, else that of the request."""
    for part in accept.split(","):
        kind = part.partition(";")[0].strip().lower()
        if kind in FORMATS or kind == JSON:
            return kind
    return request_type


def answer_table(answerer: Answerer, frame: pl.DataFrame, media_type: str, *, detailed: bool) -> Answered:
    """Answer every row of a table.

    Raises:
        ProblemError: a row breaks the contract; every failure has its row and column.
        ContractError: columns are missing.
    """
    answered = answerer.table(frame, refused_rows)
    if media_type == JSON:
        return answerer.as_json(answered, detailed=detailed)
    assert isinstance(answered.predictions, pl.DataFrame)  # noqa: S101 - what `Answerer.table` gives
    return replace(answered, content=write_body(answered.predictions, media_type), media_type=media_type)


def write_body(frame: pl.DataFrame, media_type: str) -> bytes:
    """Write a table in a format."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"answer{FORMATS[media_type]}"
        if media_type == ARROW_STREAM:
            frame.write_ipc_stream(path)
        else:
            write_table(frame, path)
        return path.read_bytes()


def refused_rows(failures: Sequence[CheckFailure]) -> ProblemError:
    """Refuse a table: for each failure its first ten rows, pointed at by row and column."""
    errors = [
        FieldError(pointer=_cell(row, failure.column), code=failure.check, detail=failure.message, row=row)
        for failure in failures
        for row in failure.rows
    ]
    count = sum(failure.count for failure in failures)
    detail = f"{count} values of the table cannot be used."
    return ProblemError(Problem(status=422, code="contract", detail=detail, errors=errors))


def _cell(row: int, column: str | None) -> str:
    return f"/{row}" if column is None else f"/{row}/{escape_pointer(column)}"
