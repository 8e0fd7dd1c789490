"""What a solution's job may be asked: the solution, and options that the solution knows."""

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

import msgspec

from yunque.errors import UsageError
from yunque.runtime.jobs.context import JobResult
from yunque.services.job_fields import FieldsError, WrongField, read_fields
from yunque.services.job_payloads import Origin
from yunque.solutions.registry import names, solution


class PipelinePayload(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A solution's whole run over a file."""

    solution: str
    options: dict[str, Any] = {}
    origin: Origin = Origin()


def read_pipeline(payload: Mapping[str, Any]) -> PipelinePayload:
    """Read the payload of a job that was checked when it was submitted."""
    return msgspec.convert(dict(payload), PipelinePayload)


def check_pipeline(payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Give the payload of a solution's run.

    Raises:
        FieldsError: a field is unknown, there is no such solution, or it does not know an option.
    """
    found = read_fields(payload, PipelinePayload, under="/payload")
    known = [name for name in names() if solution(name).jobs]
    if found.solution not in known:
        detail = f"There is no solution {found.solution[:40]!r} that runs as a job; use {', '.join(known)}."
        raise FieldsError([WrongField(pointer="/payload/solution", code="unknown_solution", detail=detail)])
    try:
        check_options(found)
    except UsageError as error:
        detail = f"{error.message} {error.hint}".strip()
        raise FieldsError([WrongField(pointer="/payload/options", code="value", detail=detail)]) from error
    document: dict[str, Any] = msgspec.to_builtins(found)
    return document


def check_options(found: PipelinePayload) -> None:
    """Let the solution look at the options of its job.

    Raises:
        UsageError: it does not know one.
    """
    checks = solution(found.solution).job_options
    if checks:
        _resolved(checks)(found.options)
    elif found.options:
        raise UsageError(f"The solution {found.solution!r} has no options.")


def job_function(name: str) -> Callable[..., JobResult]:
    """Give the function of a solution's job, which its value names.

    Raises:
        UsageError: there is no such solution, or it does nothing as a job.
    """
    jobs = solution(name).jobs if name in names() else {}
    if not jobs:
        raise UsageError(f"There is no solution {name[:40]!r} on this worker.")
    found: Callable[..., JobResult] = _resolved(next(iter(jobs.values())))
    return found


def _resolved(entry: str) -> Any:
    module, _, function = entry.partition(":")
    return getattr(import_module(module), function)
