"""Watches become jobs when their time has come: each once in its stretch, however many workers look."""

import hashlib
import logging
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import msgspec

from yunque.errors import LimitError, NotFoundError, UsageError
from yunque.runtime.jobs.job import Job
from yunque.services.job_office import LOCAL, Office
from yunque.services.jobs import Request, submit
from yunque.services.watch_file import Watched, read_watch_file, seconds_of

KIND = "drift"
BY = "schedule"
logger = logging.getLogger("yunque.monitoring")


def submit_watch(office: Office, watched: Watched, *, by: str, key: str | None = None) -> Job:
    """Put a measurement in line.

    Raises:
        NotFoundError: there is no such model.
        LimitError: too many jobs wait already.
    """
    payload = msgspec.to_builtins(watched)
    del payload["origin"]
    asked = Request(tenant=LOCAL, kind=KIND, payload=payload, idempotency_key=key, by=by)
    return submit(office, asked).job


def slot_key(watched: Watched, now: datetime) -> str:
    """Name the stretch of time that `now` lies in; the same for every worker."""
    slot = int(now.timestamp() // seconds_of(watched.every or "1d"))
    digest = hashlib.sha256(msgspec.json.encode(watched, order="deterministic")).hexdigest()[:16]
    return f"every:{digest}:{slot}"


class Schedule:
    """Looks into `monitoring.yaml` and submits what is due; forgets nothing that matters when it is lost.

    A job's idempotency key names watch and stretch of time, so what was submitted stands in the job table.
    """

    def __init__(self, office: Office, path: Path, now: Callable[[], datetime]) -> None:
        self._office = office
        self._path = path
        self._now = now
        self._done: set[str] = set()
        self._trouble = ""

    def look(self) -> int:
        """Submit what is due, and give how many jobs that were."""
        try:
            watches = read_watch_file(self._path)
        except UsageError as error:
            self._say(f"{self._path.name}: {error.message} {error.hint}".strip())
            return 0
        due = {slot_key(each, self._now()): each for each in watches if each.every is not None}
        self._done &= set(due)
        return sum(self._submit(key, due[key]) for key in due if key not in self._done)

    def _submit(self, key: str, watched: Watched) -> bool:
        try:
            submit_watch(self._office, watched, by=BY, key=key)
        except (NotFoundError, LimitError) as error:
            self._say(f"The watch of {watched.model} cannot begin: {error.message}")
            return False
        self._done.add(key)
        return True

    def _say(self, text: str) -> None:
        """Write a trouble once, not at every look."""
        if text != self._trouble:
            logger.error(text)
        self._trouble = text
