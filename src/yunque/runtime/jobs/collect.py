"""Collecting what nobody can reach any more: bytes without a row, results of lost attempts, old uploads."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Protocol, runtime_checkable

import sqlalchemy as sa

from yunque.runtime.database import Database
from yunque.runtime.jobs.job import FINAL
from yunque.runtime.jobs.tables import JOB, UPLOAD
from yunque.runtime.storage import Entry, Storage

_BATCH = 500


@dataclass(frozen=True, kw_only=True)
class Retention:
    """How long things stay.

    Args:
        orphans: bytes without a row may be an upload or result that is still being written, so they are
            left alone for as long as the longest of these could take.
        uploads: an upload that no unfinished job needs is forgotten after this.
    """

    orphans: timedelta = timedelta(hours=24)
    uploads: timedelta = timedelta(days=30)


KEEP = Retention()


@dataclass(frozen=True, kw_only=True)
class Collected:
    """What was removed."""

    objects: int
    size: int


@runtime_checkable
class KeepsPartials(Protocol):
    """A store in which the half-written files of killed writers stay until they are cleared."""

    def clear_partials(self, before: datetime) -> int:
        """Remove half-written files that nobody has touched since `before`; give how many."""
        ...


def collect(database: Database, storage: Storage, retention: Retention = KEEP) -> Collected:
    """Remove expired uploads, then every object below `tenant/` that no row can lead to any more.

    Safe beside running jobs and other collectors: an object goes only when it is old and no attempt that
    may still write its row could own it.
    """
    _forget_uploads(database, retention)
    if isinstance(storage, KeepsPartials):
        storage.clear_partials(datetime.now(UTC) - retention.orphans)
    count, size = 0, 0
    for entries in _in_batches(_old(storage, datetime.now(UTC) - retention.orphans)):
        for entry in _unreachable(database, entries):
            storage.delete(entry.key)
            count, size = count + 1, size + entry.size
    return Collected(objects=count, size=size)


def _forget_uploads(database: Database, retention: Retention) -> None:
    with database.writing() as connection:
        old = database.now(connection) - retention.uploads
        busy = sa.select(JOB.c.upload_id).where(JOB.c.upload_id.is_not(None), JOB.c.state.not_in(FINAL))
        connection.execute(UPLOAD.delete().where(UPLOAD.c.created_at < old, UPLOAD.c.id.not_in(busy)))


def _old(storage: Storage, before: datetime) -> Iterator[Entry]:
    return (entry for entry in storage.list("tenant") if entry.modified_at < before)


def _in_batches(entries: Iterable[Entry]) -> Iterator[list[Entry]]:
    source = iter(entries)
    while batch := list(islice(source, _BATCH)):
        yield batch


def _unreachable(database: Database, entries: list[Entry]) -> list[Entry]:
    ids = {_parts(entry)[1] for entry in entries}
    with database.reading() as connection:
        uploads = set(connection.execute(sa.select(UPLOAD.c.key).where(UPLOAD.c.id.in_(ids))).scalars())
        columns = (JOB.c.id, JOB.c.state, JOB.c.fence, JOB.c.result_prefix)
        jobs = {row.id: row for row in connection.execute(sa.select(*columns).where(JOB.c.id.in_(ids)))}

    def is_unreachable(entry: Entry) -> bool:
        area, id_, rest = _parts(entry)
        if area == "uploads":
            return entry.key not in uploads
        job = jobs.get(id_)
        if job is None:
            return area in ("results", "work", "logs")
        is_final = job.state in FINAL
        if area == "work":
            return is_final
        if area == "results" and is_final:
            return not (job.result_prefix and entry.key.startswith(f"{job.result_prefix}/"))
        return area == "results" and _fence(rest) < job.fence

    return [entry for entry in entries if is_unreachable(entry)]


def _parts(entry: Entry) -> tuple[str, str, str]:
    """Split tenant/{tenant}/{area}/{id}/{rest}."""
    _, _, area, id_, rest = [*entry.key.split("/", 4), "", "", "", ""][:5]
    return area, id_, rest


def _fence(rest: str) -> int:
    first = rest.partition("/")[0]
    return int(first) if first.isdigit() else 0
