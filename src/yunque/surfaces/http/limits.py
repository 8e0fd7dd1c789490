"""Limits on a request body, counted while it streams in, whatever the headers claim."""

import asyncio
from dataclasses import dataclass

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from yunque.surfaces.http.problem import Problem, ProblemError

UPLOADS = ("/api/v1/uploads", "/api/portal/upload", "/api/portal/validate")
FORM_BYTES = 64 * 1024


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What one request may ask for.

    Attributes:
        body_bytes: largest body.
        body_seconds: longest wait for the whole body.
        rows: most rows in one request.
        upload_bytes, upload_seconds: the same of a body that goes to storage as it comes in.
    """

    body_bytes: int
    body_seconds: float
    rows: int
    upload_bytes: int = 500 * 2**20
    upload_seconds: float = 1800.0

    def of(self, path: str) -> tuple[int, float]:
        """Give the largest body and the longest wait at an address; a form has some bytes beside its file."""
        if path.startswith(UPLOADS):
            return self.upload_bytes + FORM_BYTES, self.upload_seconds
        return self.body_bytes, self.body_seconds


class BodyLimit:
    """Stops reading a body that is too large (413) or too slow (408)."""

    def __init__(self, app: ASGIApp, limits: Limits) -> None:
        self._app = app
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with a `receive` that counts."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        claimed = _claimed_length(scope)
        most, seconds = self._limits.of(scope["path"])
        if claimed is not None and claimed > most:
            response = too_large(most).response(scope.get("state", {}).get("request_id", ""))
            await response(scope, receive, send)
            return
        await self._app(scope, self._counting(receive, most, seconds), send)

    def _counting(self, receive: Receive, most: int, seconds: float) -> Receive:
        seen, is_complete = 0, False
        deadline = asyncio.get_running_loop().time() + seconds

        async def counted() -> Message:
            nonlocal seen, is_complete
            if is_complete:  # what follows the body is the news of a client that left; it has no deadline
                return await receive()
            try:
                async with asyncio.timeout_at(deadline):
                    message = await receive()
            except TimeoutError as error:
                raise ProblemError(too_slow(seconds)) from error
            if message["type"] == "http.request":
                seen += len(message.get("body", b""))
                is_complete = not message.get("more_body", False)
                if seen > most:
                    raise ProblemError(too_large(most))
            return message

        return counted


def too_large(limit: int) -> Problem:
    """Say that a body is larger than the limit."""
    return Problem(
        status=413,
        code="body_too_large",
        detail=f"The body is larger than {limit} bytes.",
        hint="Send fewer rows at a time; a file may go in parts. / Envíe menos filas o parta el archivo.",
        headers={"Connection": "close"},
    )


def too_slow(seconds: float) -> Problem:
    """Say that a body took too long to arrive."""
    return Problem(
        status=408,
        code="body_too_slow",
        detail=f"The body did not arrive within {seconds:g} seconds.",
        headers={"Connection": "close"},
    )


def _claimed_length(scope: Scope) -> int | None:
    for name, value in scope["headers"]:
        if name == b"content-length":
            return int(value) if value.isdigit() else None
    return None
