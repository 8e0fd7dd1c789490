"""The real things that a solution's job may use, built once by whoever runs it."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from yunque.models.registry import Registry
from yunque.runtime.clock import Clock
from yunque.runtime.database import Database
from yunque.services.tracking import Tracking


@dataclass(frozen=True, kw_only=True)
class Served:
    """A server of this machine: its address, and the headers that open it."""

    address: str
    headers: dict[str, str]


Serve = Callable[[], AbstractContextManager[Served]]


@dataclass(frozen=True, kw_only=True)
class PipelineHouse:
    """What a job is given beside its context.

    Attributes:
        home: the folder that outlives every job, where what was learnt is kept.
        database, registry, clock: as the platform has them.
        serve: a server over that registry on loopback, for as long as it is held.
        tracking: where runs are recorded.
    """

    home: Path
    database: Database
    registry: Registry
    clock: Clock
    serve: Serve
    tracking: Tracking
