"""What a route needs of its caller, declared where it is written; one that declares nothing is not served."""

from collections.abc import Callable, Coroutine, Iterator
from typing import Any, TypeVar, cast

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute

from yunque.services.access import NOBODY, Caller, Scope
from yunque.surfaces.http.problem import Problem, ProblemError

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])


def guarded_router(needs: Scope, **options: Any) -> APIRouter:
    """Give a router whose routes need a scope each, unless `needs` says otherwise for one of them.

    The check comes before the body is read.

        router = guarded_router(Scope.JOBS, prefix="/api/v1/jobs", tags=["Jobs"])

        @router.get("/{job_id}")            # needs `jobs`
        async def show(job_id: UUID, request: Request) -> ...:
            tenant = caller_of(request).tenant

        @router.post("/drain")
        @declare(Scope.ADMIN)               # needs `admin`
        async def drain() -> ...:

    Args:
        needs: what its routes need.
        options: as for `APIRouter`.
    """
    route_class = cast(type[APIRoute], type("NeedingRoute", (GuardedRoute,), {"needs": needs}))
    return APIRouter(route_class=route_class, **options)


def declare(needs: Scope) -> Callable[[Endpoint], Endpoint]:
    """Say for one endpoint what it needs; stands under the router's decorator."""

    def mark(endpoint: Endpoint) -> Endpoint:
        endpoint.__dict__["needs"] = needs
        return endpoint

    return mark


def caller_of(request: Request) -> Caller:
    """Give who sent the request."""
    return cast(Caller, request.scope.get("state", {}).get("caller", NOBODY))


class GuardedRoute(APIRoute):
    """A route that asks what its caller may do before it reads the body."""

    needs: Scope | None = None

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Put the question in front of FastAPI's own handler."""
        handle = super().get_route_handler()
        needed = needs_of(self) or Scope.ADMIN

        async def asked(request: Request) -> Response:
            refuse_unless(caller_of(request), needed)
            return await handle(request)

        return asked


def refuse_unless(caller: Caller, needed: Scope) -> None:
    """Let a caller pass who may.

    Raises:
        ProblemError: 403, naming what is missing.
    """
    if caller.may(needed):
        return
    raise ProblemError(
        Problem(
            status=403,
            code="scope_missing",
            detail=f"This address needs the scope {needed!s}, which the key or token does not grant.",
            hint=f"Ask the operator for a key with the scope {needed!s}.",
        )
    )


def needs_of(route: BaseRoute) -> Scope | None:
    """Give what a route declares, or None."""
    declared = getattr(getattr(route, "endpoint", None), "needs", None) or getattr(route, "needs", None)
    return declared if isinstance(declared, Scope) else None


def routes_of(app: FastAPI) -> Iterator[BaseRoute]:
    """Give every route of an application, those of its routers too, with whole paths."""
    for route in app.routes:
        inner = getattr(route, "original_router", None)
        yield from inner.routes if inner is not None else (route,)


def refuse_undeclared(app: FastAPI) -> None:
    """Refuse to serve an application with a route that does not say what it needs, or cannot ask for it.

    Raises:
        LookupError: there is one.
    """
    wrong = [
        str(getattr(route, "path", route))
        for route in routes_of(app)
        if needs_of(route) is None or not isinstance(route, GuardedRoute)
    ]
    if wrong:
        raise LookupError(f"Routes without a declared scope: {', '.join(wrong)}; use `guarded_router`.")
