"""What a solution's job may be asked: the solution, and options that its own module knows."""

from collections.abc import Mapping
from importlib import import_module
from types import ModuleType
from typing import Any

import msgspec

from yunque.errors import UsageError
from yunque.services.job_fields import FieldsError, WrongField, read_fields
from yunque.services.job_payloads import Origin
from yunque.solutions.registry import names, solution

CHECK = "check_options"  # a job's module may have one: options -> None, or UsageError


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
    """Let the job's own module look at its options.

    Raises:
        UsageError: it does not know one.
    """
    module, _ = job_entry(found.solution)
    check = getattr(module, CHECK, None)
    if check is not None:
        check(found.options)
    elif found.options:
        raise UsageError(f"The solution {found.solution!r} has no options.")


def job_entry(name: str) -> tuple[ModuleType, str]:
    """Give the module and the function of a solution's job, which its value names.

    Raises:
        UsageError: there is no such solution, or it does nothing as a job.
    """
    jobs = solution(name).jobs if name in names() else {}
    if not jobs:
        raise UsageError(f"There is no solution {name[:40]!r} on this worker.")
    module, _, function = next(iter(jobs.values())).partition(":")
    return import_module(module), function
