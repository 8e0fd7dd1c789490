"""Whose a model's name is: the tenant whose job published it first, or nobody's and so the house's."""

from yunque.errors import ConflictError, NotFoundError
from yunque.models.registry import Registry
from yunque.runtime.database import Database
from yunque.runtime.jobs.queue_view import any_job
from yunque.services.job_office import LOCAL

_BY_JOB = "job "


def once(job_id: str) -> str:
    """Name the work of a job for the registry, which keeps it with the version."""
    return f"{_BY_JOB}{job_id}"


def owner_of(database: Database, registry: Registry, name: str) -> str | None:
    """Give the tenant that a model's name belongs to; None for the house's, and for a name that is free."""
    try:
        events = registry.history(name)
    except NotFoundError:
        return None
    published = [event for event in events if event.event == "publish"]
    first = min(published, key=lambda event: event.version or 0, default=None)
    word = "" if first is None else str(first.details.get("once", ""))
    if not word.startswith(_BY_JOB):
        return None
    try:
        tenant = any_job(database, word.removeprefix(_BY_JOB)).tenant
    except NotFoundError:
        return None
    return None if tenant == LOCAL else tenant


def may_train(database: Database, registry: Registry, name: str, tenant: str) -> bool:
    """Tell whether a tenant's training may publish under a name: a free one, or its own.

    Whoever is not told apart from the operator may use any.
    """
    return tenant == LOCAL or name not in registry.names() or owner_of(database, registry, name) == tenant


def refuse_taken(database: Database, registry: Registry, name: str, tenant: str) -> None:
    """Raise ConflictError when a tenant may not publish under a name."""
    if not may_train(database, registry, name, tenant):
        raise ConflictError(
            f"The model name {name!r} is taken.", hint="Give the model another name.", place={"field": "name"}
        )


def refuse_foreign(database: Database, registry: Registry, name: str, tenant: str) -> None:
    """Raise NotFoundError, as for no model at all, when a name belongs to another tenant."""
    if tenant != LOCAL and owner_of(database, registry, name) not in (None, tenant):
        raise NotFoundError(f"There is no model {name!r}.")
