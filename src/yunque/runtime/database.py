"""One database behind one door: SQLite (WAL) embedded, Postgres scaled out, the same code on both."""

import functools
import os
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.engine import URL, make_url

from yunque.errors import StorageError, UsageError
from yunque.runtime.clock import REAL_CLOCK, Clock
from yunque.runtime.postgres import open_postgres

_LOCK_WAIT_SECONDS = 30.0
TENANT_ROLE = "yunque_tenant"  # the Postgres role that row-level security binds

METADATA = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Moment(sa.TypeDecorator[datetime]):
    """A point in time in UTC: `timestamptz` on Postgres, sortable ISO text of fixed width on SQLite."""

    impl = sa.String(27)
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> sa.types.TypeEngine[Any]:
        """Choose the column type of the database at hand."""
        if dialect.name == "postgresql":
            return dialect.type_descriptor(sa.DateTime(timezone=True))
        return dialect.type_descriptor(sa.String(27))

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> Any:
        """Write a moment; one without a time zone is refused."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("A moment needs a time zone.")
        utc = value.astimezone(UTC)
        return utc if dialect.name == "postgresql" else utc.strftime("%Y-%m-%dT%H:%M:%S.%fZ")

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> datetime | None:
        """Read a moment back in UTC."""
        del dialect
        if value is None:
            return None
        if isinstance(value, datetime):
            return value.astimezone(UTC)
        return datetime.fromisoformat(value)


Json = sa.JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")


def open_engine(url: str | URL) -> sa.Engine:
    """Give an engine for `sqlite:///file.db` or `postgresql://…`; other databases are a UsageError.

    SQLite files get WAL, `synchronous=FULL` (NORMAL may lose the last commits on power loss) and a 30 s
    wait for locks. Postgres goes through psycopg; statements are prepared unless a pooler such as Supabase's
    stands in between, which does not keep them.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        return _open_sqlite(parsed)
    if parsed.get_backend_name() in ("postgresql", "postgres"):
        return open_postgres(parsed)
    raise UsageError(
        f"The database kind {parsed.drivername!r} is not supported.",
        hint="Use sqlite:///path/to/file.db or postgresql://user@host/name.",
    )


def _open_sqlite(url: URL) -> sa.Engine:
    in_memory = url.database in (None, "", ":memory:")
    if not in_memory:
        Path(str(url.database)).expanduser().parent.mkdir(parents=True, exist_ok=True)
    # One connection shared by all threads is the only way an in-memory database is one database.
    pool: dict[str, Any] = {"poolclass": sa.pool.StaticPool} if in_memory else {}
    engine = sa.create_engine(
        url.set(drivername="sqlite"),
        connect_args={"timeout": _LOCK_WAIT_SECONDS, "check_same_thread": False},
        **pool,
    )

    @sa.event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # the begin event below says how a transaction starts
        _turn_on_wal(connection)
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA foreign_keys=ON")

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        # A deferred transaction that turns from reading to writing fails at once when another writer
        # was faster, whatever the timeout; taking the write lock first waits instead.
        reads_only = connection.get_execution_options().get("reads_only", False)
        connection.exec_driver_sql("BEGIN" if reads_only else "BEGIN IMMEDIATE")

    return engine


def _turn_on_wal(connection: sqlite3.Connection) -> None:
    # Only the first process on a new file changes anything, but while it does, the others are told
    # "locked" at once: for this one statement SQLite does not wait, so we do.
    deadline = time.monotonic() + _LOCK_WAIT_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)


@contextmanager
def writing(engine: sa.Engine) -> Iterator[sa.Connection]:
    """Open a transaction that may write; commits at the end of the block, rolls back on any error.

    On SQLite it holds the write lock from its start. A database that does not answer is a StorageError;
    a broken constraint stays SQLAlchemy's IntegrityError.
    """
    with _answering(), engine.begin() as connection:
        yield connection


@contextmanager
def at_once(engine: sa.Engine) -> Iterator[sa.Connection]:
    """Open a connection on which, on Postgres, each statement is a transaction of its own.

    That saves the ways there and back of begin and commit. On SQLite, where they cost nothing, it is one.
    """
    if engine.dialect.name == "postgresql":
        engine = engine.execution_options(isolation_level="AUTOCOMMIT")
    with _answering(), engine.begin() as connection:
        yield connection


