"""Connections to Postgres: dead lines are noticed, statements are prepared where the server keeps them."""

import math
import time
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import URL

# A server that was cut off says nothing: without these a worker would wait for hours, not for a lease.
_NOTICE_DEAD_LINES = {
    "keepalives": 1,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,  # milliseconds
}
_REST_SECONDS = 1.0
_PREPARE_AFTER = 2  # runs of a statement; parsing and planning a submission takes twice as long as doing it


def open_postgres(url: URL) -> sa.Engine:
    """Give an engine for the Postgres at `url`."""
    engine = sa.create_engine(
        url.set(drivername="postgresql+psycopg"),
        connect_args={"prepare_threshold": None, "connect_timeout": 10, **_NOTICE_DEAD_LINES},
    )

    @sa.event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        if _is_direct(connection):
            connection.prepare_threshold = _PREPARE_AFTER

    @sa.event.listens_for(engine, "checkin")
    def _rest(_connection: Any, record: Any) -> None:
        record.info["rested_since"] = time.monotonic()

    @sa.event.listens_for(engine, "checkout")
    def _wake(connection: Any, record: Any, _proxy: Any) -> None:
        # Asking before every transaction would cost a third of its time; a server that went away while
        # a connection rested is what asking helps against.
        if time.monotonic() - record.info.get("rested_since", math.inf) > _REST_SECONDS:
            try:
                engine.dialect.do_ping(connection)
            except engine.dialect.loaded_dbapi.Error as error:
                raise sa.exc.DisconnectionError from error

    return engine


def _is_direct(connection: Any) -> bool:
    """Tell whether the server's own process is at the other end, or a pooler that may change it any time.

    A pooler makes up the process number that it greets with, since it needs one to cancel by.
    """
    connection.autocommit = True
    try:
        pid = connection.execute("SELECT pg_backend_pid()").fetchone()[0]
    finally:
        connection.autocommit = False
    return bool(pid == connection.info.backend_pid)
