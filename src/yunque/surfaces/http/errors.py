"""The one place where exceptions become HTTP statuses."""

from collections.abc import Callable, Sequence
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from yunque.errors import (
    AccessError,
    BundleError,
    ConflictError,
    ContractError,
    DataError,
    GateError,
    LimitError,
    ModelError,
    NotFoundError,
    StorageError,
    UsageError,
    YunqueError,
)
from yunque.runtime.jobs.ledger import FundsError
from yunque.runtime.jobs.uploads import QuotaError, TooLargeError
from yunque.services.job_fields import FieldsError
from yunque.surfaces.http.problem import FieldError, Problem, ProblemError, escape_pointer

# The nearest ancestor of an error decides.
STATUS: dict[type[YunqueError], int] = {
    UsageError: 400,
    FieldsError: 422,
    NotFoundError: 404,
    ConflictError: 409,
    AccessError: 401,
    DataError: 422,
    ModelError: 503,
    BundleError: 503,
    GateError: 409,
    LimitError: 429,
    FundsError: 402,
    TooLargeError: 413,
    QuotaError: 403,
    StorageError: 503,
    YunqueError: 500,
}
BODY_CODES = {404: "not_found", 405: "method_not_allowed"}
Locate = Callable[[Any], str]


def problem_of(error: YunqueError) -> Problem:
    """Translate an error raised on purpose; its message never holds a path, SQL or a traceback."""
    status = next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)
    errors: Sequence[FieldError] = ()
    if isinstance(error, ContractError):
        errors = field_errors(error.failures, by_name)
    elif isinstance(error, FieldsError):
        errors = [FieldError(pointer=it.pointer, code=it.code, detail=it.detail) for it in error.fields]
    headers = {"Retry-After": "1"} if status in (429, 503) else {}
    if status == 500:
        return unforeseen()
    return Problem(
        status=status, code=error.code, detail=error.message, hint=error.hint, errors=errors, headers=headers
    )


def by_name(failure: Any) -> str:
    """Point at the field of a record that stands for the whole body."""
    return f"/{escape_pointer(failure.column)}" if failure.column else ""


def field_errors(
    failures: Sequence[Any], locate: Locate, *, with_rows: bool = False
) -> tuple[FieldError, ...]:
    """Translate a contract's failures, one error for each row they name.

    Args:
        failures: check failures of `data.validate`.
        locate: gives the JSON pointer of a failure in the body at hand.
        with_rows: whether the body holds many rows.
    """
    return tuple(
        FieldError(
            pointer=locate(failure),
            code=failure.check,
            detail=failure.message,
            row=failure.rows[0] if with_rows and failure.rows else None,
        )
        for failure in failures
    )


def unforeseen() -> Problem:
    """Say that the server failed, and nothing else; the log has the rest under the request's id."""
    return Problem(
        status=500,
        code="internal",
        detail="The server failed in a way nobody foresaw.",
        hint="Tell the operator the request_id; the log has the details.",
    )


def install(app: FastAPI) -> None:
    """Answer every kind of error of `app` with problem details."""

    @app.exception_handler(YunqueError)
    async def _ours(request: Request, error: YunqueError) -> Response:
        return _answer(problem_of(error), request)

    @app.exception_handler(ProblemError)
    async def _http(request: Request, error: ProblemError) -> Response:
        return _answer(error.problem, request)

    @app.exception_handler(RequestValidationError)
    async def _parameters(request: Request, error: RequestValidationError) -> Response:
        errors = [
            FieldError(
                pointer="/" + "/".join(escape_pointer(str(part)) for part in item["loc"]),
                code=str(item["type"]),
                detail=str(item["msg"]),
            )
            for item in error.errors()
        ]
        problem = Problem(status=422, code="parameters", detail="The request cannot be read.", errors=errors)
        return _answer(problem, request)

    @app.exception_handler(HTTPException)
    async def _routing(request: Request, error: HTTPException) -> Response:
        code = BODY_CODES.get(error.status_code, "http")
        detail = "There is nothing at this address." if error.status_code == 404 else str(error.detail)
        problem = Problem(
            status=error.status_code,
            code=code,
            detail=detail,
            hint="/docs lists every address.",
            headers=error.headers or {},
        )
        return _answer(problem, request)


def _answer(problem: Problem, request: Request) -> Response:
    request_id = str(request.scope.get("state", {}).get("request_id", ""))
    return problem.response(request_id, path=request.scope["path"])
