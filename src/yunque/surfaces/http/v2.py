"""The Open Inference Protocol, version 2: tensors in, tensors out, for clients written for other servers.

Inputs are one tensor per column, or one of [rows, features] in the order of the contract. NaN and null are
missing. The binary tensor extension is spoken too, since Triton's clients use it unless told otherwise.
"""

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
import polars as pl

from yunque.data.validate import CheckFailure
from yunque.learning.task import TaskKind
from yunque.models.prediction import Prediction
from yunque.models.predictor import Predictor
from yunque.surfaces.http.answering import Answered, Answerer
from yunque.surfaces.http.body import too_many_rows
from yunque.surfaces.http.problem import FieldError, Problem, ProblemError
from yunque.surfaces.http.v2_tensors import BYTES, Tensor, values_of, write_binary, write_json, wrong

HEADER_LENGTH = "Inference-Header-Content-Length"
LABELS: dict[type, str] = {bool: "BOOL", int: "INT64", float: "FP64", str: BYTES}
Json = dict[str, Any]


class Wanted(msgspec.Struct, kw_only=True):
    """An output that is asked for."""

    name: str
    parameters: dict[str, Any] = {}


class Request(msgspec.Struct, kw_only=True):
    """An inference request."""

    inputs: list[Tensor]
    id: str = ""
    parameters: dict[str, Any] = {}
    outputs: list[Wanted] = []


_DECODER = msgspec.json.Decoder(Request)


def infer(answerer: Answerer, body: bytes, header_length: int | None = None) -> Answered:
    """Answer an inference request.

    Args:
        answerer: the model.
        body: JSON, or JSON of `header_length` bytes and then the data of binary tensors.
        header_length: None when there is no binary data.

    Raises:
        ProblemError: the request is wrong; every failure has its place.
    """
    request = _decode(body if header_length is None else body[:header_length])
    binary = memoryview(body)[len(body) if header_length is None else header_length :]
    columns, count, is_matrix = _columns(request, binary, answerer.predictor.fields, answerer.most_rows)

    def locate(failure: CheckFailure) -> str:
        return _place(failure, list(columns), is_matrix, answerer.predictor.fields)

    records = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    answered = answerer.records(records if columns else [{}] * count, locate)
    return _write(request, answerer.predictor, answered)


def _decode(raw: bytes) -> Request:
    try:
        return _DECODER.decode(raw)
    except msgspec.ValidationError as error:
        detail = f"This is no inference request: {error}."
        failure = FieldError(pointer="", code="type", detail=detail)
        raise ProblemError(Problem(status=422, code="contract", detail=detail, errors=(failure,))) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        detail = "The body is not JSON."
        raise ProblemError(Problem(status=400, code="malformed_json", detail=detail)) from error


def _columns(
    request: Request, binary: memoryview, fields: Sequence[str], most_rows: int
) -> tuple[dict[str, list[Any]], int, bool]:
    """Give the values of each column, how many rows there are, and whether they came in one tensor."""
    parts = _binary_parts(request.inputs, binary)
    known = set(fields)
    names = [tensor.name for tensor in request.inputs]
    if not names or len(set(names)) < len(names):
        raise _refused("/inputs", "Inputs need names of their own, and there must be one at least.")
    first = request.inputs[0]
    is_matrix = len(names) == 1 and len(first.shape) == 2 and (names[0] not in known or len(fields) > 1)
    rows = first.shape[0] if first.shape else 0
    if rows > most_rows:
        raise ProblemError(too_many_rows(rows, most_rows))
    if is_matrix and first.shape[1] == len(fields):
        values = values_of(first, 0, parts[0])
        width = len(fields)
        return {name: values[i::width] for i, name in enumerate(fields)}, rows, True
    columns: dict[str, list[Any]] = {}
    for position, tensor in enumerate(request.inputs):
        if tensor.name not in known:
            raise wrong(position, "name", _unknown(tensor.name, fields))
        if tensor.shape not in ([rows], [rows, 1]):
            detail = f"A column of {rows} rows has the shape [{rows}] or [{rows}, 1]."
            raise wrong(position, "shape", detail)
        columns[tensor.name] = values_of(tensor, position, parts[position])
    return columns, rows, False


def _binary_parts(inputs: Sequence[Tensor], binary: memoryview) -> list[memoryview | None]:
    """Cut the bytes after the JSON into the data of each input, None for one whose data are in the JSON."""
    parts: list[memoryview | None] = []
    at = 0
    for position, tensor in enumerate(inputs):
        size = tensor.parameters.get("binary_data_size")
        if size is None:
            parts.append(None)
            continue
        if not isinstance(size, int) or isinstance(size, bool) or not 0 <= size <= len(binary) - at:
            raise wrong(position, "parameters/binary_data_size", "There are not as many bytes of data.")
        parts.append(binary[at : at + size])
        at += size
    if at != len(binary):
        raise _refused("", f"{len(binary) - at} bytes after the JSON belong to no input.")
    return parts