@contextmanager
def reading(engine: sa.Engine) -> Iterator[sa.Connection]:
    """Open a transaction that only reads: one consistent view that never waits for writers on SQLite."""
    with _answering(), engine.execution_options(reads_only=True).connect() as connection:
        yield connection


def insert_unless_there(connection: sa.Connection, table: sa.Table, values: Mapping[str, Any]) -> bool:
    """Insert a row unless a unique key of it is taken already; say whether it was inserted."""
    statement = _insert_unless_there(table, connection.dialect.name)
    return connection.execute(statement, dict(values)).first() is not None


@functools.cache  # building a statement costs more than running it
def _insert_unless_there(table: sa.Table, dialect: str) -> sa.Executable:
    insert = sqlite_insert if dialect == "sqlite" else postgres_insert
    return insert(table).on_conflict_do_nothing().returning(*table.primary_key)


@contextmanager
def _answering() -> Iterator[None]:
    try:
        yield
    except (sa.exc.OperationalError, sa.exc.InterfaceError, sa.exc.TimeoutError) as error:
        raise StorageError(
            "The database did not answer.", hint="Check that it runs, is reachable and has room; then repeat."
        ) from error


@dataclass(frozen=True, kw_only=True)
class Database:
    """An engine with the clock its rows are stamped by.

    Many hosts on one Postgres share the server's clock (`server_time`); SQLite lives on one machine and
    uses that machine's. Tests pass a clock of their own.
    """

    engine: sa.Engine
    clock: Clock
    server_time: bool

    def writing(self) -> AbstractContextManager[sa.Connection]:
        """Open a transaction that may write (see `writing`)."""
        return writing(self.engine)

    def at_once(self) -> AbstractContextManager[sa.Connection]:
        """Open a connection for one statement that is a transaction by itself (see `at_once`)."""
        return at_once(self.engine)

    def reading(self) -> AbstractContextManager[sa.Connection]:
        """Open a transaction that only reads (see `reading`)."""
        return reading(self.engine)

    @contextmanager
    def reading_as(self, tenant: str | None) -> Iterator[sa.Connection]:
        """Read as one tenant: on Postgres, row-level security hides every other tenant's rows.

        The queries name the tenant as well; this is the second wall. None reads as the service itself.
        """
        with self.reading() as connection:
            if tenant is not None and connection.dialect.name == "postgresql":
                connection.exec_driver_sql(f"SET LOCAL ROLE {TENANT_ROLE}")
                connection.execute(sa.select(sa.func.set_config("app.tenant", tenant, True)))
            yield connection

    def moment(self, after: timedelta = timedelta(0)) -> sa.ColumnElement[datetime]:
        """Give the current moment plus `after` for use inside a statement, on the clock that is shared."""
        if self.server_time:
            return sa.func.clock_timestamp(type_=Moment()) + sa.literal(after, sa.Interval())
        return sa.literal(self.clock.now() + after, Moment())

    def moments(self, **after: timedelta) -> dict[str, Any]:
        """Give the values of the `moment_named` placeholders: each the current moment plus its time."""
        now = None if self.server_time else self.clock.now()
        return {name: wait if now is None else now + wait for name, wait in after.items()}

    def now(self, connection: sa.Connection) -> datetime:
        """Give the current moment on the clock that all users of this database share."""
        if not self.server_time:
            return self.clock.now()
        moment = connection.execute(sa.select(sa.func.clock_timestamp())).scalar_one()
        return moment.astimezone(UTC)  # type: ignore[no-any-return]


def moment_named(name: str, *, server_time: bool) -> sa.ColumnElement[datetime]:
    """Give a moment for a statement that is built once and run often; `Database.moments` gives its value."""
    if server_time:
        return sa.func.clock_timestamp(type_=Moment()) + sa.bindparam(name, type_=sa.Interval())
    return sa.bindparam(name, type_=Moment())


def open_database(url: str | URL, *, clock: Clock | None = None) -> Database:
    """Open the database at `url`; without `clock`, Postgres tells the time itself."""
    engine = open_engine(url)
    server_time = clock is None and engine.dialect.name == "postgresql"
    return Database(engine=engine, clock=clock or REAL_CLOCK, server_time=server_time)


def sqlite_url(path: str | os.PathLike[str]) -> str:
    """Give the URL of the SQLite database in the file `path`."""
    return f"sqlite:///{Path(path)}"
