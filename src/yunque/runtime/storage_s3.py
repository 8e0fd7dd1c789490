"""Storage in an S3 bucket (AWS, MinIO, Supabase Storage, ...) through obstore."""

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, BinaryIO
from urllib.parse import parse_qsl, urlsplit

from yunque.errors import ConflictError, NotFoundError, StorageError, UsageError
from yunque.runtime.storage import Entry, Storage, Stored, check_key, check_prefix, stream_of

_OPTIONS = frozenset({"endpoint", "region", "virtual_hosted_style_request", "retry_seconds"})
_PART_BYTES = 8 * 2**20


class S3Storage:
    """Objects in a bucket, below a prefix.

    `put_new` looks first and then writes: two writers of one key at the same moment are told apart only by
    stores that know conditional writes. Nothing here depends on it, because our keys carry the fence.
    """

    def __init__(self, store: Any) -> None:
        self._store = store

    def put_new(self, key: str, chunks: Iterable[bytes]) -> Stored:
        """Write a new object; it appears whole or not at all."""
        import obstore

        if self.exists(key):
            raise ConflictError(f"The stored object {key!r} already exists and is never replaced.")
        source = _Counted(chunks)
        with _telling(key, source):
            obstore.put(self._store, key, iter(source), chunk_size=_PART_BYTES)
        return Stored(size=source.size, sha256=source.digest.hexdigest())

    def open(self, key: str, *, start: int = 0, end: int | None = None) -> BinaryIO:
        """Read the bytes [start, end) of an object as a stream; NotFoundError when there is none."""
        import obstore

        check_key(key)
        if end is not None and end <= start:
            return stream_of(iter(()))
        span = {"offset": start} if end is None else (start, end)
        with _telling(key):
            # Asking for all bytes of an empty object by range is an error on S3.
            whole = end is None and start == 0
            found = obstore.get(self._store, key, options=None if whole else {"range": span})
        return stream_of(_reading(key, found))

    def exists(self, key: str) -> bool:
        """Say whether the key holds an object."""
        import obstore

        try:
            with _telling(check_key(key)):
                obstore.head(self._store, key)
        except NotFoundError:
            return False
        return True

    def delete(self, key: str) -> None:
        """Remove an object; removing what is not there is no error."""
        import obstore

        try:
            with _telling(check_key(key)):
                obstore.delete(self._store, key)
        except NotFoundError:
            return

    def list(self, prefix: str) -> Iterator[Entry]:
        """Give every object in the folder `prefix`, however deep, in the order of keys."""
        import obstore

        folder = check_prefix(prefix)
        with _telling(folder):
            for page in obstore.list(self._store, prefix=folder or None):
                for facts in page:
                    yield Entry(key=facts["path"], size=facts["size"], modified_at=facts["last_modified"])

    def presign(self, key: str, *, expires_seconds: int = 900) -> str | None:
        """Give a URL that reads the object without us for `expires_seconds`."""
        import obstore

        with _telling(check_key(key)):
            return str(obstore.sign(self._store, "GET", key, timedelta(seconds=expires_seconds)))


class _Counted:
    """The chunks as they pass, with their size and digest, and the error of their source if it had one."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = chunks
        self.size = 0
        self.digest = hashlib.sha256()
        self.error: Exception | None = None

    def __iter__(self) -> Iterator[bytes]:
        try:
            for chunk in self._chunks:
                self.size += len(chunk)
                self.digest.update(chunk)
                yield chunk
        except Exception as error:
            self.error = error  # the client library wraps it beyond recognition; our caller wants it back
            raise


def _reading(key: str, found: Any) -> Iterator[bytes]:
    with _telling(key):
        for chunk in found.stream():
            yield bytes(chunk)


@contextmanager
def _telling(key: str, source: _Counted | None = None) -> Iterator[None]:
    from obstore.exceptions import BaseError
    from obstore.exceptions import NotFoundError as Missing

    try:
        yield
    except (Missing, FileNotFoundError) as error:
        raise NotFoundError(f"There is no stored object {key!r}.") from error
    except (BaseError, OSError) as error:
        if source is not None and source.error is not None:
            raise source.error from error
        raise StorageError(
            "The object store did not answer as it should.",
            hint="Check its address, credentials and room; then repeat.",
        ) from error


def open_store(url: str) -> Storage:
    """Open `s3://bucket/prefix?endpoint=…&region=…`; credentials come from the AWS_* environment.

    A request that fails or is answered with 5xx is repeated for `retry_seconds` (60) in all.

    Raises:
        UsageError: no bucket, or an unknown option.
    """
    from obstore.store import S3Store

    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query))
    if not parts.netloc or options.keys() - _OPTIONS:
        raise UsageError(
            "The address of the object store is not complete.",
            hint=f"Use s3://bucket/prefix with the options {', '.join(sorted(_OPTIONS))}.",
        )
    retry_seconds = float(options.pop("retry_seconds", "60"))
    client = {
        "timeout": "120s",
        "connect_timeout": "10s",
        "allow_http": options.get("endpoint", "").startswith("http://"),
    }
    prefix = check_prefix(parts.path.strip("/"))
    config = {"region": "us-east-1", **options}
    retry_config = {"max_retries": 10, "retry_timeout": timedelta(seconds=retry_seconds)}
    settings = {"client_options": client, "retry_config": retry_config, "config": config}
    return S3Storage(S3Store(parts.netloc, prefix=prefix or None, **settings))