def _place(failure: CheckFailure, given: Sequence[str], is_matrix: bool, fields: Sequence[str]) -> str:
    if failure.column is None or failure.column not in given:
        return "/inputs"
    row = failure.rows[0] if failure.rows else 0
    if is_matrix:
        return f"/inputs/0/data/{row * len(fields) + list(fields).index(failure.column)}"
    return f"/inputs/{given.index(failure.column)}/data/{row}"


def _write(request: Request, predictor: Predictor, answered: Answered) -> Answered:
    assert not isinstance(answered.predictions, pl.DataFrame)  # noqa: S101 - what `Answerer.records` gives
    made = outputs_of(predictor, answered.predictions)
    wanted = request.outputs or [Wanted(name=name) for name in made]
    name, _, version = predictor.version_label.partition("@")
    document: Json = {"model_name": name, "model_version": version, "outputs": []}
    if request.id:
        document["id"] = request.id
    is_binary = request.parameters.get("binary_data_output") is True
    tail: list[bytes] = []
    for position, asked in enumerate(wanted):
        if asked.name not in made:
            raise _refused(f"/outputs/{position}/name", _unknown(asked.name, list(made), "output"))
        datatype, shape, values = made[asked.name]
        output: Json = {"name": asked.name, "datatype": datatype, "shape": shape}
        if asked.parameters.get("binary_data", is_binary) is True:
            tail.append(write_binary(values, datatype))
            output["parameters"] = {"binary_data_size": len(tail[-1])}
        else:
            output["data"] = write_json(values)
        document["outputs"].append(output)
    head = msgspec.json.encode(document)
    headers = {HEADER_LENGTH: str(len(head))} if tail else {}
    kind = "application/octet-stream" if tail else "application/json"
    return Answered(head + b"".join(tail), answered.rows, answered.predictions, kind, headers)


def outputs_of(
    predictor: Predictor, predictions: Sequence[Prediction]
) -> dict[str, tuple[str, list[int], np.ndarray[Any, Any] | list[Any]]]:
    """Give type, shape and values of every output."""
    rows = len(predictions)
    values = [prediction.value for prediction in predictions]
    if not predictor.task.has_target:
        kind = "BOOL" if predictor.task.kind is TaskKind.ANOMALY else "INT64"
        found: dict[str, Any] = {"prediction": (kind, [rows], values)}
        for name in ("score", "percentile", "distance"):
            numbers = [getattr(prediction, name) for prediction in predictions]
            if all(number is not None for number in numbers) and numbers:
                found[name] = ("FP64", [rows], numbers)
        return found
    if not predictor.task.is_classification:
        made: dict[str, Any] = {"prediction": ("FP64", [rows], values)}
        if predictions and predictions[0].interval is not None:
            made["interval"] = ("FP64", [rows, 2], np.array([p.interval for p in predictions]))
        return made
    kind = LABELS[type(predictor.classes[0])]
    shares = np.array([p.probabilities for p in predictions]).reshape(rows, -1)
    return {
        "prediction": (kind, [rows], values),
        "confidence": ("FP64", [rows], [p.confidence for p in predictions]),
        "probabilities": ("FP64", [rows, len(predictor.classes)], shares),
    }


def metadata(predictor: Predictor, versions: Sequence[int]) -> Json:
    """Give what a model takes and gives."""
    name = predictor.version_label.partition("@")[0]
    inputs = [
        {"name": column.name, "datatype": _datatype(str(column.kind)), "shape": [-1]}
        for column in predictor.contract.schema.features
    ]
    outputs = [
        {"name": key, "datatype": kind, "shape": [-1, *shape[1:]]}
        for key, (kind, shape, _) in outputs_of(predictor, [predictor.predict_row(predictor.example)]).items()
    ]
    return {
        "name": name,
        "versions": [str(version) for version in versions],
        "platform": "yunque_bundle",
        "inputs": inputs,
        "outputs": outputs,
    }


def _datatype(kind: str) -> str:
    return {"number": "FP64", "integer": "INT64", "boolean": "BOOL"}.get(kind, BYTES)


def _unknown(name: str, known: Sequence[str], what: str = "input") -> str:
    shown = ", ".join(known[:20]) + (" …" if len(known) > 20 else "")
    return f"There is no {what} named {name[:60]!r}; there are {shown}."


def _refused(pointer: str, detail: str) -> ProblemError:
    error = FieldError(pointer=pointer, code="tensor", detail=detail)
    return ProblemError(Problem(status=422, code="contract", detail=detail, errors=(error,)))
