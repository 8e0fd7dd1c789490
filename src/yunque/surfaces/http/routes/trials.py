"""Operate models: promote and roll back, shadows and canaries, and what a trial has shown."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from yunque.errors import ConflictError
from yunque.models.registry import Registry
from yunque.models.registry_rows import Version
from yunque.models.registry_trials import Trial, TrialArm, Trials
from yunque.services import publish
from yunque.services.access import Scope
from yunque.services.trial_report import all_trials, describe_trial
from yunque.services.trials import Terms, canary, shadow, stop_trial
from yunque.surfaces.http.needs import caller_of, declare, guarded_router
from yunque.surfaces.http.serving import Serving

SOMEBODY = "somebody on this machine"
Name = Annotated[str, Path(max_length=64)]
Why = Annotated[str, Query(max_length=1000)]


class Change(BaseModel):
    """Which version, and why."""

    model_config = ConfigDict(extra="forbid")

    version: Annotated[int, Field(ge=1, le=999_999_999)]
    reason: Annotated[str, Field(max_length=1000)] = ""


class CanaryChange(Change):
    """A canary's share and bounds; see `services.trials.Terms`."""

    share: Annotated[float, Field(gt=0, le=1)]
    most_errors: Annotated[float, Field(ge=0, le=1)] = 0.01
    slower: Annotated[float, Field(ge=1, le=1000)] = 3.0
    most_drift: Annotated[float, Field(ge=0, le=100)] = 0.25
    least_answers: Annotated[int, Field(ge=0, le=10**9)] = 100
    least_rows: Annotated[int, Field(ge=0, le=10**9)] = 1_000


class Promotion(Change):
    """A promotion; with `override`, in spite of what the version falls short of."""

    override: Annotated[str, Field(max_length=1000)] = ""


class Reason(BaseModel):
    """Why."""

    model_config = ConfigDict(extra="forbid")

    reason: Annotated[str, Field(max_length=1000)] = ""


def trial_routes(serving: Serving) -> APIRouter:
    """Give the routes; changing anything needs the scope `admin`."""
    router = guarded_router(Scope.ADMIN, prefix="/api/v1/models/{name}", tags=["Operations"])
    _add_champions(router, serving.shelf.registry)
    _add_trials(router, serving)
    return router


def _add_champions(router: APIRouter, registry: Registry) -> None:
    @router.post("/promote", summary="Make a version the champion, through its gates")
    async def promote(name: Name, change: Promotion, request: Request) -> dict[str, Any]:
        version = await run_in_threadpool(
            publish.promote,
            registry,
            f"{name}@{change.version}",
            by=_who(request),
            reason=change.reason,
            override=change.override,
        )
        return _version(version)

    @router.post("/rollback", summary="Make the champion before this one the champion again")
    async def roll_back(
        name: Name, request: Request, change: Annotated[Reason | None, Body()] = None
    ) -> dict[str, Any]:
        reason = change.reason if change else ""
        return _version(
            await run_in_threadpool(publish.roll_back, registry, name, by=_who(request), reason=reason)
        )


def _add_trials(router: APIRouter, serving: Serving) -> None:
    registry, book = serving.shelf.registry, serving.watch.book

    @router.post("/shadow", summary="Let a version answer a copy of the champion's requests", status_code=201)
    async def begin_shadow(name: Name, change: Change, request: Request) -> dict[str, Any]:
        def begin() -> Trial:
            reference = f"{name}@{change.version}"
            return shadow(registry, _trials(serving), reference, by=_who(request), reason=change.reason)

        return describe_trial(await run_in_threadpool(begin), book)

    @router.post("/canary", summary="Let a version answer a share of the requests", status_code=201)
    async def begin_canary(name: Name, change: CanaryChange, request: Request) -> dict[str, Any]:
        terms = Terms(**change.model_dump(exclude={"version", "reason"}))

        def begin() -> Trial:
            who, reference = _who(request), f"{name}@{change.version}"
            return canary(registry, _trials(serving), reference, terms, by=who, reason=change.reason)

        return describe_trial(await run_in_threadpool(begin), book)

    @router.delete("/{arm}", summary="End a shadow or a canary")
    async def stop(name: Name, arm: TrialArm, request: Request, reason: Why = "") -> dict[str, Any]:
        def end() -> Trial:
            return stop_trial(_trials(serving), name, arm, by=_who(request), reason=reason)

        return describe_trial(await run_in_threadpool(end), book)

    @router.get("/trials", summary="The trials that run, what they showed, and how past ones ended")
    @declare(Scope.READ)
    async def trials(name: Name) -> dict[str, Any]:
        return await run_in_threadpool(all_trials, registry, _trials(serving), name, book)


def _trials(serving: Serving) -> Trials:
    """Give the trials.

    Raises:
        ConflictError: this server was built without them.
    """
    if serving.shelf.trials is None:
        raise ConflictError("This server runs no trials.")
    return serving.shelf.trials


def _who(request: Request) -> str:
    return caller_of(request).name or SOMEBODY


def _version(version: Version) -> dict[str, Any]:
    return {"name": version.name, "version": version.version, "aliases": list(version.aliases)}
