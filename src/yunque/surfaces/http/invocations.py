"""Bodies of MLflow's scoring protocol, so that a client written for its server works unchanged.

`dataframe_split`, `dataframe_records`, `instances`, `inputs`, or CSV with a header line. The answer is
`{"predictions": [...]}`: labels of a classifier, numbers of a regression.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import msgspec
import polars as pl

from yunque.data.validate import CheckFailure
from yunque.surfaces.http.answering import Answered, Answerer
from yunque.surfaces.http.body import decode
from yunque.surfaces.http.problem import FieldError, Problem, ProblemError, escape_pointer
from yunque.surfaces.http.table_bodies import refused_rows

KEYS = ("dataframe_split", "dataframe_records", "instances", "inputs")
IGNORED = ("params", "signature_name")  # a model of ours has no parameters at inference

Record = Mapping[str, Any]
Locate = Callable[[CheckFailure], str]


def invoke(answerer: Answerer, body: bytes) -> Answered:
    """Answer a JSON body of MLflow's protocol.

    Raises:
        ProblemError: the body is wrong; every failure has its place.
    """
    document = decode(body)
    given = [key for key in KEYS if key in document]
    others = [key for key in document if key not in KEYS and key not in IGNORED]
    if len(given) != 1 or others:
        detail = f"The body needs one of the keys {', '.join(KEYS)}"
        raise _refused("", f"{detail}, and nothing else." if others else f"{detail}.")
    key, value = given[0], document[given[0]]
    read = _split if key == "dataframe_split" else _columns if isinstance(value, dict) else _rows
    records, locate = read(value, f"/{key}", answerer.predictor.fields)
    return predictions(answerer.records(records, locate))


def predictions(answered: Answered) -> Answered:
    """Write answers as MLflow's server does."""
    assert not isinstance(answered.predictions, pl.DataFrame)  # noqa: S101 - what `Answerer.records` gives
    values = [prediction.value for prediction in answered.predictions]
    return replace(answered, content=msgspec.json.encode({"predictions": values}))


def table_predictions(answerer: Answerer, frame: pl.DataFrame) -> Answered:
    """Answer a table as MLflow's server does.

    Raises:
        ProblemError: a row breaks the contract.
        ContractError: columns are missing.
    """
    answered = answerer.table(frame, refused_rows)
    assert isinstance(answered.predictions, pl.DataFrame)  # noqa: S101 - what `Answerer.table` gives
    values = answered.predictions["prediction"].to_list()
    return replace(answered, content=msgspec.json.encode({"predictions": values}))


def _split(value: Any, pointer: str, fields: Sequence[str]) -> tuple[Sequence[Record], Locate]:
    """Read `{"columns": [...], "data": [[...]]}`; an index is not looked at."""
    columns, data = (value.get("columns"), value.get("data")) if isinstance(value, dict) else (None, None)
    if columns is None:
        columns = list(fields)
    if not (isinstance(columns, list) and all(isinstance(name, str) for name in columns)):
        raise _refused(f"{pointer}/columns", "The columns are a list of names.")
    if not isinstance(data, list):
        raise _refused(f"{pointer}/data", "The data are a list of rows.")
    for number, row in enumerate(data):
        if not isinstance(row, list) or len(row) != len(columns):
            detail = f"A row has {len(columns)} values, as there are columns."
            raise _refused(f"{pointer}/data/{number}", detail, number)

    def locate(failure: CheckFailure) -> str:
        place = f"{pointer}/data/{_row(failure)}"
        return f"{place}/{columns.index(failure.column)}" if failure.column in columns else pointer

    return [dict(zip(columns, row, strict=True)) for row in data], locate


def _rows(value: Any, pointer: str, fields: Sequence[str]) -> tuple[Sequence[Record], Locate]:
    """Read a list of records, or of lists in the order of the contract."""
    if not isinstance(value, list):
        raise _refused(pointer, "Rows are a list of records, or of lists of values.")
    records: list[Record] = []
    for number, row in enumerate(value):
        if isinstance(row, list) and len(row) == len(fields):
            records.append(dict(zip(fields, row, strict=True)))
        elif isinstance(row, dict):
            records.append(row)
        else:
            detail = f"A row is an object of named fields, or a list of {len(fields)} values."
            raise _refused(f"{pointer}/{number}", detail, number)

    def locate(failure: CheckFailure) -> str:
        number = _row(failure)
        place = f"{pointer}/{number}"
        if failure.column is None:
            return place
        if isinstance(value[number], list) and failure.column in fields:
            return f"{place}/{list(fields).index(failure.column)}"
        return f"{place}/{escape_pointer(str(failure.column))}"

    return records, locate


def _columns(value: Any, pointer: str, _fields: Sequence[str]) -> tuple[Sequence[Record], Locate]:
    """Read an object of columns; a column of one value may stand without its list."""
    columns = {name: column if isinstance(column, list) else [column] for name, column in value.items()}
    lengths = {len(column) for column in columns.values()}
    if len(lengths) > 1:
        raise _refused(pointer, "The columns have different lengths.")
    # A column of shape [n, 1], as tensors of one feature are sent.
    plain = {
        name: [cell[0] if isinstance(cell, list) and len(cell) == 1 else cell for cell in column]
        for name, column in columns.items()
    }

    def locate(failure: CheckFailure) -> str:
        if failure.column not in value:
            return pointer
        return f"{pointer}/{escape_pointer(str(failure.column))}/{_row(failure)}"

    return [dict(zip(plain, row, strict=True)) for row in zip(*plain.values(), strict=True)], locate


def _row(failure: CheckFailure) -> int:
    return int(failure.rows[0]) if failure.rows else 0


def _refused(pointer: str, detail: str, row: int | None = None) -> ProblemError:
    error = FieldError(pointer=pointer, code="type", detail=detail, row=row)
    return ProblemError(Problem(status=422, code="contract", detail=detail, errors=(error,)))
