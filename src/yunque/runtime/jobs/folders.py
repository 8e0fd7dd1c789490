"""The folders pending/, processed/ and failed/ as a true view of the job table, for people and scripts.

    pending/{id}.csv                            waits or runs (its input, or {id}.json with its request)
    processed/{id}.csv, processed/{id}.json     succeeded: its input and its result
    processed/{id}/{folder}/{name}              files of the result that it put in a folder, for example
                                                auto_ml/manifest.json
    failed/{id}.csv, failed/{id}_error.json     failed or cancelled: its input and the reason

The table is the truth; these files follow it, and nothing is ever read from them. They hold what tenants
sent and, after a failure, the traceback: folders are made for their owner only (0700), files are 0600, and
nothing serves them. The copy of an input goes when its upload goes.
"""

import json
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path, PurePath
from typing import BinaryIO
from uuid import uuid4

import sqlalchemy as sa

from yunque.errors import NotFoundError
from yunque.runtime.database import Database
from yunque.runtime.jobs.job import FINAL, Job, State
from yunque.runtime.jobs.tables import JOB, UPLOAD
from yunque.runtime.storage import Storage, chunks_of

PENDING, PROCESSED, FAILED = "pending", "processed", "failed"
_OURS = re.compile(r"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(_error)?\.[a-z0-9]{1,12}")
# What an input may be called here: tables only, whatever their senders called them, and never as its result.
_TABLES = (".csv", ".tsv", ".txt", ".parquet", ".arrow", ".feather", ".ndjson", ".jsonl", ".gz", ".zst")
_INPUTS = frozenset((*_TABLES, ".xlsx", ".xlsm", ".xlsb", ".xls", ".ods"))
_TRACE_BYTES = 64 * 1024  # of an attempt's log, its end: that is where a traceback stands
_PAGE = 500
_OVERLAP = timedelta(minutes=1)
RESULT_NAME = "result.json"


