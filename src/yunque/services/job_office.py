"""What every use case of jobs needs in one value, and how files come to jobs."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path, PurePath

import sqlalchemy as sa

from yunque.errors import NotFoundError
from yunque.models.registry import Registry
from yunque.runtime.database import Database
from yunque.runtime.jobs.queue import Queue
from yunque.runtime.jobs.tables import UPLOAD
from yunque.runtime.jobs.uploads import NewUpload, Upload, UploadLimits, delete_upload, receive, upload_of
from yunque.runtime.jobs.webhook import Rules
from yunque.runtime.storage import Storage, chunks_of
from yunque.services.data_folder import open_table, parts_of

LOCAL = "local"


@dataclass(frozen=True, kw_only=True)
class Office:
    """What taking, showing and steering jobs needs; the worker's side is another value.

    Attributes:
        queue: the job table with the kinds known here.
        storage: uploads, results and logs.
        registry: models that jobs name.
        limits: how much may be uploaded.
        data_folder: where tables named by path lie.
        wake: tells a broker that a job waits; without one, workers look for themselves.
        rules: where webhooks may go.
    """

    queue: Queue
    storage: Storage
    registry: Registry
    limits: UploadLimits = field(default_factory=UploadLimits)
    data_folder: Path
    wake: Callable[[str], object] | None = None
    rules: Rules = field(default_factory=Rules)

    @property
    def database(self) -> Database:
        """The database of the job table."""
        return self.queue.database


def take_upload(office: Office, tenant: str, file_name: str, chunks: Iterable[bytes]) -> Upload:
    """Store a file as it streams in, counted and hashed.

    Raises:
        TooLargeError: it is larger than one file may be.
        QuotaError: the tenant's uploads would take too much.
    """
    new = NewUpload(tenant=tenant, file_name=file_name, chunks=chunks)
    return receive(office.database, office.storage, new, office.limits)


def find_upload(office: Office, tenant: str, upload_id: str) -> Upload:
    """Give the tenant's upload; NotFoundError when there is none."""
    return upload_of(office.database, tenant, upload_id)


def drop_upload(office: Office, tenant: str, upload_id: str) -> None:
    """Forget an upload; ConflictError while an unfinished job needs it."""
    delete_upload(office.database, office.storage, tenant, upload_id)


def take_path(office: Office, tenant: str, path: str) -> Upload:
    """Give an upload with what the data folder holds at `path` now, so that a job's table never changes.

    The same content under the same name is kept once: asking again gives the same upload.

    Raises:
        PathError: the path may not be used.
        NotFoundError: there is no such file.
        TooLargeError, QuotaError: as for any upload.
    """
    name = PurePath(parts_of(path)[-1]).name
    with open_table(office.data_folder, path) as file:
        return take_once(office, tenant, name, chunks_of(file))


def take_once(office: Office, tenant: str, file_name: str, chunks: Iterable[bytes]) -> Upload:
    """Store a file as `take_upload` does, or give the upload that holds the same under the same name."""
    taken = take_upload(office, tenant, file_name, chunks)
    first = _first_of(office.database, taken)
    if first.id != taken.id:
        delete_upload(office.database, office.storage, tenant, taken.id)
    return first


def named_upload(office: Office, tenant: str, reference: str) -> Upload:
    """Give what a request's `input_csv_path` means: an upload's id, or a path below the data folder.

    Raises:
        PathError, NotFoundError: it means nothing here.
    """
    word = reference.removeprefix("upload:")
    try:
        return upload_of(office.database, tenant, word)
    except NotFoundError:
        if word != reference or _looks_like_id(word):
            raise
    return take_path(office, tenant, reference)


def _looks_like_id(word: str) -> bool:
    return len(word) == 36 and word.count("-") == 4 and "/" not in word and "." not in word


def _first_of(database: Database, taken: Upload) -> Upload:
    """Give the oldest upload of the tenant with the same name and content."""
    query = (
        sa.select(UPLOAD)
        .where(
            UPLOAD.c.tenant == taken.tenant,
            UPLOAD.c.sha256 == taken.sha256,
            UPLOAD.c.size == taken.size,
            UPLOAD.c.file_name == taken.file_name,
        )
        .order_by(UPLOAD.c.created_at, UPLOAD.c.id)
        .limit(1)
    )
    with database.reading_as(taken.tenant) as connection:
        row = connection.execute(query).first()
    if row is None:
        return taken
    return Upload(**{name: getattr(row, name) for name in Upload.__dataclass_fields__})
