"""Limits on a request body, counted while it streams in, whatever the headers claim."""

import asyncio
from dataclasses import dataclass

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from yunque.surfaces.http.problem import Problem, ProblemError


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What one request may ask for.

    Attributes:
        body_bytes: largest body.
        body_seconds: longest wait for the whole body.
        rows: most rows in one request.
    """

    body_bytes: int
    body_seconds: float
    rows: int


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
        if claimed is not None and claimed > self._limits.body_bytes:
            response = too_large(self._limits.body_bytes).response(
                scope.get("state", {}).get("request_id", "")
            )
            await response(scope, receive, send)
            return
        await self._app(scope, self._counting(receive), send)

    def _counting(self, receive: Receive) -> Receive:
        limits, seen, is_complete = self._limits, 0, False
        deadline = asyncio.get_running_loop().time() + limits.body_seconds

        async def counted() -> Message:
            nonlocal seen, is_complete
            if is_complete:  # what follows the body is the news of a client that left; it has no deadline
                return await receive()
            try:
                async with asyncio.timeout_at(deadline):
                    message = await receive()
            except TimeoutError as error:
                raise ProblemError(too_slow(limits.body_seconds)) from error
            if message["type"] == "http.request":
                seen += len(message.get("body", b""))
                is_complete = not message.get("more_body", False)
                if seen > limits.body_bytes:
                    raise ProblemError(too_large(limits.body_bytes))
            return message

        return counted


def too_large(limit: int) -> Problem:
    """Say that a body is larger than the limit."""
    return Problem(
        status=413,
        code="body_too_large",
        detail=f"The body is larger than {limit} bytes.",
        hint="Send fewer rows at a time, or score a file with `yunque predict`.",
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
