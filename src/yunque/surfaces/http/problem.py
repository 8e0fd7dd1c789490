"""An error as RFC 9457 problem details: what a caller may know, and nothing of the server's insides."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import msgspec
from starlette.responses import Response

MEDIA_TYPE = "application/problem+json"
SHOWN_ERRORS = 100


@dataclass(frozen=True, kw_only=True)
class FieldError:
    """One thing wrong in the body.

    Attributes:
        pointer: JSON pointer (RFC 6901) to the value in the body.
        code: the check that failed.
        detail: one sentence.
        row: position of the row in a batch, or None.
    """

    pointer: str
    code: str
    detail: str
    row: int | None = None


@dataclass(frozen=True, kw_only=True)
class Problem:
    """What is answered instead of a result.

    Attributes:
        status: HTTP status.
        code: machine-readable, stable.
        detail: one sentence, what happened and to what.
        hint: what the caller can do next.
        errors: every failure of the body, in order.
        headers: further response headers.
    """

    status: int
    code: str
    detail: str
    hint: str = ""
    errors: Sequence[FieldError] = ()
    headers: Mapping[str, str] = field(default_factory=dict)

    def document(self, request_id: str = "") -> dict[str, Any]:
        """Give the JSON document; of many errors the first hundred, and how many there are."""
        document: dict[str, Any] = {
            "type": "about:blank",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "code": self.code,
            "detail": self.detail,
        }
        if self.hint:
            document["hint"] = self.hint
        if self.errors:
            document["errors"] = [_plain(error) for error in self.errors[:SHOWN_ERRORS]]
        if len(self.errors) > SHOWN_ERRORS:
            document["errors_total"] = len(self.errors)
        if request_id:
            document["request_id"] = request_id
        return document

    def content(self, request_id: str = "", *, path: str = "") -> bytes:
        """Give the document's bytes; clients of the Open Inference Protocol find the reason under `error`."""
        document = self.document(request_id)
        return msgspec.json.encode(document | {"error": self.detail} if path.startswith("/v2") else document)

    def response(self, request_id: str = "", *, path: str = "") -> Response:
        """Give the answer itself."""
        return Response(
            self.content(request_id, path=path),
            status_code=self.status,
            media_type=MEDIA_TYPE,
            headers=dict(self.headers),
        )


class ProblemError(Exception):
    """Raised by this surface for what only HTTP knows: media types, sizes, keys, waiting too long."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.detail)
        self.problem = problem


def _plain(error: FieldError) -> dict[str, Any]:
    document: dict[str, Any] = {"pointer": error.pointer, "code": error.code, "detail": error.detail}
    if error.row is not None:
        document["row"] = error.row
    return document


def escape_pointer(name: str) -> str:
    """Write a field name as a part of a JSON pointer."""
    return name.replace("~", "~0").replace("/", "~1")
