"""Structured logs: one JSON object a line, each with the request it belongs to."""

import json
import logging
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from logging.handlers import WatchedFileHandler
from pathlib import Path
from typing import Any, TextIO
from uuid import uuid4

from yunque.errors import StorageError

_CONTEXT: ContextVar[Mapping[str, Any] | None] = ContextVar("yunque_log_context", default=None)

# What every LogRecord carries; anything else was passed as `extra=` and belongs in the line.
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


def new_request_id() -> str:
    """Give a fresh id for one request, safe to show to its sender."""
    return uuid4().hex


def log_context() -> dict[str, Any]:
    """Give the facts bound by the enclosing `log_scope`s, for example {"request_id": ...}."""
    return dict(_CONTEXT.get() or {})


@contextmanager
def log_scope(**facts: Any) -> Iterator[None]:
    """Add `facts` (request_id, job_id, tenant, ...) to every line logged inside the block."""
    token = _CONTEXT.set({**log_context(), **facts})
    try:
        yield
    finally:
        _CONTEXT.reset(token)


class JsonFormatter(logging.Formatter):
    """Render a record as one line of JSON with time, level, logger, message, context and extras."""

    def format(self, record: logging.LogRecord) -> str:
        """Give the line; values JSON cannot hold are shown as text, never dropped."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        line.update(getattr(record, "log_context", None) or log_context())
        line.update(
            {key: value for key, value in vars(record).items() if key not in _STANDARD | {"log_context"}}
        )
        if record.exc_info and record.exc_info[0] is not None:
            line["error"] = record.exc_info[0].__name__
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


def configure_logs(*, level: str = "INFO", stream: TextIO | None = None) -> logging.Handler:
    """Send the `yunque` loggers to `stream` (standard error) as JSON lines; the last call wins."""
    logger = logging.getLogger("yunque")
    for handler in [found for found in logger.handlers if isinstance(found.formatter, JsonFormatter)]:
        if not isinstance(handler, WatchedFileHandler):
            logger.removeHandler(handler)
    added = logging.StreamHandler(stream or sys.stderr)
    added.setFormatter(JsonFormatter())
    logger.addHandler(added)
    logger.setLevel(level.upper())
    logger.propagate = False
    return added


def log_to_file(path: Path, *, level: str = "INFO") -> None:
    """Append the lines of the `yunque` loggers to a file as well; asking twice adds it once.

    A file that was moved away, as rotation does, is opened anew.

    Raises:
        StorageError: it cannot be written.
    """
    logger = logging.getLogger("yunque")
    wanted = str(path.absolute())
    if any(
        isinstance(found, WatchedFileHandler) and found.baseFilename == wanted for found in logger.handlers
    ):
        return
    try:
        path.absolute().parent.mkdir(parents=True, exist_ok=True)
        added = WatchedFileHandler(path, encoding="utf-8")
    except OSError as error:
        raise StorageError(
            f"The log file {path.name!r} cannot be written: {error.strerror}.",
            hint="Set YUNQUE_LOG_FILE to a file you may write, or leave it empty.",
        ) from error
    added.setFormatter(JsonFormatter())
    logger.addHandler(added)
    if logger.level == logging.NOTSET or logger.level > logging.getLevelName(level):
        logger.setLevel(level)
