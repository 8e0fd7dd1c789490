"""The database's numbered revisions, applied when the platform starts."""

from pathlib import Path

import sqlalchemy as sa

from yunque.errors import StorageError
from yunque.runtime.database import METADATA, reading, writing

_FOLDER = Path(__file__).parent
_LOCK = 7_264_913_005  # any constant: the advisory lock that lets one process migrate at a time


def newest_revision() -> str:
    """Give the number of the newest revision in this package, for example "0003"."""
    return max(path.name[1:5] for path in (_FOLDER / "versions").glob("r[0-9][0-9][0-9][0-9]_*.py"))


def current_revision(engine: sa.Engine) -> str | None:
    """Give the revision the database is at; None for an empty database."""
    with reading(engine) as connection:
        return _current(connection)


def upgrade(engine: sa.Engine) -> str:
    """Bring the database to the newest revision, in one transaction, and give that revision.

    Safe to call from many processes at once: one migrates, the others wait and find nothing to do.

    Raises:
        StorageError: the database was written by a newer release than this one.
    """
    newest = newest_revision()
    if current_revision(engine) == newest:
        return newest
    with writing(engine) as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
        current = _current(connection)
        if current is not None and current > newest:
            raise StorageError(
                f"The database is at revision {current}, this release knows revisions up to {newest}.",
                hint="Use the release that wrote the database, or a newer one.",
            )
        if current != newest:
            _apply(connection)
    return newest


def _current(connection: sa.Connection) -> str | None:
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    found = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    return None if found is None else str(found)


def _apply(connection: sa.Connection) -> None:
    # Alembic takes a moment to import and is needed only when something is to be done.
    from alembic import command
    from alembic.config import Config

    config = Config(attributes={"connection": connection, "metadata": METADATA})
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    command.upgrade(config, "head")
