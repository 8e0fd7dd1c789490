"""Killing this very process with -9 just before or after the commit of a named step."""

import functools
import os
import random
import signal
import threading
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

import sqlalchemy as sa

_here = threading.local()


def watch_commits(engine: sa.Engine, points: Mapping[str, float]) -> None:
    """Fire `before_<step>_commit` when a transaction of that step is about to commit."""

    @sa.event.listens_for(engine, "commit")
    def _commit(connection: sa.Connection) -> None:
        step = getattr(_here, "step", None)
        if step is not None:
            maybe_die(points.get(f"before_{step}_commit", 0.0))


def name_step(module: ModuleType, function: str, step: str, points: Mapping[str, float]) -> None:
    """Let the commits inside `module.function` count as those of `step`, and fire its after-point."""
    original: Callable[..., Any] = getattr(module, function)

    @functools.wraps(original)
    def named(*arguments: Any, **options: Any) -> Any:
        _here.step = step
        try:
            result = original(*arguments, **options)
        finally:
            _here.step = None
        if result is not None:
            maybe_die(points.get(f"after_{step}_commit", 0.0))
        return result

    setattr(module, function, named)


def maybe_die(chance: float) -> None:
    if chance and random.SystemRandom().random() < chance:
        os.kill(os.getpid(), signal.SIGKILL)
