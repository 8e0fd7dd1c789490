"""Uploads: counted and hashed while they stream in, bounded for a file and for a tenant, then a row."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePath
from typing import Any
from uuid import uuid4

import sqlalchemy as sa

from yunque.errors import ConflictError, LimitError, NotFoundError
from yunque.runtime.database import Database
from yunque.runtime.jobs.job import FINAL
from yunque.runtime.jobs.keys import upload_key
from yunque.runtime.jobs.queue_submit import check_tenant
from yunque.runtime.jobs.tables import JOB, UPLOAD
from yunque.runtime.storage import Storage


class TooLargeError(LimitError):
    """A file is larger than one file may be."""

    code = "too_large"


class QuotaError(LimitError):
    """The tenant's uploads would take more than they may together."""

    code = "quota"


@dataclass(frozen=True, kw_only=True)
class UploadLimits:
    """How much may be uploaded: `file_bytes` in one file, `tenant_bytes` by one tenant (None: no limit)."""

    file_bytes: int = 500 * 2**20
    tenant_bytes: int | None = None


@dataclass(frozen=True, kw_only=True)
class Upload:
    """An uploaded file; `file_name` is what its sender called it, and is never used as a path."""

    id: str
    tenant: str
    key: str
    file_name: str
    size: int
    sha256: str
    created_at: datetime


def receive(
    database: Database, storage: Storage, upload: "NewUpload", limits: UploadLimits = UploadLimits()
) -> Upload:
    """Store a file as it streams in, then record it: only a recorded upload exists for anybody.

    Raises:
        TooLargeError, QuotaError: the file or the tenant's sum passes its limit, found while counting,
            whatever length was announced; nothing is kept.
        StorageError: the store does not take it.
    """
    check_tenant(upload.tenant)
    upload_id = str(uuid4())
    key = upload_key(upload.tenant, upload_id)
    room = _room(database, upload.tenant, limits)
    stored = storage.put_new(key, _counted(upload.chunks, min(limits.file_bytes, room), limits))
    row = {
        "id": upload_id,
        "tenant": upload.tenant,
        "key": key,
        "file_name": _shown(upload.file_name),
        "size": stored.size,
        "sha256": stored.sha256,
    }
    try:
        return _record(database, row, limits)
    except LimitError:
        storage.delete(key)
        raise


@dataclass(frozen=True, kw_only=True)
class NewUpload:
    """A file on its way in."""

    tenant: str
    file_name: str
    chunks: Iterable[bytes]


def upload_of(database: Database, tenant: str, upload_id: str) -> Upload:
    """Give the tenant's upload; NotFoundError when there is none of that id for this tenant."""
    with database.reading_as(tenant) as connection:
        row = connection.execute(
            sa.select(UPLOAD).where(UPLOAD.c.id == upload_id, UPLOAD.c.tenant == tenant)
        ).first()
    if row is None:
        raise NotFoundError("There is no such upload.", hint="Upload the file first; uploads expire.")
    return _upload(row)


def delete_upload(database: Database, storage: Storage, tenant: str, upload_id: str) -> None:
    """Forget an upload and its bytes.

    Raises:
        ConflictError: a job that is not finished works on it.
    """
    with database.writing() as connection:
        query = sa.select(UPLOAD).where(UPLOAD.c.id == upload_id, UPLOAD.c.tenant == tenant)
        row = connection.execute(query.with_for_update()).first()
        if row is None:
            raise NotFoundError("There is no such upload.")
        busy = sa.select(JOB.c.id).where(JOB.c.upload_id == upload_id, JOB.c.state.not_in(FINAL)).limit(1)
        if connection.execute(busy).first() is not None:
            raise ConflictError("A job that is not finished works on this upload.", hint="Cancel it first.")
        connection.execute(UPLOAD.delete().where(UPLOAD.c.id == upload_id))
    # The row goes first: bytes without a row are collected later, a row without bytes would be a lie.
    storage.delete(row.key)


def used_bytes(connection: sa.Connection, tenant: str) -> int:
    """Give how much the tenant's uploads take."""
    query = sa.select(sa.func.coalesce(sa.func.sum(UPLOAD.c.size), 0)).where(UPLOAD.c.tenant == tenant)
    return int(connection.execute(query).scalar_one())


def _room(database: Database, tenant: str, limits: UploadLimits) -> int:
    if limits.tenant_bytes is None:
        return limits.file_bytes
    with database.reading() as connection:
        return limits.tenant_bytes - used_bytes(connection, tenant)


def _counted(chunks: Iterable[bytes], most: int, limits: UploadLimits) -> Iterator[bytes]:
    size = 0
    for chunk in chunks:
        size += len(chunk)
        if size > most:
            raise _too_much(limits, is_file=size > limits.file_bytes)
        yield chunk


def _too_much(limits: UploadLimits, *, is_file: bool) -> LimitError:
    kind: type[LimitError] = TooLargeError if is_file else QuotaError
    limit = limits.file_bytes if is_file else limits.tenant_bytes or 0
    what = "A file may have" if is_file else "Your uploads together may have"
    hint = "Send it in parts, or as Parquet." if is_file else "Delete uploads that are not needed any more."
    return kind(f"{what} at most {limit:,} bytes.", hint=hint, details={"limit_bytes": limit})


def _record(database: Database, row: dict[str, Any], limits: UploadLimits) -> Upload:
    with database.writing() as connection:
        if limits.tenant_bytes is not None:
            if connection.dialect.name == "postgresql":  # two uploads at once must not share the last room
                lock = sa.func.hashtextextended(f"yunque:upload:{row['tenant']}", 0)
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(lock)))
            if used_bytes(connection, row["tenant"]) + row["size"] > limits.tenant_bytes:
                raise _too_much(limits, is_file=False)
        values = row | {"created_at": database.now(connection)}
        return _upload(connection.execute(UPLOAD.insert().values(**values).returning(UPLOAD)).one())


def _shown(file_name: str) -> str:
    name = PurePath(file_name.replace("\\", "/")).name
    return "".join(letter for letter in name if letter.isprintable())[:255] or "upload"


def _upload(row: sa.Row[Any]) -> Upload:
    return Upload(**{name: getattr(row, name) for name in Upload.__dataclass_fields__})
