"""Whether what a model was asked lately looks like what it learnt from: read from the prediction log."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from threading import Lock
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi import Path as InPath
from starlette.concurrency import run_in_threadpool

from yunque.errors import ConflictError, LimitError
from yunque.services.access import Scope
from yunque.surfaces.http.needs import caller_of, guarded_router
from yunque.surfaces.http.serving import Serving

Name = Annotated[str, InPath(max_length=64)]
Days = Annotated[float, Query(gt=0, le=3650, description="Back from the newest recorded row.")]
Together = Annotated[bool, Query(description="Also look at all columns together; takes seconds.")]
Version = Annotated[int | None, Query(ge=1, le=999_999_999, description="The champion when left out.")]


@dataclass(frozen=True, kw_only=True)
class _Wanted:
    reference: str
    days: float
    together: bool
    with_cells: bool


def drift_routes(serving: Serving) -> APIRouter:
    """Give the route; it reads what all workers of this server have recorded, one measurement at a time."""
    router = guarded_router(Scope.READ, prefix="/api/v1/models/{name}", tags=["Operations"])
    busy = Lock()

    @router.get("/drift", summary="How lately recorded rows differ from those that the model learnt from")
    async def drift(
        name: Name,
        request: Request,
        version: Version = None,
        days: Days = 7.0,
        together: Together = False,
    ) -> dict[str, Any]:
        wanted = _Wanted(
            reference=name if version is None else f"{name}@{version}",
            days=days,
            together=together,
            with_cells=caller_of(request).may(Scope.ADMIN),  # levels nobody knew are cells of others' rows
        )
        if not busy.acquire(blocking=False):
            raise LimitError("A measurement of drift runs already.", hint="Try again in a moment.")
        try:
            return await run_in_threadpool(_measure, serving, wanted)
        finally:
            busy.release()

    return router


def _measure(serving: Serving, wanted: _Wanted) -> dict[str, Any]:
    from yunque.monitoring.drift import DriftWish  # scipy: a server that is never asked does without
    from yunque.services.drift import drift_of_log

    registry = serving.shelf.registry
    version = registry.resolve(wanted.reference)
    wish = DriftWish(is_together=wanted.together)
    measured = drift_of_log(
        registry.open(version.label), _folder(serving), version, timedelta(days=wanted.days), wish
    )
    return measured.to_document(with_cells=wanted.with_cells)


def _folder(serving: Serving) -> Path:
    """Give the folder of the prediction log.

    Raises:
        ConflictError: this server records nothing.
    """
    folder = serving.watch.log.folder
    if folder is None:
        raise ConflictError(
            "This server does not record what it answers, so there is nothing to measure.",
            hint="Serve with YUNQUE_PREDICTION_LOG=1, or measure a table: yunque drift NAME TABLE.",
        )
    return folder
