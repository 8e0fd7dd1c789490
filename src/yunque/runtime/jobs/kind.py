"""A kind of job as a plug-in value: its name, its limits, what it accepts and the function that does it."""

import importlib
import pkgutil
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

_ENTRY = re.compile(r"[a-zA-Z_][\w.]*:[a-zA-Z_]\w*", re.ASCII)
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,63}", re.ASCII)


def accept_any(payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Accept every payload as it is."""
    return payload


@dataclass(frozen=True, kw_only=True)
class Kind:
    """What a job of this kind may take and who does it.

    Args:
        name: lower-case word stored in the job, for example "train".
        entry: "module:function" of `function(context: JobContext) -> JobResult`, imported in the child only.
        timeout_seconds: wall-clock limit of one attempt; the child's whole process group is killed after it.
        memory_bytes: memory the child and its own children may hold together.
        headroom_bytes: address space beyond that which native libraries may reserve without using it.
        max_attempts: claims before the job fails for good.
        check: returns the payload to store, or raises a UsageError or DataError that says what is wrong.
        price_item: the item of the price table that one unit of this kind costs; None is free.
        retries_timeouts: whether a timeout is worth another attempt (a kind that resumes gets further).
    """

    name: str
    entry: str
    timeout_seconds: float = 300.0
    memory_bytes: int = 4 * 2**30
    headroom_bytes: int = 8 * 2**30
    max_attempts: int = 3
    check: Callable[[Mapping[str, Any]], Mapping[str, Any]] = accept_any
    price_item: str | None = None
    retries_timeouts: bool = False

    def __post_init__(self) -> None:
        """Refuse limits and references that could never work."""
        if not _NAME.fullmatch(self.name):
            raise ValueError(f"A job kind's name is a lower-case word, not {self.name!r}.")
        if not _ENTRY.fullmatch(self.entry):
            raise ValueError(f"A job kind's entry is 'module:function', not {self.entry!r}.")
        if self.timeout_seconds <= 0 or self.memory_bytes <= 0 or self.max_attempts < 1:
            raise ValueError(f"The limits of job kind {self.name!r} must be positive.")


def kinds_by_name(*kinds: Kind) -> Mapping[str, Kind]:
    """Give the mapping that a queue takes; two kinds of one name are refused."""
    found = {kind.name: kind for kind in kinds}
    if len(found) != len(kinds):
        raise ValueError("Two job kinds have the same name.")
    return found


def find_kinds(package: str) -> Mapping[str, Kind]:
    """Find the kinds of a package by file: each module of it ends with `KIND = Kind(...)`.

    The modules are light: what does the work is named by `entry` and imported in the child only.
    """
    folder = importlib.import_module(package)
    names = sorted(found.name for found in pkgutil.iter_modules(folder.__path__))
    return kinds_by_name(*(importlib.import_module(f"{package}.{name}").KIND for name in names))