class FolderView:
    """The three folders below `root`, kept true by calling `update` often."""

    def __init__(self, database: Database, storage: Storage, root: Path) -> None:
        self._database = database
        self._storage = storage
        self._root = root
        self._seen_until: datetime | None = None
        self._is_built = False

    def update(self) -> int:
        """Rebuild at the first call that succeeds, refresh at each later one."""
        return self.refresh() if self._is_built else self.rebuild()

    def rebuild(self) -> int:
        """Make the folders show every job and nothing else of ours; give how many jobs that are."""
        known: set[str] = set()
        newest: datetime | None = None
        for job, file_name in self._jobs(None):
            self._show(job, file_name)
            known.add(job.id)
            newest = job.created_at
        for folder in (PENDING, PROCESSED, FAILED):
            for job_id, path in self._files(folder):
                if job_id not in known:
                    path.unlink(missing_ok=True)
        self._seen_until, self._is_built = newest, True
        return len(known)

    def refresh(self) -> int:
        """Show jobs that are new or have ended since the last look; give how many were looked at."""
        waiting = {job_id for job_id, _ in self._files(PENDING)}
        count = 0
        # A submission may commit after one with a later time: what is young is looked at twice.
        after = self._seen_until - _OVERLAP if self._seen_until else None
        for job, file_name in self._jobs(after):
            self._show(job, file_name)
            waiting.discard(job.id)
            self._seen_until = job.created_at
            count += 1
        for job, file_name in self._ended(waiting):
            self._show(job, file_name)
            count += 1
        return count

    def forget(self) -> int:
        """Remove the copies of inputs whose uploads are kept no longer; give how many those were."""
        count = 0
        for folder in (PROCESSED, FAILED):
            copies = [(job_id, path) for job_id, path in self._files(folder) if path.suffix in _INPUTS]
            for start in range(0, len(copies), _PAGE):
                batch = copies[start : start + _PAGE]
                kept = self._with_input({job_id for job_id, _ in batch})
                for path in (path for job_id, path in batch if job_id not in kept):
                    path.unlink(missing_ok=True)
                    count += 1
        return count

    def _with_input(self, ids: set[str]) -> set[str]:
        query = sa.select(JOB.c.id).join(UPLOAD, UPLOAD.c.id == JOB.c.upload_id).where(JOB.c.id.in_(ids))
        with self._database.reading() as connection:
            return set(connection.execute(query).scalars())

    def _jobs(self, after: datetime | None) -> Iterator[tuple[Job, str | None]]:
        """Give the jobs from `after` on, oldest first, with the name their upload had."""
        place: tuple[datetime, str] | None = None
        while True:
            query = _with_upload().order_by(JOB.c.created_at, JOB.c.id).limit(_PAGE)
            if place is not None:
                later = sa.and_(JOB.c.created_at == place[0], JOB.c.id > place[1])
                query = query.where(sa.or_(JOB.c.created_at > place[0], later))
            elif after is not None:
                query = query.where(JOB.c.created_at >= after)
            with self._database.reading() as connection:
                rows = connection.execute(query).all()
            yield from ((Job.from_row(row), row.file_name) for row in rows)
            if len(rows) < _PAGE:
                return
            place = (rows[-1].created_at, rows[-1].id)

    def _ended(self, ids: set[str]) -> Iterator[tuple[Job, str | None]]:
        wanted = sorted(ids)
        for start in range(0, len(wanted), _PAGE):
            query = _with_upload().where(JOB.c.id.in_(wanted[start : start + _PAGE]), JOB.c.state.in_(FINAL))
            with self._database.reading() as connection:
                rows = connection.execute(query).all()
            yield from ((Job.from_row(row), row.file_name) for row in rows)

    def _show(self, job: Job, file_name: str | None) -> None:
        folder, others = _folder_of(job)
        if job.upload_id is not None:
            self._place_upload(job, self._root / folder / f"{job.id}{_suffix(file_name)}")
        if folder == PROCESSED:
            self._place_result(job, self._root / folder / f"{job.id}.json")
            self._place_folders(job, self._root / folder / job.id)
        elif folder == FAILED:
            target = self._root / folder / f"{job.id}_error.json"
            if not target.exists():
                _write(target, json.dumps(_error(job, self._trace(job)), ensure_ascii=False))
        elif job.upload_id is None:
            _write(self._root / folder / f"{job.id}.json", json.dumps(_request(job), ensure_ascii=False))
        for other in others:  # only now: a reader finds the job in one folder or in two, never in none
            for path in (self._root / other).glob(f"{job.id}*"):
                path.unlink(missing_ok=True)

    def _place_upload(self, job: Job, target: Path) -> None:
        if target.exists():
            return
        for folder in (PENDING, PROCESSED, FAILED):
            old = self._root / folder / target.name
            with suppress(OSError):
                _folder(target.parent)
                os.link(old, target)
                return
        with suppress(NotFoundError):  # an upload may expire before its job does
            self._copy(f"tenant/{job.tenant}/uploads/{job.upload_id}", target)

    def _place_result(self, job: Job, target: Path) -> None:
        if target.exists():
            return
        with suppress(NotFoundError):
            self._copy(f"{job.result_prefix}/{RESULT_NAME}", target)
            return
        _write(target, json.dumps(dict(job.result or {}), ensure_ascii=False))

    def _place_folders(self, job: Job, root: Path) -> None:
        for name in (job.result or {}).get("files", {}):
            target = root / name
            if "/" in name and not target.exists():
                with suppress(NotFoundError):
                    self._copy(f"{job.result_prefix}/{name}", target)

    def _copy(self, key: str, target: Path) -> None:
        with self._storage.open(key) as source:
            partial = _partial(target)
            try:
                with _private(partial) as file:
                    for chunk in chunks_of(source):
                        file.write(chunk)
                partial.replace(target)
            finally:
                partial.unlink(missing_ok=True)

    def _trace(self, job: Job) -> str | None:
        """Give the end of the failed attempt's log: what only operators may read."""
        if job.error_key is None:
            return None
        last = b""
        with suppress(NotFoundError), self._storage.open(job.error_key) as source:
            for chunk in chunks_of(source):
                last = (last + chunk)[-_TRACE_BYTES:]
        return last.decode("utf-8", "replace") or None

    def _files(self, folder: str) -> Iterator[tuple[str, Path]]:
        for path in (self._root / folder).glob("*.*"):
            if found := _OURS.fullmatch(path.name):
                yield found[1], path


def _with_upload() -> sa.Select[tuple[object, ...]]:
    return sa.select(JOB, UPLOAD.c.file_name).outerjoin(UPLOAD, UPLOAD.c.id == JOB.c.upload_id)


def _folder_of(job: Job) -> tuple[str, tuple[str, ...]]:
    if not job.is_final:
        return PENDING, (PROCESSED, FAILED)
    if job.state is State.SUCCEEDED:
        return PROCESSED, (PENDING, FAILED)
    return FAILED, (PENDING, PROCESSED)


def _suffix(file_name: str | None) -> str:
    suffix = PurePath(file_name or "").suffix.lower()
    if suffix == ".json":  # the name of its result; such a file has an object a line
        return ".ndjson"
    return suffix if suffix in _INPUTS else ".csv"


def _error(job: Job, trace: str | None) -> dict[str, object]:
    is_cancelled = job.state is State.CANCELLED
    return {
        "success": False,
        "analysis_id": job.id,
        "code": "cancelled" if is_cancelled else job.error_code,
        "error": "The job was cancelled." if is_cancelled else job.error_message,
        "timestamp": job.finished_at.isoformat() if job.finished_at else None,
        "traceback": trace,
    }


def _request(job: Job) -> dict[str, object]:
    return {"analysis_id": job.id, "kind": job.kind, "payload": dict(job.payload)}


def _folder(folder: Path) -> None:
    if not folder.is_dir():  # one that is there keeps what its owner gave it
        _folder(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)


def _partial(target: Path) -> Path:
    _folder(target.parent)
    return target.parent / f".{uuid4().hex}"


def _private(path: Path) -> BinaryIO:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


def _write(target: Path, text: str) -> None:
    if target.exists():  # what was asked and how it ended never change
        return
    partial = _partial(target)
    with _private(partial) as file:
        file.write(text.encode())
    partial.replace(target)
