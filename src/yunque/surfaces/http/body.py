"""From the bytes of a predict request to records of named fields, and back from a failure to its place."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from yunque.surfaces.http.problem import FieldError, Problem, ProblemError, escape_pointer

JSON_TYPES = ("application/json",)
_DECODER = msgspec.json.Decoder()


@dataclass(frozen=True, kw_only=True)
class Instance:
    """One row of a request.

    Attributes:
        record: values by field name.
        pointer: JSON pointer to the row in the body.
        positional: the row came as a list of values in the order of the contract.
    """

    record: Mapping[str, Any]
    pointer: str
    positional: bool

    def locate(self, fields: Sequence[str], column: str | None) -> str:
        """Give the JSON pointer to the value of `column`."""
        if column is None:
            return self.pointer
        if self.positional and column in fields:
            return f"{self.pointer}/{list(fields).index(column)}"
        return f"{self.pointer}/{escape_pointer(column)}"


def check_media_type(content_type: str) -> None:
    """Refuse a body that is not JSON.

    Raises:
        ProblemError: 415, naming what is taken. A missing content type is read as JSON.
    """
    kind, _, parameters = content_type.partition(";")
    kind = kind.strip().lower()
    charset = parameters.lower().replace(" ", "").replace('"', "").partition("charset=")[2] or "utf-8"
    is_json = not kind or kind in JSON_TYPES or (kind.startswith("application/") and kind.endswith("+json"))
    if is_json and charset in {"utf-8", "utf8", "us-ascii"}:
        return
    raise ProblemError(
        Problem(
            status=415,
            code="media_type",
            detail=f"A body of content type {content_type[:80]!r} cannot be read here.",
            hint="Send JSON in UTF-8 with `Content-Type: application/json`.",
            headers={"Accept": "application/json"},
        )
    )


def decode(body: bytes) -> dict[str, Any]:
    """Read the bytes of a body as a JSON object.

    Raises:
        ProblemError: 400 when they are no JSON, 422 when they are not an object.
    """
    try:
        value = _DECODER.decode(body)
    except msgspec.DecodeError as error:
        raise _malformed(str(error)) from error
    except UnicodeDecodeError as error:
        raise _malformed("it is not UTF-8") from error
    except RecursionError as error:
        raise _malformed("it is nested too deeply") from error
    if not isinstance(value, dict):
        raise _refused(FieldError(pointer="", code="type", detail="The body must be a JSON object."))
    return value


def read_one(body: Mapping[str, Any], fields: Sequence[str]) -> Instance:
    """Read the body of a request for one row: `{"features": [...]}`, `{"features": {...}}` or named fields.

    Raises:
        ProblemError: 422 when the list has another length than the contract.
    """
    features = body.get("features")
    if isinstance(features, list):
        _refuse_others(body, "features")
        return _positional(features, fields, "/features", None)
    if isinstance(features, dict):
        _refuse_others(body, "features")
        return Instance(record=features, pointer="/features", positional=False)
    return Instance(record=body, pointer="", positional=False)


def read_many(body: Mapping[str, Any], fields: Sequence[str], most: int) -> list[Instance]:
    """Read the body of a request for many rows: `{"instances": [...]}`, each a list or named fields.

    Raises:
        ProblemError: 422 when it is not that, 413 when there are more than `most` rows.
    """
    instances = body.get("instances")
    if not isinstance(instances, list):
        detail = "The body needs the field 'instances', a list of rows."
        raise _refused(FieldError(pointer="/instances", code="missing_field", detail=detail))
    _refuse_others(body, "instances")
    if not instances:
        raise _refused(FieldError(pointer="/instances", code="empty", detail="There is no row to predict."))
    if len(instances) > most:
        raise ProblemError(too_many_rows(len(instances), most))
    return _collect(instances, fields)


def too_many_rows(count: int, most: int) -> Problem:
    """Say that a batch is longer than one request may be."""
    return Problem(
        status=413,
        code="too_many_rows",
        detail=f"{count} rows were sent; one request takes {most} at most.",
        hint="Send them in several requests, or score a file with `yunque predict`.",
    )


def _collect(instances: Sequence[Any], fields: Sequence[str]) -> list[Instance]:
    rows: list[Instance] = []
    errors: list[FieldError] = []
    for number, value in enumerate(instances):
        try:
            rows.append(_instance(value, fields, f"/instances/{number}", number))
        except ProblemError as error:
            errors += error.problem.errors
    if errors:
        raise _refused(*errors)
    return rows


def _instance(value: Any, fields: Sequence[str], pointer: str, row: int) -> Instance:
    if isinstance(value, list):
        return _positional(value, fields, pointer, row)
    if not isinstance(value, dict):
        detail = "A row is a list of values or an object of named fields."
        raise _refused(FieldError(pointer=pointer, code="type", detail=detail, row=row))
    features = value.get("features")
    if isinstance(features, list | dict):
        _refuse_others(value, "features", pointer, row)
    if isinstance(features, list):
        return _positional(features, fields, f"{pointer}/features", row)
    if isinstance(features, dict):
        return Instance(record=features, pointer=f"{pointer}/features", positional=False)
    return Instance(record=value, pointer=pointer, positional=False)


def _positional(values: list[Any], fields: Sequence[str], pointer: str, row: int | None) -> Instance:
    if len(values) != len(fields):
        shown = ", ".join(fields[:20]) + (" …" if len(fields) > 20 else "")
        detail = f"{len(values)} values were given; the model has {len(fields)} features: {shown}."
        raise _refused(FieldError(pointer=pointer, code="wrong_length", detail=detail, row=row))
    return Instance(record=dict(zip(fields, values, strict=True)), pointer=pointer, positional=True)


def _refuse_others(body: Mapping[str, Any], name: str, place: str = "", row: int | None = None) -> None:
    others = [key for key in body if key != name]
    if others:
        raise _refused(
            *(
                FieldError(
                    pointer=f"{place}/{escape_pointer(key)}",
                    code="unknown_field",
                    detail=f"The field {key[:60]!r} is unknown beside {name!r}.",
                    row=row,
                )
                for key in others
            )
        )


def locator(instances: Sequence[Instance], fields: Sequence[str]) -> Callable[[Any], str]:
    """Give a function from a contract failure to the JSON pointer of its value."""

    def locate(failure: Any) -> str:
        row = failure.rows[0] if failure.rows else 0
        return instances[row].locate(fields, failure.column)

    return locate


def _malformed(reason: str) -> ProblemError:
    return ProblemError(
        Problem(
            status=400, code="malformed_json", detail=f"The body is not JSON: {reason}.".replace("..", ".")
        )
    )


def _refused(*errors: FieldError) -> ProblemError:
    detail = errors[0].detail if len(errors) == 1 else f"{len(errors)} things are wrong in the body."
    return ProblemError(Problem(status=422, code="contract", detail=detail, errors=errors))
