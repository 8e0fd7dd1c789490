"""Killing this very process with -9 just before or after the commit of a named step, and leaving a note of it."""

import functools
import json
import os
import random
import signal
import threading
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

import sqlalchemy as sa

VARIABLE = "YUNQUE_CHAOS"
KILLS = "kills.txt"
FOCUS = "focus.txt"
STEPS = ("submit", "claim", "heartbeat", "complete", "reap", "tell")
POINTS = tuple(f"{side}_{step}_commit" for step in STEPS for side in ("before", "after"))
_here = threading.local()


def watch_commits(engine: sa.Engine, points: Mapping[str, float]) -> None:
    """Fire `before_<step>_commit` when a transaction of that step is about to commit.

    A statement that is a transaction of its own commits when it is sent.
    """

    def fire() -> None:
        step = getattr(_here, "step", None)
        if step is not None:
            maybe_die(f"before_{step}_commit", points)

    @sa.event.listens_for(engine, "before_cursor_execute")
    def _send(connection: sa.Connection, *_: Any) -> None:
        if is_at_once(connection):
            fire()

    @sa.event.listens_for(engine, "commit")
    def _commit(connection: sa.Connection) -> None:
        if not is_at_once(connection):
            fire()


def is_at_once(connection: sa.Connection) -> bool:
    return connection.get_execution_options().get("isolation_level") == "AUTOCOMMIT"


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
            maybe_die(f"after_{step}_commit", points)
        return result

    setattr(module, function, named)


def maybe_die(point: str, points: Mapping[str, float]) -> None:
    chance = points.get(point, 0.0)
    if chance and is_in_focus(point) and random.SystemRandom().random() < chance:
        note(point)
        os.kill(os.getpid(), signal.SIGKILL)


def is_in_focus(point: str) -> bool:
    """Whether a point may fire just now: a tour lets only one or two at a time."""
    focus = os.path.join(_folder(), FOCUS)  # noqa: PTH118
    if not os.path.exists(focus):  # noqa: PTH110
        return True
    with open(focus) as words:  # noqa: PTH123
        return point in words.read().split()


def _folder() -> str:
    return str(json.loads(os.environ[VARIABLE])["folder"]) if VARIABLE in os.environ else "/nowhere"


def note(point: str) -> None:
    """Write down that the point fires; one short appended line is written whole."""
    if VARIABLE in os.environ:
        with open(os.path.join(_folder(), KILLS), "a") as kills:  # noqa: PTH118, PTH123
            kills.write(f"{point}\n")
