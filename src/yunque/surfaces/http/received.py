"""Bodies of the longer way: read whole, and decompressed up to the limit of an uncompressed one."""

import zlib

import polars as pl
from fastapi import Request, Response
from starlette.concurrency import run_in_threadpool

from yunque.runtime.logs import log_context
from yunque.services.score import OpenModel
from yunque.surfaces.http.arms import Ask
from yunque.surfaces.http.fast_path import SMALL_BODY
from yunque.surfaces.http.limits import too_large
from yunque.surfaces.http.problem import Problem, ProblemError
from yunque.surfaces.http.serving import Serving
from yunque.surfaces.http.table_bodies import FORMATS

GZIP = 31  # zlib's window bits for a gzip header
PIECE = 1 << 20


async def read_body(request: Request, most_bytes: int) -> bytes:
    """Read a body, decompressed when it came as gzip.

    Raises:
        ProblemError: another encoding (415), broken (400), or larger than `most_bytes` decompressed (413).
    """
    encoding = request.headers.get("content-encoding", "").strip().lower()
    body = await request.body()
    if encoding in ("", "identity"):
        return body
    if encoding != "gzip":
        detail = f"A body of content encoding {encoding[:40]!r} cannot be read here."
        raise ProblemError(
            Problem(status=415, code="media_type", detail=detail, headers={"Accept-Encoding": "gzip"})
        )
    return await run_in_threadpool(decompress, body, most_bytes)


def decompress(body: bytes, most_bytes: int) -> bytes:
    """Undo gzip, and stop at the limit: a small body can hold gigabytes.

    Raises:
        ProblemError: broken (400), or larger than `most_bytes` (413).
    """
    parts: list[bytes] = []
    size, rest = 0, body
    try:
        while rest:
            stream = zlib.decompressobj(GZIP)
            while not stream.eof:
                part = stream.decompress(rest, PIECE)
                rest = stream.unconsumed_tail
                if not part and not rest and not stream.eof:
                    raise _broken()
                parts.append(part)
                size += len(part)
                if size > most_bytes:
                    raise ProblemError(too_large(most_bytes))
            rest = stream.unused_data
    except zlib.error as error:
        raise _broken() from error
    return b"".join(parts)


async def read_rows(serving: Serving, body: bytes, kind: str) -> pl.DataFrame:
    """Read a body as a table, in a thread and a process of its own.

    Raises:
        ProblemError: see `TableReader.read`.
    """
    return await run_in_threadpool(serving.tables.read, body, kind, FORMATS[kind], serving.limits.rows)


def _broken() -> ProblemError:
    return ProblemError(
        Problem(status=400, code="malformed_gzip", detail="The body is no whole gzip stream.")
    )


async def answer(serving: Serving, model: OpenModel, body: bytes, ask: Ask, request: Request) -> Response:
    """Ask a model, a large body in a thread, and count the answer.

    Args:
        serving: the server.
        model: what answers.
        body: of the request.
        ask: reads the body and answers it.
        request: whose address names no version when it asks for the champion.
    """
    is_pinned = request.path_params.get("version") is not None
    canary = None if is_pinned else serving.canary_beside(model, serving.shelf.view)
    request_id = str(log_context().get("request_id", ""))
    if canary is not None:
        given = await run_in_threadpool(canary.answer, ask, body, dict(request.headers.raw))
        serving.count_given(canary, given, request_id)
        answered = given.answered
    else:
        answerer = serving.answerers.of(model)
        answered = (
            ask(answerer, body)
            if len(body) <= SMALL_BODY and "explain" not in request.query_params
            else await run_in_threadpool(ask, answerer, body)
        )
        serving.count(model, answered, request_id)
    return Response(answered.content, media_type=answered.media_type, headers=dict(answered.headers))
